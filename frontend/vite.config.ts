import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const SERVER = "http://127.0.0.1:8000";

/** KaTeX names three formats of each font; every browser that runs this page reads woff2. */
const onlyWoff2: Plugin = {
  name: "only-woff2",
  enforce: "pre",
  transform(code, id) {
    if (!/katex[^/]*\.css$/.test(id.split("?")[0] ?? "")) return null;
    return code.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\(["'][^"']*["']\)/g, "");
  },
};

/** While developing, the shell comes from the Python server and the modules come from vite. */
const developmentShell: Plugin = {
  name: "development-shell",
  configureServer(server) {
    server.middlewares.use(async (request, response, next) => {
      const isPage = (request.headers.accept ?? "").includes("text/html");
      if (!isPage || request.url?.startsWith("/static/")) return next();
      const page = await fetch(SERVER + request.url, { headers: { accept: "text/html" } });
      const html = (await page.text())
        .replace(/<link rel="stylesheet"[^>]*>/g, "")
        .replace(
          /<script type="module"[^>]*>/,
          '<script type="module" src="/static/src/main.tsx">',
        );
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end(html);
    });
  },
};

export default defineConfig({
  base: "/static/",
  plugins: [onlyWoff2, developmentShell],
  build: {
    outDir: "../backend/unrolled/static",
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0,
    target: "es2022",
    rolldownOptions: { input: "src/main.tsx" },
  },
  server: { proxy: { "/v1": SERVER, "/healthz": SERVER } },
  test: { include: ["tests/**/*.test.{ts,tsx}"], environment: "node" },
});
