/**
 * Where one writes. Knows when Enter sends and when it must not; must not know how an answer is made.
 */

import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n/index.js";
import { sendsOn } from "../text/keys.js";
import { AttachButton } from "./Attach.jsx";
import { useApp } from "./context.js";
import { Icon } from "./Icon.jsx";

// Editors insert text line by line, which takes minutes for a pasted file; from this length on we set it at once.
const LARGE = 20_000;

/** @param {{ conversation: import("../types.js").Conversation, isBlocked: boolean }} props */
export function Composer({ conversation, isBlocked }) {
  const app = useApp();
  const { answers, drafts, draftKey, username, name } = app;
  const area = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const draft = drafts.of(draftKey.value).value;
  const isRunning = answers.running.value.has(conversation.id);

  useEffect(() => {
    // On a touch screen the keyboard would jump up unasked.
    if (!matchMedia("(pointer: coarse)").matches) area.current?.focus({ preventScroll: true });
  }, [conversation.id]);

  /** @param {string} text */
  const write = (text) => drafts.write(draftKey.value, username.value, text);

  /** @param {Event} event */
  function send(event) {
    event.preventDefault();
    if (isRunning || isBlocked || !draft.trim()) return;
    write("");
    app.documents.dismiss();
    void answers.ask(conversation.id, draft);
    area.current?.focus({ preventScroll: true });
  }

  return (
    <form class="composer" onSubmit={send}>
      <AttachButton />
      <textarea
        ref={area} id="composer" data-testid="composer" rows={rowsFor(draft)} value={draft} aria-label={t("composer.label")}
        placeholder={t("composer.placeholder", { name: name.value })} enterkeyhint="send"
        onBeforeInput={(event) => insertAtOnce(event) && write(event.currentTarget.value)}
        onInput={({ currentTarget }) => write(currentTarget.value)} onKeyDown={(event) => sendsOn(event) && send(event)}
        onPaste={(event) => takeFiles(event, app)}
      />
      <SendOrStop
        isRunning={isRunning} isReady={!isBlocked && draft.trim() !== ""} onStop={() => answers.stop(conversation.id)}
      />
    </form>
  );
}

/** @param {ClipboardEvent} event @param {import("../state/app.js").App} app */
function takeFiles(event, app) {
  const files = [...(event.clipboardData?.files ?? [])];
  // Office programs put a picture beside the text that they copy; the text is meant.
  if (files.length === 0 || event.clipboardData?.types.includes("text/plain")) return;
  event.preventDefault();
  void app.attach(files);
}

/** @param {InputEvent & { currentTarget: HTMLTextAreaElement }} event @returns {boolean} whether the text was large */
function insertAtOnce(event) {
  const text = event.data ?? event.dataTransfer?.getData("text/plain") ?? "";
  if (text.length < LARGE) return false;
  event.preventDefault();
  const { currentTarget: area } = event;
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  return true;
}

/** @param {{ isRunning: boolean, isReady: boolean, onStop: () => void }} props */
function SendOrStop({ isRunning, isReady, onStop }) {
  if (isRunning) {
    return (
      <button type="button" key="stop" class="round is-stop" data-testid="stop" aria-label={t("composer.stop")} title={t("composer.stop")} onClick={onStop}>
        <Icon name="stop" />
      </button>
    );
  }
  return (
    <button type="submit" key="send" class="round" data-testid="send" aria-label={t("composer.send")} title={t("composer.send")} disabled={!isReady}>
      <Icon name="send" />
    </button>
  );
}

/**
 * For browsers that cannot size a field by its content; bounded, so that a megabyte costs no more than a page.
 * @param {string} text
 */
function rowsFor(text) {
  return Math.min(8, text.slice(0, 1000).split("\n").length);
}
