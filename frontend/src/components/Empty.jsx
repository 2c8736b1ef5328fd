/**
 * A conversation before its first word: a friendly line and something to start from.
 */

import { t } from "../i18n/index.js";
import { useApp } from "./context.js";
import { Mark } from "./Mark.jsx";

const STARTERS = ["starter.1", "starter.2", "starter.3", "starter.4"];

export function Empty() {
  const { drafts, draftKey, username } = useApp();

  /** @param {string} key  filled in, not sent: a starter is a beginning to change */
  function begin(key) {
    drafts.write(draftKey.value, username.value, t(`${key}.prompt`));
    document.getElementById("composer")?.focus();
  }

  return (
    <div class="empty">
      <Mark class="mark mark-large" />
      <h2 class="empty-title">{t("empty.title")}</h2>
      <p class="empty-text">{t("empty.text")}</p>
      <ul class="starters">
        {STARTERS.map((key) => (
          <li key={key}>
            <button type="button" class="starter" onClick={() => begin(key)}>
              <span class="starter-name">{t(key)}</span>
              <span class="starter-prompt">{t(`${key}.prompt`)}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
