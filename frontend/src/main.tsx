/** Wiring only: what was asked for, the effects that keep the state true, and the page. */
import { render } from "preact";
import type { Language } from "./core/types.ts";
import { Page } from "./panels/page.tsx";
import { keepAddress, keepDocument, loadCatalogue, openArchitecture } from "./state/actions.ts";
import { keepDescribed } from "./state/describe.ts";
import { keepDetails } from "./state/details.ts";
import { keepGradients } from "./state/gradients.ts";
import { listenToKeys } from "./state/keys.ts";
import { readLink } from "./state/link.ts";
import { keepPlaying, open } from "./state/player.ts";
import { keepPrinting } from "./state/printing.ts";
import { keepRunning } from "./state/run.ts";
import { chosenTheme, embedded, language, prefersNight, reducedMotion } from "./state/store.ts";
import { onRetry } from "./state/troubles.ts";
import { bringWords, keepWords } from "./text/index.ts";
import "./styles/fonts.css";
import "katex/dist/katex.min.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/text.css";
import "./styles/editor.css";
import "./styles/controls.css";
import "./styles/header.css";
import "./styles/save.css";
import "./styles/inputs.css";
import "./styles/inspector.css";
import "./styles/figure.css";
import "./styles/print.css";

interface Bootstrap {
  language: Language;
  architecture: string;
}

function bootstrap(): Bootstrap {
  const held = document.getElementById("bootstrap")?.textContent;
  return held ? JSON.parse(held) : { language: "en", architecture: "lstm" };
}

/** Keeps a signal true to a media query. */
function follow(query: string, signal: { value: boolean }): void {
  const media = window.matchMedia(query);
  signal.value = media.matches;
  media.addEventListener("change", () => {
    signal.value = media.matches;
  });
}

const given = bootstrap();
const link = readLink(new URL(location.href));
link.architecture ??= given.architecture;

language.value = link.lang ?? given.language;
chosenTheme.value = link.theme ?? null;
embedded.value = link.embed ?? false;
follow("(prefers-color-scheme: dark)", prefersNight);
follow("(prefers-reduced-motion: reduce)", reducedMotion);

keepWords(language);
keepDocument();
keepAddress();
keepDescribed();
keepRunning();
keepDetails();
keepGradients();
keepPlaying();
keepPrinting();
listenToKeys();

async function begin(): Promise<void> {
  const [isOpen] = await Promise.all([openArchitecture(link), loadCatalogue()]);
  if (isOpen && link.view === undefined && link.step === undefined) open();
}

onRetry(begin);
begin();

bringWords(language.value).then(() => {
  const root = document.getElementById("page");
  if (!root) return;
  root.replaceChildren();
  render(<Page />, root);
});
