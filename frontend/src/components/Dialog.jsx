/**
 * A modal dialog over the native element, which brings focus, Esc and the inert page behind. Knows no content.
 */

import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../i18n/index.js";
import { Icon } from "./Icon.jsx";

/**
 * @param {object} props
 * @param {string} props.title
 * @param {() => void} [props.onClose]  without it the dialog cannot be dismissed
 * @param {string} [props.kind]
 * @param {import("preact").ComponentChildren} props.children
 */
export function Dialog({ title, onClose, kind = "small", children }) {
  const heading = useId();
  return (
    <dialog {...useModal(onClose)} class={`dialog dialog-${kind}`} aria-labelledby={heading}>
      <div class="dialog-inside">
        <header class="dialog-head">
          <h2 id={heading}>{title}</h2>
          {onClose && (
            <button type="button" class="quiet" aria-label={t("dialog.close")} onClick={onClose}>
              <Icon name="close" />
            </button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  );
}

/**
 * What makes a dialog element modal for as long as it is drawn. Esc, the back gesture and a press beside it may
 * only ask: whether the dialog is there is for the state to say.
 * @param {(() => void) | undefined} onClose
 */
export function useModal(onClose) {
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));

  useEffect(() => {
    const dialog = ref.current;
    const opener = document.activeElement;
    if (!dialog?.open) dialog?.showModal();
    return () => {
      dialog?.close();
      // The browser gives the focus back only to what closes while it is still drawn.
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
    };
  }, []);

  return {
    ref,
    /** @param {Event} event */
    onCancel(event) {
      event.preventDefault();
      onClose?.();
    },
    /** @param {Event & { currentTarget: HTMLDialogElement }} event  browsers close on a second Esc without asking */
    onClose({ currentTarget }) {
      if (!currentTarget.isConnected) return;
      if (onClose) onClose();
      else currentTarget.showModal();
    },
    /** @param {MouseEvent} event  a press on the backdrop reaches the dialog itself */
    onMouseDown({ target, currentTarget }) {
      if (target === currentTarget) onClose?.();
    },
  };
}

/**
 * A question before something is gone for good.
 * @param {{ title: string, text: string, confirm: string, onConfirm: () => void, onClose: () => void }} props
 */
export function Confirm({ title, text, confirm, onConfirm, onClose }) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p class="dialog-text">{text}</p>
      <div class="dialog-foot">
        <button type="button" class="plain" autoFocus onClick={onClose}>{t("dialog.cancel")}</button>
        <button type="button" class="danger" onClick={onConfirm}>{confirm}</button>
      </div>
    </Dialog>
  );
}
