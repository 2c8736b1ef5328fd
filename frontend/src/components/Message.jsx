/**
 * One message with what can be done about it. Knows how each state looks; must not know how answers are made.
 * To add a state, add it to `MessageState` and say here what stands under the text.
 */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.js";
import { sendsOn } from "../text/keys.js";
import { Cited } from "./Attach.jsx";
import { Citing } from "./Citation.jsx";
import { useApp } from "./context.js";
import { CopyButton } from "./CopyButton.jsx";
import { GoOn } from "./GoOn.jsx";
import { ErrorNote } from "./ErrorNote.jsx";
import { Icon } from "./Icon.jsx";
import { Markdown } from "./Markdown.jsx";

/** @import { Message as Said } from "../types.js" */

// Longer questions are folded, so that a pasted file does not bury the conversation.
const FOLD_LENGTH = 1500;
const FOLD_LINES = 16;
// The model's own reasons to stop early; each has its note.
const CUT_SHORT = ["length", "content_filter"];

/** @param {{ conversationId: string, message: Said, isLast: boolean, isBusy: boolean }} props */
export function Message({ conversationId, message, isLast, isBusy }) {
  return useMemo(
    () =>
      message.role === "user" ? (
        <Question conversationId={conversationId} message={message} isBusy={isBusy} />
      ) : (
        <Answer conversationId={conversationId} message={message} isLast={isLast} isBusy={isBusy} />
      ),
    [conversationId, message, isLast, isBusy],
  );
}

/** @param {{ conversationId: string, message: Said, isBusy: boolean }} props */
function Question({ conversationId, message, isBusy }) {
  const { answers } = useApp();
  const [isEdited, setEdited] = useState(false);

  /** @param {string} text */
  function resend(text) {
    setEdited(false);
    if (text.trim()) void answers.edit(conversationId, message.id, text);
  }

  return (
    <article class="message is-user" data-testid="message" data-role="user" data-state={message.state}>
      <h2 class="off-screen">{t("thread.you")}</h2>
      {isEdited ? (
        <Editor text={message.text} onSend={resend} onCancel={() => setEdited(false)} />
      ) : (
        <>
          <FoldedText text={message.text} />
          <div class="message-actions">
            <CopyButton text={message.text} label={t("message.copy")} />
            <button
              type="button" class="quiet" data-testid="edit" disabled={isBusy} aria-label={t("message.edit")} title={t("message.edit")}
              onClick={() => setEdited(true)}
            >
              <Icon name="edit" />
            </button>
          </div>
        </>
      )}
    </article>
  );
}

/** @param {{ text: string }} props */
function FoldedText({ text }) {
  const [isOpen, setOpen] = useState(false);
  const folded = fold(text);
  const isLong = folded.length < text.length;
  return (
    <div class="bubble">
      {isOpen || !isLong ? text : `${folded}…`}
      {isLong && (
        <button type="button" class="link-button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {t(isOpen ? "message.less" : "message.more")}
        </button>
      )}
    </div>
  );
}

/** @param {string} text */
function fold(text) {
  const start = text.slice(0, FOLD_LENGTH);
  const lines = start.split("\n");
  return lines.length > FOLD_LINES ? lines.slice(0, FOLD_LINES).join("\n") : start;
}

/** @param {{ text: string, onSend: (text: string) => void, onCancel: () => void }} props */
function Editor({ text, onSend, onCancel }) {
  const area = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  useEffect(() => area.current?.focus({ preventScroll: true }), []);
  const send = () => onSend(area.current?.value ?? "");

  /** @param {KeyboardEvent} event */
  function onKeyDown(event) {
    if (event.key === "Escape") onCancel();
    else if (sendsOn(event)) send();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div class="editor">
      <textarea
        ref={area} data-testid="editor" rows={4} defaultValue={text} aria-label={t("message.editLabel")}
        onKeyDown={onKeyDown}
      />
      <div class="dialog-foot">
        <button type="button" class="plain" onClick={onCancel}>{t("dialog.cancel")}</button>
        <button type="button" class="primary" onClick={send}>{t("message.resend")}</button>
      </div>
    </div>
  );
}

