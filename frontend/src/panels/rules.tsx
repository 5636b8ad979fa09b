/** The rule book of the language, one page, open beside the editor. */
import { language, rulesOpen, text } from "../state/store.ts";
import { FUNCTIONS } from "../text/functions.ts";
import { Coded } from "./coded.tsx";
import { Icon } from "./icons.tsx";

export function Rules() {
  const words = text.value.rules;
  return (
    <aside class="side rules" aria-labelledby="rules-title">
      <div class="section-head">
        <h2 id="rules-title">{words.title}</h2>
        <button
          type="button"
          class="quiet square"
          aria-label={words.close}
          title={words.close}
          onClick={() => {
            rulesOpen.value = false;
          }}
        >
          <Icon name="close" />
        </button>
      </div>
      <h3>{words.statements}</h3>
      <dl class="rule-list">
        {words.rows.map(([code, meaning]) => (
          <div key={code}>
            <dt>
              <code>{code}</code>
            </dt>
            <dd>
              <Coded text={meaning} />
            </dd>
          </div>
        ))}
      </dl>
      <h3>{words.names}</h3>
      <p>
        <Coded text={words.namesText} />
      </p>
      <h3>{words.indices}</h3>
      <p>
        <Coded text={words.indicesText} />
      </p>
      <h3>{words.functions}</h3>
      <p>
        <Coded text={words.operatorsText} />
      </p>
      {FUNCTIONS.map((group) => (
        <section key={group.family}>
          <h4>{words.families[group.family]}</h4>
          <dl class="rule-list">
            {group.rows.map((row) => (
              <div key={row.usage}>
                <dt>
                  <code>{row.usage}</code>
                </dt>
                <dd>{row[language.value]}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </aside>
  );
}
