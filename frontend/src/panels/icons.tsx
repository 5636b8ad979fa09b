/** The page's own signs: thin strokes on a grid of 16, in the colour of the text around them. */

const PATHS = {
  play: "M5 3.2v9.600l7.600-4.800z",
  pause: "M5.500 3.500v9M10.500 3.500v9",
  back: "M10.500 3.500 6 8l4.500 4.500",
  forward: "M5.500 3.500 10 8l-4.500 4.500",
  first: "M11.500 3.500 7 8l4.500 4.500M4.500 3.500v9",
  last: "M4.500 3.500 9 8l-4.500 4.500M11.500 3.500v9",
  down: "M4 6l4 4 4-4",
  close: "M4 4l8 8M12 4l-8 8",
  edit: "M3 13l.700-2.800L10.600 3.300l2.100 2.100-6.900 6.900zM9.400 4.500l2.100 2.100",
  undo: "M3.500 6.500h6a3 3 0 0 1 0 6H7M6 4 3.500 6.500 6 9",
  redo: "M12.500 6.500h-6a3 3 0 0 0 0 6H9M10 4l2.500 2.500L10 9",
  book: "M8 4.200C6.700 3.300 4.800 3 2.500 3v9c2.300 0 4.200.300 5.500 1.200 1.300-.900 3.200-1.200 5.500-1.200V3C11.200 3 9.300 3.300 8 4.200zM8 4.200v9",
  link: "M6.700 9.300a2.600 2.600 0 0 0 3.700 0l2-2a2.600 2.600 0 0 0-3.700-3.700l-.700.700M9.300 6.700a2.600 2.600 0 0 0-3.700 0l-2 2a2.600 2.600 0 0 0 3.700 3.700l.700-.700",
  copy: "M6 6h7v7H6zM10 6V3H3v7h3",
  paper:
    "M8 2.500v1M8 12.500v1M2.500 8h1M12.500 8h1M4.100 4.100l.700.700M11.200 11.200l.700.700M4.100 11.900l.700-.700M11.200 4.800l.700-.700M8 5.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5z",
  night: "M12.800 9.700A5.300 5.300 0 0 1 6.300 3.200 5.300 5.300 0 1 0 12.800 9.700z",
  projector: "M2.500 3.500h11v7h-11zM8 10.500v2M5.500 13h5",
  unfold: "M2 8h12M5 5.500 2.500 8 5 10.500M11 5.500 13.500 8 11 10.500",
  fold: "M5.500 12V8.500a2.500 2.500 0 1 1 5 0M10.500 8.500v3M8.800 10.200l1.700 1.700 1.700-1.700",
  dice: "M3.500 3.500h9v9h-9zM6 6h.01M10 10h.01M10 6h.01M6 10h.01",
  warning: "M8 2.700l6 10.600H2zM8 6.500v3.200M8 11.500v.01",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, filled = false }: { name: IconName; filled?: boolean }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} fill={filled ? "currentColor" : "none"} />
    </svg>
  );
}
