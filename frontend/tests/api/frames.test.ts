import { expect, test } from "vitest";
import { type Frame, readFrames } from "../../src/api/frames.ts";
import { chunk, frame, joined } from "../chunks.ts";

function streamOf(chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

async function collect(chunks: Uint8Array[]): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const one of readFrames(streamOf(chunks))) frames.push(one);
  return frames;
}

const START = { event: "start", symbols: { x: ["长", "é", "𝛼"] } } as unknown as Frame;
const END = { event: "end", steps: 2 } as unknown as Frame;
// Bytes of 10 among the numbers are no line feeds: 1.4e-44 is the float32 whose lowest byte is 10.
const STEPS = chunk("steps", 1, 2, {
  h: [
    [1.4e-44, 2],
    [Number.NaN, Number.POSITIVE_INFINITY],
  ],
  L: [0.5, -0.25],
});
const FRAMES = [START, STEPS, END];
const BYTES = joined(FRAMES.map(frame));

test("frames survive every way of cutting their bytes in two", async () => {
  for (let cut = 0; cut <= BYTES.length; cut++) {
    expect(await collect([BYTES.slice(0, cut), BYTES.slice(cut)])).toEqual(FRAMES);
  }
});

test("frames survive arriving byte by byte", async () => {
  expect(await collect([...BYTES].map((byte) => Uint8Array.of(byte)))).toEqual(FRAMES);
});

test("of a stream that was cut the whole frames are kept, wherever the cut is", async () => {
  const ends = FRAMES.map((_, i) => joined(FRAMES.slice(0, i + 1).map(frame)).length);
  for (let cut = 0; cut < BYTES.length - 1; cut++) {
    const whole = ends.filter((end) => end <= cut || (end === cut + 1 && end === ends[0])).length;
    expect(await collect([BYTES.slice(0, cut)]), `cut at ${cut}`).toEqual(FRAMES.slice(0, whole));
  }
});

test("a last line without a line feed counts when it is whole", async () => {
  expect(await collect([BYTES.slice(0, -1)])).toEqual(FRAMES);
});

test("what JSON cannot hold is read from its exact bytes", async () => {
  const line = (event: object) => new TextEncoder().encode(`${JSON.stringify(event)}\n`);
  const exact = { loss: "AACAfw==", "s[0]": "AACA/wAAwH8=" }; // 0x7f800000; 0xff800000, 0x7fc00000
  const start = { event: "start", boundary: { s: { "0": [null, null] } }, values: { loss: null } };
  const [told] = await collect([line({ ...start, exact })]);
  expect(told).toEqual({
    event: "start",
    boundary: { s: { "0": [Number.NEGATIVE_INFINITY, Number.NaN] } },
    values: { loss: [Number.POSITIVE_INFINITY] },
  });
});

test("blank lines are keep-alives, not frames", async () => {
  const blank = new TextEncoder().encode("\n \n");
  expect(await collect([blank, frame(START), blank, frame(END), blank])).toEqual([START, END]);
});

test("a chunk has no bytes of its neighbours", async () => {
  const [, first, second] = await collect([joined([frame(START), frame(STEPS), frame(STEPS)])]);
  expect(first).toEqual(STEPS);
  expect(second).toEqual(STEPS);
});
