/** The text of equations, cut into pieces that can be coloured and underlined. Pure. */
import type { ProblemEntry } from "../api/wire.ts";

export type PieceKind = "name" | "number" | "comment" | "space" | "sign";

export interface Piece {
  text: string;
  kind: PieceKind;
  isFault: boolean;
}

/** Columns are 1-based and count characters (code points), the end exclusive, as on the wire. */
export interface Span {
  from: number;
  to: number;
}

const TOKEN =
  /(?<comment>#.*)|(?<name>[\p{L}_][\p{L}\p{M}\p{N}_]*)|(?<number>\d[\d.]*(?:e[+-]?\d+)?)|(?<space>\s+)|(?<sign>.)/gu;
const KINDS: readonly PieceKind[] = ["comment", "name", "number", "space", "sign"];

/** One line as pieces; a fault beyond the end of the line becomes one blank piece there. */
export function pieces(line: string, faults: readonly Span[]): Piece[] {
  const result: Piece[] = [];
  let column = 1;
  for (const match of line.matchAll(TOKEN)) {
    const kind = KINDS.find((each) => match.groups?.[each] !== undefined) ?? "sign";
    let piece: Piece = { text: "", kind, isFault: false };
    let isFirst = true;
    for (const character of match[0]) {
      const isFault = faults.some((span) => column >= span.from && column < span.to);
      if (!isFirst && piece.isFault === isFault) piece.text += character;
      else {
        piece = { text: character, kind, isFault };
        result.push(piece);
        isFirst = false;
      }
      column++;
    }
  }
  if (faults.some((span) => span.from >= column))
    result.push({ text: " ", kind: "space", isFault: true });
  return result;
}

/** The part of a fault that lies on a line, at least one character wide; null when none does. */
export function spanOn(fault: ProblemEntry, line: number): Span | null {
  const first = fault.line ?? null;
  if (first === null) return null;
  const last = Math.max(fault.end_line ?? first, first);
  if (line < first || line > last) return null;
  const from = line === first ? (fault.column ?? 1) : 1;
  const end = line === last ? (fault.end_column ?? from + 1) : Number.POSITIVE_INFINITY;
  return { from, to: Math.max(end, from + 1) };
}

/** Where a fault stands, counted in characters of the whole text; null if it names no line. */
export function selectionOf(
  text: string,
  fault: ProblemEntry,
): { from: number; to: number } | null {
  const number = fault.line ?? 0;
  const span = spanOn(fault, number);
  if (!span) return null;
  const lines = text.split("\n");
  const start = lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0);
  const length = lines[number - 1]?.length ?? 0;
  return {
    from: start + Math.min(span.from - 1, length),
    to: start + Math.min(span.to - 1, length),
  };
}

export interface Edit {
  text: string;
  from: number;
  to: number; // the selection afterwards
}

const INDENT = "    ";

/** Tab: indents the caret, or every line of the selection; with Shift, takes an indent away. */
export function indent(text: string, from: number, to: number, isBack: boolean): Edit {
  if (from === to && !isBack) {
    return { text: text.slice(0, from) + INDENT + text.slice(to), from: from + 4, to: from + 4 };
  }
  const start = text.lastIndexOf("\n", from - 1) + 1;
  const lines = text.slice(start, to).split("\n");
  const changed = lines.map((line) => (isBack ? line.replace(/^ {1,4}/, "") : INDENT + line));
  const body = changed.join("\n");
  const first = (changed[0]?.length ?? 0) - (lines[0]?.length ?? 0);
  return {
    text: text.slice(0, start) + body + text.slice(to),
    from: Math.max(start, from + first),
    to: start + body.length,
  };
}

/** Enter: the new line stands where the old one did, one deeper after a colon. */
export function breakLine(text: string, from: number, to: number): Edit {
  const start = text.lastIndexOf("\n", from - 1) + 1;
  const line = text.slice(start, from);
  const depth = /^ */.exec(line)?.[0] ?? "";
  const inset = `\n${depth}${/:\s*(?:#.*)?$/.test(line) ? INDENT : ""}`;
  const at = from + inset.length;
  return { text: text.slice(0, from) + inset + text.slice(to), from: at, to: at };
}

/** Where the caret belongs after a text was exchanged: behind what differs. */
export function caretAfter(before: string, after: string): number {
  let tail = 0;
  const most = Math.min(before.length, after.length);
  while (tail < most && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  let head = 0;
  while (head < most && before[head] === after[head]) head++;
  return Math.max(head, after.length - tail);
}
