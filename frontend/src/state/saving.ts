/** What leaves the page: files of the run's data, the link to the view, the code that puts it into another page. */
import { send } from "../api/requests.ts";
import { addressOf, currentLink } from "./actions.ts";
import { scalar } from "./gradients.ts";
import { runRequest } from "./run.ts";
import { architecture, isEdited, language, shows, step, title } from "./store.ts";

export type DataFormat = "json" | "csv" | "npz";

/** "lstm", "lstm-book", "recurrence" for a text of the reader's own. */
function baseName(): string {
  const id = isEdited.value ? "recurrence" : (architecture.value?.id ?? "recurrence");
  return id.replaceAll("/", "-");
}

/** Of the run's data: its values, and its gradients where these are shown. A difference is not in it. */
export function dataName(format: DataFormat): string {
  return `${baseName()}${shows.value === "gradients" ? "-gradients" : ""}.${format}`;
}

/** Of a picture: what it shows, and at which step. */
export function pictureName(extension: string, times = 1): string {
  const what = shows.value === "values" ? "" : `-${shows.value}`;
  return `${baseName()}${what}-${step.value}${times > 1 ? `@${times}x` : ""}.${extension}`;
}

/** Gives the browser a file to keep. */
export function download(blob: Blob, name: string): void {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 60_000);
}

/** The run that is on the screen, computed anew by the service; with its gradients where these are shown. */
export async function dataFile(format: DataFormat): Promise<Blob> {
  const request = runRequest();
  if (!request) throw new Error("nothing has run");
  const of = shows.value === "gradients" ? scalar.value : null;
  const body = of === null ? request : { ...request, gradient: { of } };
  const answer = await send(`/v1/runs?format=${format}`, { language: language.value }, body);
  return answer.blob();
}

/** The whole address of what is on the screen now. */
export function viewAddress(): string {
  return new URL(addressOf({ ...currentLink(), embed: false }), location.href).href;
}

/** An `<iframe>` with the same view and nothing around it. */
export function embedCode(): string {
  const { edit: _, embed: __, ...link } = currentLink();
  const address = new URL(addressOf({ ...link, embed: true }), location.href).href;
  return (
    `<iframe src="${attribute(address)}" title="${attribute(title.value)}" ` +
    `width="100%" height="480" style="border: 0" loading="lazy"></iframe>`
  );
}

function attribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}

/** Whether the clipboard took it; without leave for the clipboard by the old way. */
export async function copy(content: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(content);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = content;
    field.className = "unseen";
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    return isCopied;
  }
}
