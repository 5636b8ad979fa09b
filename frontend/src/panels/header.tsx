/** The line at the top: which architecture, which language, which theme, help. */
import type { Language, Theme } from "../core/types.ts";
import { nextTheme } from "../state/actions.ts";
import { tooltip } from "../state/keys.ts";
import { helpOpen, language, said, text, theme } from "../state/store.ts";
import { LANGUAGE_NAMES } from "../text/index.ts";
import { Chooser } from "./chooser.tsx";
import { Icon, type IconName } from "./icons.tsx";
import { Save } from "./save.tsx";

const THEME_ICONS: Record<Theme, IconName> = {
  paper: "paper",
  night: "night",
  projector: "projector",
};
const LANGUAGES: readonly Language[] = ["en", "zh"];

export function Header() {
  const words = text.value;
  return (
    <header class="header">
      <a class="mark" href="/" title={words.motto}>
        <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true" class="mark-sign">
          <path class="mark-loop" d="M11 11C5 3 27 3 21.500 10.500M25 8.500 21.200 11.200 19 7" />
          <path d="M9 14.500a2.500 2.500 0 0 1 2.500-2.500h9a2.500 2.500 0 0 1 2.500 2.500v4a2.500 2.500 0 0 1-2.500 2.500h-9A2.500 2.500 0 0 1 9 18.500zM16 29v-8M2 16.500h7M23 16.500h7" />
        </svg>
        <span>{words.title}</span>
      </a>
      <Chooser />
      <div class="header-tools">
        <fieldset class="languages">
          <legend class="unseen">{words.header.language}</legend>
          {LANGUAGES.map((each) => (
            <button
              key={each}
              type="button"
              class="quiet"
              lang={each === "zh" ? "zh-Hans" : "en"}
              aria-pressed={language.value === each}
              onClick={() => {
                language.value = each;
                said.value = "";
              }}
            >
              {LANGUAGE_NAMES[each]}
            </button>
          ))}
        </fieldset>
        <button
          type="button"
          class="quiet square"
          title={tooltip("theme", words, words.header.themes[theme.value])}
          aria-label={`${words.header.theme}: ${words.header.themes[theme.value]}`}
          onClick={nextTheme}
        >
          <Icon name={THEME_ICONS[theme.value]} />
        </button>
        <Save />
        <button
          type="button"
          class="quiet square help-sign"
          title={tooltip("help", words, words.header.help)}
          aria-label={words.header.help}
          aria-expanded={helpOpen.value}
          onClick={() => {
            helpOpen.value = !helpOpen.value;
          }}
        >
          ?
        </button>
      </div>
    </header>
  );
}
