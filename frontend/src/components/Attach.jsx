/**
 * The ways a file comes in: a button, a drop, the clipboard. Knows elements only; what happens with files is the app's,
 * and the rest of what documents show is in `Documents.jsx`, which is loaded when it is first needed.
 */

import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/index.js";
import { useApp } from "./context.js";
import { Icon } from "./Icon.jsx";
import { Later } from "./Later.jsx";

/** @import { Conversation, Message } from "../types.js" */

const loadTray = () => import("./Documents.jsx").then(({ Tray }) => Tray);
const loadLimits = () => import("./Documents.jsx").then(({ Limits }) => Limits);
const loadSources = () => import("./Sources.jsx").then(({ Sources }) => Sources);

/** Opens what says the limits before anything is chosen. */
export function AttachButton() {
  const [isOpen, setOpen] = useState(false);
  const onClose = () => setOpen(false);
  return (
    <>
      <button
        type="button" class="quiet attach" data-testid="attach" aria-haspopup="dialog" aria-label={t("document.attach")}
        title={t("document.attach")} onClick={() => setOpen(true)}
      >
        <Icon name="clip" />
      </button>
      {isOpen && <Later load={loadLimits} given={{ onClose }} dialog={{ title: t("document.attach"), onClose }} />}
    </>
  );
}

/** The conversation's documents, and what could not be attached. @param {{ conversation: Conversation }} props */
export function Attached({ conversation }) {
  const { documents } = useApp();
  const { conversation: of, files } = documents.refused.value;
  const hasSome = conversation.documents.length > 0 || (of === conversation.id && files.length > 0);
  return hasSome ? <Later load={loadTray} given={{ conversation }} /> : null;
}

/**
 * What an answer rests on.
 * @param {{ conversationId: string, message: Message, shown: number, onOpen: (number: number) => void }} props
 */
export function Cited({ conversationId, message, shown, onOpen }) {
  const { passages, text, state } = message;
  if (!passages || !text || state === "streaming") return null;
  return <Later load={loadSources} given={{ conversationId, text, passages, shown, onOpen }} />;
}

/** Files that are dragged over the window: whether there are any, and where they go. */
export function useDropping() {
  const app = useApp();
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    /** @param {DragEvent} event */
    const onOver = (event) => {
      if (!event.dataTransfer?.types.includes("Files") || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      setOver(true);
    };
    /** @param {DragEvent} event  it leaves the window when it enters nothing else */
    const onLeave = (event) => event.relatedTarget === null && setOver(false);
    /** @param {DragEvent} event */
    const onDrop = (event) => {
      setOver(false);
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      void app.attach([...event.dataTransfer.files]);
    };
    const listeners = /** @type {const} */ ([["dragover", onOver], ["dragleave", onLeave], ["drop", onDrop]]);
    listeners.forEach(([name, listener]) => document.addEventListener(name, listener));
    return () => listeners.forEach(([name, listener]) => document.removeEventListener(name, listener));
  }, [app]);
  return isOver;
}
