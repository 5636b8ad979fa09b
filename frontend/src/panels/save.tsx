/** The menu of what can be taken along: the figure, the run's data, the view. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { pngFile, svgFile } from "../render/picture.ts";
import { tooltip } from "../state/keys.ts";
import {
  copy,
  type DataFormat,
  dataFile,
  dataName,
  download,
  embedCode,
  pictureName,
  viewAddress,
} from "../state/saving.ts";
import { run, said, saveOpen, shows, text } from "../state/store.ts";
import { Icon } from "./icons.tsx";
import { aboutPicture, belowPicture, picture } from "./picture.ts";

const SIZES = [1, 2, 4] as const;
const FORMATS: readonly DataFormat[] = ["json", "csv", "npz"];
const READ = 1500; // milliseconds to read that something was copied

/** What the menu has to say: work in hand, what was copied, what went wrong. */
const note = signal<{ text: string; isFault: boolean } | null>(null);

export function Save() {
  const words = text.value;
  const holder = useRef<HTMLDivElement>(null);
  const isOpen = saveOpen.value;
  useEffect(() => {
    if (!isOpen) return;
    note.value = null;
    const element = holder.current;
    element?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const onPress = (event: Event): void => {
      if (event.target instanceof Node && !element?.contains(event.target)) saveOpen.value = false;
    };
    document.addEventListener("pointerdown", onPress);
    return () => {
      document.removeEventListener("pointerdown", onPress);
      if (element?.contains(document.activeElement) || document.activeElement === document.body) {
        element?.querySelector("button")?.focus();
      }
    };
  }, [isOpen]);
  return (
    <div class="save" ref={holder} onKeyDown={onKey}>
      <button
        type="button"
        class="quiet square"
        title={tooltip("save", words)}
        aria-label={words.save.title}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => {
          saveOpen.value = !isOpen;
        }}
      >
        <Icon name="save" />
      </button>
      {isOpen && <Menu />}
    </div>
  );
}

function Menu() {
  const words = text.value.save;
  const hasRun = run.value.phase === "done";
  const hasPicture = picture.value !== null;
  return (
    <div class="save-menu">
      <div role="menu" aria-label={words.title}>
        <Group name={words.figure}>
          <Item hint={words.svgHint} isOff={!hasPicture} act={saveSvg}>
            {words.svg}
          </Item>
          <div class="save-row" role="none">
            <span aria-hidden="true">{words.png}</span>
            {SIZES.map((times) => (
              <button
                key={times}
                type="button"
                role="menuitem"
                tabIndex={-1}
                aria-label={words.pngTimes(times)}
                title={words.pngTimes(times)}
                disabled={!hasPicture}
                onClick={() => savePng(times)}
              >
                {times}×
              </button>
            ))}
          </div>
          <Item hint={words.printHint} isOff={!hasPicture} act={print}>
            {words.print}
          </Item>
        </Group>
        <Group name={shows.value === "difference" ? words.dataOfThis : words.data}>
          {FORMATS.map((format) => (
            <Item
              key={format}
              hint={words[`${format}Hint`]}
              isOff={!hasRun}
              act={() => saveData(format)}
            >
              {words[format]}
            </Item>
          ))}
        </Group>
        <Group name={words.view}>
          <Item hint={words.linkHint} act={() => copied(viewAddress(), words.linkCopied)}>
            {words.link}
          </Item>
          <Item hint={words.embedHint} act={() => copied(embedCode(), words.embedCopied)}>
            {words.embed}
          </Item>
        </Group>
      </div>
      <p class={note.value?.isFault ? "save-note is-fault" : "save-note"} role="status">
        {note.value?.text}
      </p>
    </div>
  );
}

function Group({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="save-group" role="group" aria-label={name}>
      <p class="save-name" aria-hidden="true">
        {name}
      </p>
      {children}
    </div>
  );
}

interface ItemProps {
  hint: string;
  isOff?: boolean;
  children: string;
  act(): void;
}

function Item({ hint, isOff = false, children, act }: ItemProps) {
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      class="save-item"
      disabled={isOff}
      onClick={act}
    >
      <span>{children}</span>
      <span class="save-hint">{hint}</span>
    </button>
  );
}

const STEPS: Record<string, number> = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

function onKey(event: KeyboardEvent): void {
  if (!saveOpen.value || !(event.currentTarget instanceof HTMLElement)) return;
  const items: Element[] = [
    ...event.currentTarget.querySelectorAll("[role=menuitem]:not(:disabled)"),
  ];
  const focus = (item: Element | undefined): void => {
    if (item instanceof HTMLElement) item.focus();
  };
  const at = document.activeElement ? items.indexOf(document.activeElement) : -1;
  const by = STEPS[event.key];
  if (event.key === "Escape" || event.key === "Tab") saveOpen.value = false;
  else if (event.key === "Home") focus(items[0]);
  else if (event.key === "End") focus(items.at(-1));
  else if (by) focus(items[(at + by + items.length) % items.length]);
  else return;
  if (event.key !== "Tab") event.preventDefault();
}

async function saveSvg(): Promise<void> {
  const scene = picture.value?.();
  if (!scene) return;
  await kept(pictureName("svg"), async () => {
    const svg = await svgFile(scene, belowPicture(scene), aboutPicture());
    return new Blob([svg], { type: "image/svg+xml" });
  });
}

async function savePng(times: number): Promise<void> {
  const scene = picture.value?.();
  if (scene)
    await kept(pictureName("png", times), () => pngFile(scene, belowPicture(scene), times));
}

function saveData(format: DataFormat): Promise<void> {
  note.value = { text: text.value.save.working, isFault: false };
  return kept(dataName(format), () => dataFile(format));
}

/** Makes a file and gives it to the browser; the menu stays to say what went wrong. */
async function kept(name: string, make: () => Promise<Blob>): Promise<void> {
  const words = text.value.save;
  try {
    download(await make(), name);
    saveOpen.value = false;
    said.value = words.saved(name);
  } catch (error) {
    const detail = error instanceof Error ? ` (${error.message})` : "";
    note.value = { text: words.failed + detail, isFault: true };
  }
}

async function copied(content: string, words: string): Promise<void> {
  const isCopied = await copy(content);
  const line = { text: isCopied ? words : text.value.save.notCopied, isFault: !isCopied };
  note.value = line;
  if (!isCopied) return;
  setTimeout(() => {
    if (note.value === line) saveOpen.value = false;
  }, READ);
}

function print(): void {
  saveOpen.value = false;
  setTimeout(() => window.print()); // when the menu is gone
}
