/** Colour arithmetic: OKLCH (Ottosson 2020) to sRGB, mixing, and WCAG contrast. */

export function rgbOfHex(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1, 7), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function hexOfRgb(red: number, green: number, blue: number): string {
  const value = (Math.round(red) << 16) | (Math.round(green) << 8) | Math.round(blue);
  return `#${value.toString(16).padStart(6, "0")}`;
}

function encode(linear: number): number {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return value * 255;
}

function linearOfOklch(
  lightness: number,
  chroma: number,
  degrees: number,
): [number, number, number] {
  const a = chroma * Math.cos((degrees * Math.PI) / 180);
  const b = chroma * Math.sin((degrees * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

/** The nearest colour sRGB holds: chroma gives way, lightness and hue stay. */
export function hexOfOklch(lightness: number, chroma: number, degrees: number): string {
  for (let share = 1; share >= 0; share -= 0.02) {
    const [red, green, blue] = linearOfOklch(lightness, chroma * share, degrees);
    if (Math.min(red, green, blue) >= -0.0005 && Math.max(red, green, blue) <= 1.0005) {
      const clamp = (value: number): number => encode(Math.min(Math.max(value, 0), 1));
      return hexOfRgb(clamp(red), clamp(green), clamp(blue));
    }
  }
  return hexOfRgb(lightness * 255, lightness * 255, lightness * 255);
}

export function mixHex(from: string, to: string, share: number): string {
  const a = rgbOfHex(from);
  const b = rgbOfHex(to);
  return hexOfRgb(
    a[0] + (b[0] - a[0]) * share,
    a[1] + (b[1] - a[1]) * share,
    a[2] + (b[2] - a[2]) * share,
  );
}

/** WCAG 2 contrast ratio of two opaque colours. */
export function contrast(first: string, second: string): number {
  const luminance = (hex: string): number => {
    const [red, green, blue] = rgbOfHex(hex).map((byte) => {
      const value = byte / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [low, high] = [luminance(first), luminance(second)].sort((a, b) => a - b) as [
    number,
    number,
  ];
  return (high + 0.05) / (low + 0.05);
}
