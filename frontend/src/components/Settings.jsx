/**
 * Settings: appearance, instructions, data, and the way out. Every change holds at once; there is nothing to save.
 */

import { useState } from "preact/hooks";
import { t } from "../i18n/index.js";
import { LanguageSelect, ThemeSelect } from "./Choices.jsx";
import { useApp } from "./context.js";
import { Confirm, Dialog } from "./Dialog.jsx";
import { Icon } from "./Icon.jsx";

/** @param {{ onClose: () => void }} props */
export function Settings({ onClose }) {
  const app = useApp();
  return (
    <Dialog title={t("settings.title")} kind="large" onClose={onClose}>
      <section class="settings-part">
        <h3>{t("settings.look")}</h3>
        <div class="setting"><span aria-hidden="true">{t("settings.theme")}</span><ThemeSelect /></div>
        <div class="setting"><span aria-hidden="true">{t("settings.language")}</span><LanguageSelect /></div>
      </section>
      <Instructions />
      <OwnData onDone={onClose} />
      <section class="settings-part setting">
        <span>{t("settings.signedInAs", { username: app.username.value })}</span>
        <button type="button" class="plain" data-testid="sign-out" onClick={() => app.signOut()}>
          <Icon name="leave" />{t("settings.signOut")}
        </button>
      </section>
    </Dialog>
  );
}

function Instructions() {
  const { conversations, preferences } = useApp();
  const conversation = conversations.current.value;
  const { defaultSystem } = preferences.person.value;
  return (
    <section class="settings-part">
      <h3>{t("settings.instructions")}</h3>
      {conversation && (
        <label class="field">
          <span>{t("settings.system")}</span>
          <textarea
            rows={2} data-testid="system-prompt" value={conversation.system}
            placeholder={defaultSystem || t("settings.systemPlaceholder")}
            onInput={({ currentTarget }) => conversations.update(conversation.id, () => ({ system: currentTarget.value }))}
            onBlur={() => conversations.save(conversation.id)}
          />
        </label>
      )}
      <label class="field">
        <span>{t("settings.defaultSystem")}</span>
        <textarea
          rows={2} data-testid="default-system-prompt" value={defaultSystem} placeholder={t("settings.defaultPlaceholder")}
          onInput={({ currentTarget }) => preferences.setPerson({ defaultSystem: currentTarget.value })}
        />
      </label>
    </section>
  );
}

/** @param {{ onDone: () => void }} props */
function OwnData({ onDone }) {
  const { conversations, answers } = useApp();
  const [isAsked, setAsked] = useState(false);

  function removeAll() {
    answers.stopAll();
    void conversations.removeAll();
    onDone();
  }

  return (
    <section class="settings-part">
      <h3>{t("settings.data")}</h3>
      <p class="setting-text">{t("settings.dataText")}</p>
      <button type="button" class="plain is-danger" data-testid="delete-all" onClick={() => setAsked(true)}>
        <Icon name="trash" />{t("settings.deleteAll")}
      </button>
      {isAsked && (
        <Confirm
          title={t("deleteAll.title")} text={t("deleteAll.text")} confirm={t("deleteAll.confirm")} onConfirm={removeAll}
          onClose={() => setAsked(false)}
        />
      )}
    </section>
  );
}
