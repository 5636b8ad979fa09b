/** A hold: a variable fixed at a value over some steps and units, and how an address writes it. Pure. */

export interface Clamp {
  variable: string;
  value: number;
  /** First and last step, from 1; left out for all. */
  steps?: [number, number];
  /** From 0; left out for all. */
  units?: number[];
}

/** "f:1" is all of f at all steps; "f:1:3-6:0.2" units 0 and 2 at steps 3 to 6. */
export function writeClamps(clamps: readonly Clamp[]): string {
  return clamps
    .map(({ variable, value, steps, units }) => {
      const parts = [variable, String(value), steps?.join("-") ?? "", units?.join(".") ?? ""];
      return parts.join(":").replace(/:+$/, "");
    })
    .join(",");
}

/** What cannot be read is left out. */
export function readClamps(text: string): Clamp[] {
  return text.split(",").flatMap((each): Clamp[] => {
    const [variable, value, steps = "", units = ""] = each.trim().split(":");
    if (!variable || !value || !Number.isFinite(Number(value))) return [];
    const span = /^(\d+)-(\d+)$/.exec(steps);
    const listed = units.split(".").filter((unit) => /^\d+$/.test(unit));
    return [
      {
        variable,
        value: Number(value),
        ...(span ? { steps: [Number(span[1]), Number(span[2])] as [number, number] } : {}),
        ...(listed.length > 0 ? { units: listed.map(Number) } : {}),
      },
    ];
  });
}

/** The same variable, steps and units: a later one takes the place of an earlier. */
export function isSamePlace(one: Clamp, other: Clamp): boolean {
  const place = ({ variable, steps, units }: Clamp) => JSON.stringify([variable, steps, units]);
  return place(one) === place(other);
}

/** What is held whole, of the variables that a text has an equation for. */
export function heldIn(text: string, clamps: readonly Clamp[]): string[] {
  const lines = text
    .split("\n")
    .map((line) => /^\s*([\p{L}_][\p{L}\p{N}_]*)\s*(\[|=(?!=))/u.exec(line));
  const defined = new Set(lines.map((found) => found?.[1]));
  const whole = clamps.filter(
    ({ variable, steps, units }) => !steps && !units && defined.has(variable),
  );
  return [...new Set(whole.map((each) => each.variable))];
}
