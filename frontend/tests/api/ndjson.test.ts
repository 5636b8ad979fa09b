import { expect, test } from "vitest";
import { readLines } from "../../src/api/ndjson.ts";

function streamOf(chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

async function collect(chunks: Uint8Array[]): Promise<unknown[]> {
  const lines: unknown[] = [];
  for await (const line of readLines(streamOf(chunks))) lines.push(line);
  return lines;
}

const LINES = [
  { event: "start", symbols: ["长", "é", "𝛼"] },
  { event: "end", steps: 2 },
];
const BYTES = new TextEncoder().encode(LINES.map((line) => `${JSON.stringify(line)}\n`).join(""));

test("lines survive every way of cutting their bytes in two", async () => {
  for (let cut = 0; cut <= BYTES.length; cut++) {
    expect(await collect([BYTES.slice(0, cut), BYTES.slice(cut)])).toEqual(LINES);
  }
});

test("lines survive arriving byte by byte", async () => {
  expect(await collect([...BYTES].map((byte) => Uint8Array.of(byte)))).toEqual(LINES);
});

test("a last line without a newline counts when it is whole and is dropped when it is cut", async () => {
  expect(await collect([BYTES.slice(0, -1)])).toEqual(LINES);
  expect(await collect([BYTES.slice(0, -3)])).toEqual(LINES.slice(0, 1));
});

test("blank lines are keep-alives, not values", async () => {
  expect(await collect([new TextEncoder().encode('\n\n{"a":1}\n\n')])).toEqual([{ a: 1 }]);
});
