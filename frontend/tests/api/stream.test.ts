import { afterEach, expect, test, vi } from "vitest";
import type { Frame } from "../../src/api/frames.ts";
import { Problem, Unreachable } from "../../src/api/problems.ts";
import { streamRun } from "../../src/api/stream.ts";
import type { RunRequest } from "../../src/api/wire.ts";
import { chunk, frame, joined } from "../chunks.ts";

const REQUEST: RunRequest = {
  architecture: "lstm",
  sizes: {},
  lengths: {},
  parameters: { seed: 0 },
  settings: {},
  inputs: { x: { text: "hello" } },
  forcing: 1,
};
const START = {
  event: "start",
  lengths: { time: 5 },
  shapes: { h: [1] },
  symbols: {},
} as unknown as Frame;
const END = { event: "end", steps: 5, values: { loss: 1 } } as unknown as Frame;

function pass(name: string, from: number, to: number) {
  const numbers = Array.from({ length: to - from + 1 }, (_, i) => [from + i]);
  return chunk("steps", from, to, { [name]: numbers });
}

function steps(from: number, to: number) {
  return pass("h", from, to);
}

/** Answers the n-th request with the n-th list of events; records what was asked. */
function serve(...answers: (Frame[] | Response | Error)[]): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (path: string) => {
    const answer = answers[asked.length];
    asked.push(path);
    if (answer instanceof Error) return Promise.reject(answer);
    if (answer instanceof Response) return Promise.resolve(answer);
    return Promise.resolve(new Response(joined((answer ?? []).map(frame))));
  });
  return asked;
}

async function follow() {
  const seen: number[] = [];
  let starts = 0;
  let ended = false;
  await streamRun(
    REQUEST,
    {
      onStart: () => starts++,
      onSteps: (event) => {
        seen.push(...(event.values.h ?? []));
      },
      onEnd: () => {
        ended = true;
      },
    },
    { language: "en" },
    0,
  );
  return { seen, starts, ended };
}

afterEach(() => vi.unstubAllGlobals());

test("a whole stream is delivered once, in order", async () => {
  const asked = serve([START, steps(1, 1), steps(2, 3), steps(4, 5), END]);
  expect(await follow()).toEqual({ seen: [1, 2, 3, 4, 5], starts: 1, ended: true });
  expect(asked).toEqual(["/v1/runs/frames"]);
});

test("a stream cut after a chunk is resumed at the next step", async () => {
  const asked = serve([START, steps(1, 1), steps(2, 3)], [START, steps(4, 5), END]);
  expect(await follow()).toEqual({ seen: [1, 2, 3, 4, 5], starts: 1, ended: true });
  expect(asked).toEqual(["/v1/runs/frames", "/v1/runs/frames?start=4"]);
});

test("steps that come twice are delivered once", async () => {
  serve([START, steps(1, 3)], [START, steps(2, 5), END]);
  expect((await follow()).seen).toEqual([1, 2, 3, 4, 5]);
});

test("a stream cut before any step, or by a lost connection, is asked for again", async () => {
  const asked = serve([START], new TypeError("network"), [START, steps(1, 5), END]);
  expect(await follow()).toEqual({ seen: [1, 2, 3, 4, 5], starts: 1, ended: true });
  expect(asked.length).toBe(3);
});

test("an error event ends the run with its problem", async () => {
  const problem = { type: "t", title: "Too expensive", status: 422, detail: "no", errors: [] };
  serve([START, steps(1, 1), { event: "error", problem }]);
  await expect(follow()).rejects.toThrow(Problem);
});

test("a refused request becomes a problem that keeps its places and cures", async () => {
  const errors = [{ code: "unknown-symbol", pointer: "/inputs/x", detail: "“!”", hint: "drop it" }];
  const body = JSON.stringify({ type: "t", title: "No", status: 422, detail: "d", errors });
  const headers = { "content-type": "application/problem+json" };
  serve(new Response(body, { status: 422, headers }));
  await expect(follow()).rejects.toMatchObject({ status: 422, errors });
});

function busy(): Response {
  const headers = { "content-type": "application/problem+json", "retry-after": "2" };
  return new Response(JSON.stringify({ title: "Busy", status: 503, detail: "later" }), {
    status: 503,
    headers,
  });
}

test("a busy service is asked again after the seconds it says, four times at most", async () => {
  vi.useFakeTimers();
  const asked = serve(busy(), busy(), [START, steps(1, 5), END]);
  const done = follow();
  await vi.advanceTimersByTimeAsync(1_999);
  expect(asked.length).toBe(1);
  await vi.advanceTimersByTimeAsync(2_001);
  expect(asked.length).toBe(3);
  await vi.runAllTimersAsync();
  expect((await done).ended).toBe(true);
  const refused = serve(busy(), busy(), busy(), busy(), [START, END]);
  const failed = expect(follow()).rejects.toMatchObject({ status: 503 });
  await vi.runAllTimersAsync();
  await failed;
  expect(refused.length).toBe(4);
  vi.useRealTimers();
});

test("a server that stops in the middle is followed by another", async () => {
  const problem = { type: "t", title: "Stopping", status: 503, detail: "later", errors: [] };
  const asked = serve([START, steps(1, 2), { event: "error", problem }], [START, steps(3, 5), END]);
  expect(await follow()).toEqual({ seen: [1, 2, 3, 4, 5], starts: 1, ended: true });
  expect(asked).toEqual(["/v1/runs/frames", "/v1/runs/frames?start=3"]);
});

test("no server at all is an Unreachable, at once", async () => {
  const asked = serve(new TypeError("refused"));
  await expect(follow()).rejects.toThrow(Unreachable);
  expect(asked.length).toBe(1);
});

test("a second pass over the same steps is delivered, backward ones too, and survives a cut", async () => {
  const whole = [
    pass("h", 1, 2),
    pass("h", 3, 5),
    pass("g", 5, 5),
    pass("g", 3, 4),
    pass("g", 1, 2),
    pass("o", 1, 5),
  ];
  const asked = serve([START, ...whole.slice(0, 4)], [START, ...whole.slice(2), END]);
  const seen: string[] = [];
  await streamRun(
    REQUEST,
    {
      onStart: () => {},
      onSteps: (event) => {
        for (const [name, steps] of Object.entries(event.values))
          for (const step of steps) seen.push(`${name}${step}`);
      },
      onEnd: () => seen.push("end"),
    },
    { language: "en" },
    0,
  );
  expect(asked).toEqual(["/v1/runs/frames", "/v1/runs/frames?start=6"]);
  expect(seen.join(" ")).toBe("h1 h2 h3 h4 h5 g5 g3 g4 g1 g2 o1 o2 o3 o4 o5 end");
});
