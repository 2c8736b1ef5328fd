/**
 * The way on when an answer broke off: another model, chosen from a list. Knows what one is told before choosing; must
 * not know how the other model is asked.
 */

import { useState } from "preact/hooks";
import { spokenModel } from "../i18n/models.js";
import { t } from "../i18n/index.js";
import { useApp } from "./context.js";
import { Dialog } from "./Dialog.jsx";
import { ModelRow, priceNote } from "./ModelPicker.jsx";

/** @param {{ conversationId: string, message: import("../types.js").Message }} props  the answer that broke off */
export function GoOn({ conversationId, message }) {
  const { answers, conversations, models, preferences } = useApp();
  const [isOpen, setOpen] = useState(false);
  const asked = conversations.get(conversationId)?.model;
  const others = models.all.value.filter(({ id }) => id !== asked && id !== message.model);
  if (others.length === 0) return null;
  const title = t(message.text ? "goOn.title" : "goOn.instead");

  /** @param {string} model */
  function choose(model) {
    setOpen(false);
    preferences.setPerson({ lastModel: model });
    void answers.goOn(conversationId, model, t("goOn.words"));
    // The button that opened the list is gone, and with it the place of the focus.
    document.getElementById("composer")?.focus({ preventScroll: true });
  }

  return (
    <>
      <button type="button" class="plain" data-testid="go-on" aria-haspopup="dialog" onClick={() => setOpen(true)}>{title}</button>
      {isOpen && (
        <Dialog title={title} onClose={() => setOpen(false)}>
          <p class="dialog-text">{t(message.text ? "goOn.text" : "goOn.insteadText", { model: message.model })}</p>
          <ul class="model-buttons">
            {others.map((model) => (
              <li key={model.id}>
                <button type="button" class="option" data-value={model.id} aria-label={spokenModel(model)} onClick={() => choose(model.id)}>
                  <ModelRow model={model} />
                </button>
              </li>
            ))}
          </ul>
          <p class="small-print">{priceNote(others)}</p>
        </Dialog>
      )}
    </>
  );
}
