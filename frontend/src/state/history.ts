/** Undo and redo of a text: typing in one go is one step. Pure; the clock is an argument. */

export interface History {
  past: string[];
  present: string;
  future: string[];
  touched: number; // when the present last changed by typing, in milliseconds
}

const ONE_GO = 700; // milliseconds between keystrokes that still belong together
const LIMIT = 200;

export function begin(text: string): History {
  return { past: [], present: text, future: [], touched: Number.NEGATIVE_INFINITY };
}

/** Takes a new text; `isTyping` lets it join the step before when that was moments ago. */
export function change(history: History, text: string, now: number, isTyping: boolean): History {
  if (text === history.present) return history;
  const joins = isTyping && now - history.touched < ONE_GO && history.past.length > 0;
  const past = joins ? history.past : [...history.past, history.present].slice(-LIMIT);
  return { past, present: text, future: [], touched: isTyping ? now : Number.NEGATIVE_INFINITY };
}

export function undo(history: History): History {
  const previous = history.past.at(-1);
  if (previous === undefined) return history;
  return {
    past: history.past.slice(0, -1),
    present: previous,
    future: [history.present, ...history.future],
    touched: Number.NEGATIVE_INFINITY,
  };
}

export function redo(history: History): History {
  const [next, ...future] = history.future;
  if (next === undefined) return history;
  return {
    past: [...history.past, history.present],
    present: next,
    future,
    touched: Number.NEGATIVE_INFINITY,
  };
}
