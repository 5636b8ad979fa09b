/**
 * Names as runs of text: the few LaTeX forms in which the service writes a name, read so that the drawing
 * can set them without a typesetter. Widths are estimates in em; they reserve room, they do not place glyphs.
 */

export type Face = "italic" | "bold-italic" | "bold" | "roman";
export type Level = "base" | "subscript" | "superscript";

export interface Run {
  text: string;
  face: Face;
  level: Level;
  accent?: "hat" | "tilde" | "bar";
}

const GREEK: Record<string, string> = {
  alpha: "α", beta: "β", gamma: "γ", delta: "δ", epsilon: "ϵ", varepsilon: "ε", zeta: "ζ", eta: "η",
  theta: "θ", iota: "ι", kappa: "κ", lambda: "λ", mu: "μ", nu: "ν", xi: "ξ", pi: "π", rho: "ρ",
  sigma: "σ", varsigma: "ς", tau: "τ", upsilon: "υ", phi: "ϕ", varphi: "φ", chi: "χ", psi: "ψ",
  omega: "ω", Gamma: "Γ", Delta: "Δ", Theta: "Θ", Lambda: "Λ", Xi: "Ξ", Pi: "Π", Sigma: "Σ",
  Upsilon: "Υ", Phi: "Φ", Psi: "Ψ", Omega: "Ω", ell: "ℓ",
}; // biome-ignore format: an alphabet

const FACES: Record<string, Face> = {
  boldsymbol: "bold-italic",
  mathbf: "bold",
  mathrm: "roman",
  text: "roman",
};

const ACCENTS = new Set(["hat", "tilde", "bar"]);

function closing(source: string, open: number): number {
  let depth = 0;
  for (let index = open; index < source.length; index++) {
    if (source[index] === "{") depth++;
    if (source[index] === "}" && --depth === 0) return index;
  }
  return source.length;
}

/** Reads `\boldsymbol{h}_{f}`, `\mathbf{gate}`, `\hat{\boldsymbol{y}}`, `\alpha_{1}` and plain letters. */
export function runsOfLatex(latex: string, face: Face = "italic", level: Level = "base"): Run[] {
  const runs: Run[] = [];
  const push = (text: string, own: Face = face): void => {
    const last = runs.at(-1);
    if (last && last.face === own && last.level === level && !last.accent) last.text += text;
    else runs.push({ text, face: own, level });
  };
  for (let index = 0; index < latex.length; ) {
    const character = latex[index] ?? "";
    if (character === "\\") {
      const command = /^\\([a-zA-Z]+)\s*/.exec(latex.slice(index));
      if (!command) {
        index += 2;
        continue;
      }
      const name = command[1] ?? "";
      index += command[0].length;
      const isGroup = latex[index] === "{" && (name in FACES || ACCENTS.has(name));
      if (isGroup) {
        const end = closing(latex, index);
        const inner = runsOfLatex(latex.slice(index + 1, end), FACES[name] ?? face, level);
        const first = inner[0];
        if (first && ACCENTS.has(name)) first.accent = name as "hat" | "tilde" | "bar";
        runs.push(...inner);
        index = end + 1;
      } else {
        push(GREEK[name] ?? name);
      }
    } else if (character === "_" || character === "^") {
      const own: Level = character === "_" ? "subscript" : "superscript";
      const isGroup = latex[index + 1] === "{";
      const end = isGroup ? closing(latex, index + 1) : index + 2;
      const inner = latex.slice(index + (isGroup ? 2 : 1), end);
      runs.push(...runsOfLatex(inner, "italic", level === "base" ? own : level));
      index = isGroup ? end + 1 : end;
    } else {
      if (character !== "{" && character !== "}" && character !== " ") {
        push(character, /[0-9,()+\-−]/.test(character) ? "roman" : face);
      }
      index++;
    }
  }
  return runs;
}

/** The same name at one index: h becomes h with a raised (3). */
export function runsAt(runs: readonly Run[], index: string): Run[] {
  const parts = index.split(/([A-Za-zτ]+)/).filter((part) => part !== "");
  return [
    ...runs,
    { text: "(", face: "roman", level: "superscript" },
    ...parts.map(
      (text): Run => ({
        text,
        face: /^[A-Za-zτ]$/.test(text) ? "italic" : "roman",
        level: "superscript",
      }),
    ),
    { text: ")", face: "roman", level: "superscript" },
  ];
}

/** Subscripts and superscripts are set at this share of the size. */
export const SCRIPT = 0.72;

const NARROW = /[()[\]fijlrtI.,|]/;
const WIDE = /[A-Zmw∇]/;

/** Estimated width at size 1; a subscript and the superscript after it stand above one another. */
export function widthOfRuns(runs: readonly Run[]): number {
  let base = 0;
  const script = { subscript: 0, superscript: 0 };
  for (const run of runs) {
    let width = 0;
    for (const character of run.text) {
      const code = character.codePointAt(0) ?? 0;
      if (code > 0x2e80) width += 1;
      else if (NARROW.test(character)) width += 0.42;
      else width += WIDE.test(character) ? 0.86 : 0.58;
    }
    if (run.level === "base") base += width;
    else script[run.level] += width * SCRIPT;
  }
  return base + Math.max(script.subscript, script.superscript);
}

/** The name as plain text, for titles and for readers who listen. */
export function textOfRuns(runs: readonly Run[]): string {
  let text = "";
  let level: Level = "base";
  for (const run of runs) {
    if (run.level === "subscript" && level !== "subscript") text += "_";
    text += run.text;
    level = run.level;
  }
  return text;
}
