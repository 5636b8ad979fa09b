/** On a narrow screen: which part stands below the figure. */
import { type Tab, tab, text } from "../state/store.ts";

const TABS: readonly Tab[] = ["lesson", "equations", "strips", "inspector"];
const MOVES: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };

export function Tabs() {
  const words = text.value.tabs;
  const onKeyDown = (event: KeyboardEvent) => {
    const by = MOVES[event.key];
    if (!by || !(event.currentTarget instanceof Element)) return;
    const next = (TABS.indexOf(tab.value) + by + TABS.length) % TABS.length;
    tab.value = TABS[next] ?? tab.value;
    event.currentTarget.querySelectorAll("button")[next]?.focus();
    event.preventDefault();
  };
  return (
    <div class="tabs" role="tablist" aria-label={words.label} onKeyDown={onKeyDown}>
      {TABS.map((each) => (
        <button
          key={each}
          type="button"
          role="tab"
          aria-selected={tab.value === each}
          tabIndex={tab.value === each ? 0 : -1}
          onClick={() => {
            tab.value = each;
          }}
        >
          {words[each]}
        </button>
      ))}
    </div>
  );
}