/** @param {{ conversationId: string, message: Said, isLast: boolean, isBusy: boolean }} props */
function Answer({ conversationId, message, isLast, isBusy }) {
  const { name } = useApp();
  const isGrowing = message.state === "streaming";
  return (
    <article class="message is-assistant" data-testid="message" data-role="assistant" data-state={message.state} aria-busy={isGrowing}>
      <h2 class="off-screen">{t("thread.answer", { name: name.value })}</h2>
      <Author model={message.model} />
      {message.thinking && <Thinking text={message.thinking} isOver={message.text !== "" || !isGrowing} />}
      {isGrowing && !message.text && !message.thinking && <p class="waiting"><span class="cursor" />{t("answer.waiting")}</p>}
      {message.text && <Text conversationId={conversationId} message={message} isGrowing={isGrowing} />}
      <Ending message={message} />
      {!isGrowing && <AnswerActions conversationId={conversationId} message={message} isLast={isLast} isBusy={isBusy} />}
    </article>
  );
}

/** @param {{ conversationId: string, message: Said, isGrowing: boolean }} props  what it rests on stands under it */
function Text({ conversationId, message, isGrowing }) {
  const [shown, setShown] = useState(0);
  const count = isGrowing ? 0 : (message.passages?.length ?? 0);
  const citing = useMemo(() => (count ? { count, open: setShown } : null), [count]);
  return (
    <>
      <Citing.Provider value={citing}><Markdown text={message.text} growing={isGrowing} /></Citing.Provider>
      <Cited conversationId={conversationId} message={message} shown={shown} onOpen={setShown} />
    </>
  );
}

/** @param {{ model: string }} props  text of two models is never shown as one's */
function Author({ model }) {
  return model ? <p class="small-print answer-model" data-testid="answer-model">{model}</p> : null;
}

/** @param {{ text: string, isOver: boolean }} props */
function Thinking({ text, isOver }) {
  return (
    <details class="thinking">
      <summary>{t(isOver ? "answer.thought" : "answer.thinking")}</summary>
      <div class="thinking-text">{text}</div>
    </details>
  );
}

/** @param {{ message: Said }} props */
function Ending({ message }) {
  const { state, problem, text } = message;
  if (state === "error" && problem) return <ErrorNote problem={problem} intro={text ? t("note.incomplete") : ""} />;
  const said = noteOf(message);
  return said ? <Note said={said} requestId={problem?.requestId} /> : null;
}

/** What stands under the text, "" for nothing. @param {Said} message */
function noteOf({ state, finish, text }) {
  if (state === "stopped" || state === "interrupted") return `note.${state}`;
  if (state !== "complete") return "";
  if (CUT_SHORT.includes(finish)) return `note.${finish}`;
  return text ? "" : "note.empty";
}

/** @param {{ said: string, requestId?: string }} props */
function Note({ said, requestId }) {
  return (
    <div class="note">
      <p>{t(said)}</p>
      {requestId && <p class="small-print">{t("error.requestId", { id: requestId })}</p>}
    </div>
  );
}

/** @param {{ conversationId: string, message: Said, isLast: boolean, isBusy: boolean }} props */
function AnswerActions({ conversationId, message, isLast, isBusy }) {
  const { answers } = useApp();
  const failed = message.state === "error" || message.state === "interrupted";
  const isOpen = isLast && !isBusy;
  return (
    <div class={failed ? "message-actions is-kept" : "message-actions"}>
      {message.text && <CopyButton text={message.text} label={t("message.copy")} />}
      {isOpen && <Again failed={failed} onClick={() => answers.regenerate(conversationId)} />}
      {isOpen && failed && <GoOn conversationId={conversationId} message={message} />}
    </div>
  );
}

/** @param {{ failed: boolean, onClick: () => void }} props  after a failure it is what one looks for, so it has words */
function Again({ failed, onClick }) {
  const label = t(failed ? "message.tryAgain" : "message.regenerate");
  return (
    <button type="button" class={failed ? "plain" : "quiet"} data-testid="regenerate" aria-label={label} title={label} onClick={onClick}>
      <Icon name="redo" />{failed && label}
    </button>
  );
}
