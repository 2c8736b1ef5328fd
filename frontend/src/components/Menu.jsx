/**
 * A button that opens a short list of actions. Knows the keyboard's rules for menus; must not know the actions.
 */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useClosing } from "./closing.js";
import { Icon } from "./Icon.jsx";

/** @typedef {{ icon: string, label: string, danger?: boolean, act: () => void }} Action */

/** @param {{ label: string, actions: Action[] }} props */
export function Menu({ label, actions }) {
  const { root, button, isOpen, setOpen, close, onKeyDown } = useOpening();
  return (
    <div class="menu" ref={root} onKeyDown={onKeyDown}>
      <button
        type="button" ref={button} class="quiet" aria-label={label} aria-haspopup="menu" aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="more" />
      </button>
      {isOpen && (
        <div class="menu-list" role="menu" aria-label={label}>
          {actions.map(({ icon, label: name, danger, act }) => (
            <button
              type="button" role="menuitem" tabIndex={-1} key={name} class={danger ? "menu-item is-danger" : "menu-item"}
              onClick={() => { close(); act(); }}
            >
              <Icon name={icon} />{name}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** When the list is open, where the focus is, and which keys and presses close it. */
function useOpening() {
  const [isOpen, setOpen] = useState(false);
  const root = useRef(/** @type {HTMLDivElement | null} */ (null));
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));

  // Before the next key can arrive, or it would still find the focus outside.
  useLayoutEffect(() => {
    if (isOpen) itemsIn(root.current)[0]?.focus();
  }, [isOpen]);
  useClosing(root, isOpen, () => setOpen(false));

  function close() {
    setOpen(false);
    button.current?.focus();
  }

  /** @param {KeyboardEvent} event */
  function onKeyDown(event) {
    if (!isOpen) return;
    if (event.key === "Tab") setOpen(false);
    if (event.key === "Escape") close();
    if (!move(itemsIn(root.current), event.key) && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
  }

  return { root, button, isOpen, setOpen, close, onKeyDown };
}

/** @param {HTMLElement | null} root @returns {HTMLElement[]} */
function itemsIn(root) {
  return [...(root?.querySelectorAll("[role=menuitem]") ?? [])].map((item) => /** @type {HTMLElement} */ (item));
}

/** @param {HTMLElement[]} items @param {string} key @returns {boolean} whether the key moved the focus */
function move(items, key) {
  const at = items.findIndex((item) => item === document.activeElement);
  /** @type {Record<string, number>} */
  const target = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length, Home: 0, End: items.length - 1 };
  if (!(key in target)) return false;
  items[target[key]]?.focus();
  return true;
}
