/**
 * A conversation's documents: what may be attached, which are, and which were refused and why. Loaded when it is first
 * needed. Knows documents by their names; what is in them is shown by `Viewer.jsx`.
 */

import { useRef, useState } from "preact/hooks";
import { ACCEPT, MOST_BYTES, MOST_FILES } from "../documents/limits.js";
import { formatSize, t } from "../i18n/index.js";
import { useApp } from "./context.js";
import { Dialog } from "./Dialog.jsx";
import { Icon } from "./Icon.jsx";
import { Viewer } from "./Viewer.jsx";

/** @import { Conversation, DocumentRef } from "../types.js" */

/** @param {{ onClose: () => void }} props */
export function Limits({ onClose }) {
  const app = useApp();
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));

  /** @param {Event & { currentTarget: HTMLInputElement }} event */
  function take({ currentTarget }) {
    void app.attach([...(currentTarget.files ?? [])]);
    onClose();
  }

  return (
    <Dialog title={t("document.attach")} onClose={onClose}>
      <p class="dialog-text">{t("document.about")}</p>
      <p class="dialog-text">{t("document.limits", { files: MOST_FILES, size: formatSize(MOST_BYTES) })}</p>
      <div class="dialog-foot">
        <input
          ref={input} type="file" class="off-screen" multiple accept={ACCEPT} tabIndex={-1} data-testid="file-input" aria-label={t("document.choose")}
          onChange={take}
        />
        <button type="button" class="primary" autoFocus onClick={() => input.current?.click()}>{t("document.choose")}</button>
      </div>
    </Dialog>
  );
}

/** @param {{ conversation: Conversation }} props */
export function Tray({ conversation }) {
  const [shown, setShown] = useState(/** @type {DocumentRef | null} */ (null));
  return (
    <div class="tray">
      <Refusals conversation={conversation} />
      {conversation.documents.length > 0 && (
        <ul class="chips" aria-label={t("document.list")}>
          {conversation.documents.map((document) => (
            <Chip key={document.id} conversation={conversation} document={document} onOpen={() => setShown(document)} />
          ))}
        </ul>
      )}
      {shown && <Viewer conversation={conversation} name={shown.name} onClose={() => setShown(null)} />}
    </div>
  );
}

/** @param {{ conversation: Conversation, document: DocumentRef, onOpen: () => void }} props */
function Chip({ conversation, document: { id, name, size, type }, onOpen }) {
  const { answers, documents } = useApp();
  const label = t("document.remove", { name });
  return (
    <li class="chip" data-testid="document">
      <Icon name="file" />
      {type === "application/pdf" ? (
        <span class="chip-name">{name}</span>
      ) : (
        <button type="button" class="chip-name chip-open" title={t("document.open", { name })} onClick={onOpen}>{name}</button>
      )}
      <span class="small-print">{formatSize(size)}</span>
      <button
        type="button" class="quiet" aria-label={label} title={label} disabled={answers.running.value.has(conversation.id)}
        onClick={() => documents.remove(conversation.id, id)}
      >
        <Icon name="close" />
      </button>
    </li>
  );
}

/** @param {{ conversation: Conversation }} props */
function Refusals({ conversation: { id, model } }) {
  const { documents, models } = useApp();
  const { conversation, files } = documents.refused.value;
  if (conversation !== id || files.length === 0) return null;
  const seesNone = models.all.value.some((one) => one.id === model && one.vision === false);
  return (
    <div class="error-note" role="alert" data-testid="refused">
      <Icon name="alert" />
      <ul class="error-words">
        {files.map(({ name, code }, index) => (
          <li key={index}>
            {t(`document.${code}`, { name, files: MOST_FILES, size: formatSize(MOST_BYTES) })}
            {code === "picture" && seesNone && ` ${t("model.blind", { model })}`}
          </li>
        ))}
      </ul>
      <button type="button" class="quiet" aria-label={t("dialog.close")} onClick={() => documents.dismiss()}>
        <Icon name="close" />
      </button>
    </div>
  );
}
