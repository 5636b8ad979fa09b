/** Help: what the page is, its keys, its colours. */
import { useEffect, useRef } from "preact/hooks";
import type { Role } from "../core/types.ts";
import { roleColour } from "../render/colours.ts";
import { keyLabel, keysHere } from "../state/keys.ts";
import { helpOpen, text, theme } from "../state/store.ts";
import { Coded } from "./coded.tsx";
import { Icon } from "./icons.tsx";

const ROLES: readonly Role[] = ["input", "state", "gate", "output", "loss", "memory"];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const words = text.value;
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const close = () => {
    helpOpen.value = false;
  };
  return (
    <dialog
      ref={dialog}
      class="help"
      aria-labelledby="help-title"
      onClose={close}
      onClick={(event) => {
        if (event.target === event.currentTarget) close();
      }}
    >
      <div class="section-head">
        <h2 id="help-title">{words.header.help}</h2>
        <button type="button" class="quiet square" aria-label={words.help.close} onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <p>{words.help.intro}</p>
      <p>
        <Coded text={words.help.counting} />
      </p>
      <h3>{words.help.keys}</h3>
      <dl class="key-table">
        {keysHere().map((key) => (
          <div key={key.name}>
            <dt>
              {[...new Set(key.keys.map((each) => keyLabel(each, words)))].map((label) => (
                <kbd key={label}>{label}</kbd>
              ))}
            </dt>
            <dd>{words.keys[key.name]}</dd>
          </div>
        ))}
      </dl>
      <p class="note">{words.help.presenter}</p>
      <h3>{words.help.colours}</h3>
      <ul class="role-key">
        {ROLES.map((role) => (
          <li key={role} style={{ color: roleColour(role, theme.value) }}>
            {words.roles[role]}
          </li>
        ))}
      </ul>
    </dialog>
  );
}
