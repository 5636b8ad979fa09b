// Reads a JSON list of LaTeX from stdin, writes the list of what KaTeX says against each ("" where nothing).
const path = require("node:path");
const katex = require(path.join(process.argv[2], "node_modules", "katex"));

const allowed = ({ command }) => command === "\\htmlData";
const read = (latex) => {
  try {
    katex.renderToString(latex, {
      throwOnError: true,
      trust: allowed,
      strict: (code) => (code === "htmlExtension" ? "ignore" : "error"),
    });
    return "";
  } catch (error) {
    return String(error.message);
  }
};

const chunks = [];
process.stdin.on("data", (chunk) => chunks.push(chunk));
process.stdin.on("end", () => {
  const formulas = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  process.stdout.write(JSON.stringify(formulas.map(read)));
});
