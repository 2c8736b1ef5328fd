/**
 * A choice from rows that say more than a name. Knows the keyboard's rules for listboxes, and that the focus stays on
 * the list while `aria-activedescendant` moves; must not know what the rows are about.
 */

import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { createTyped } from "../text/typed.js";
import { useClosing } from "./closing.js";
import { Icon } from "./Icon.jsx";

/** @typedef {{ value: string, spoken: string, row: import("preact").ComponentChildren }} Option */

const OPENING = /^Arrow(Up|Down)$/;

/**
 * @param {object} props
 * @param {string} props.label
 * @param {string} props.testId
 * @param {string} props.value
 * @param {string} props.shown  the value in words
 * @param {Option[]} props.options
 * @param {(value: string) => void} props.onChoose
 * @param {boolean} props.invalid
 * @param {boolean} props.disabled
 * @param {string} props.note  what holds for all rows
 */
export function Listbox({ label, testId, value, shown, options, onChoose, invalid, disabled, note }) {
  const id = useId();
  const { root, button, list, at, setAt, isOpen, setOpen, onKeyDown } = useListbox(options, value, onChoose);
  return (
    <div class="select" ref={root} onKeyDown={onKeyDown}>
      <button
        type="button" ref={button} class={invalid ? "select-button is-invalid" : "select-button"} data-testid={testId} data-value={value}
        disabled={disabled} aria-haspopup="listbox" aria-expanded={isOpen} aria-label={`${label}: ${shown}`} onClick={() => setOpen(!isOpen)}
      >
        {shown}
      </button>
      <Icon name="chevron" />
      {isOpen && (
        <div class="popup">
          <ul
            ref={list} class="options" role="listbox" tabIndex={0} aria-label={label} aria-activedescendant={at < 0 ? undefined : `${id}-${at}`}
          >
            {options.map((option, index) => (
              <li
                key={option.value} id={`${id}-${index}`} class={index === at ? "option is-active" : "option"} role="option" data-value={option.value}
                aria-selected={option.value === value} aria-label={option.spoken} onPointerMove={() => setAt(index)}
                onClick={() => { setOpen(false); onChoose(option.value); }}
              >
                {option.row}
                {option.value === value && <Icon name="check" />}
              </li>
            ))}
          </ul>
          {note && <p class="small-print popup-note">{note}</p>}
        </div>
      )}
    </div>
  );
}

/** @param {Option[]} options @param {string} value @param {(value: string) => void} onChoose */
function useListbox(options, value, onChoose) {
  const root = useRef(/** @type {HTMLDivElement | null} */ (null));
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const list = useRef(/** @type {HTMLUListElement | null} */ (null));
  const [isOpen, setOpenState] = useState(false);
  const [at, setAt] = useState(-1);
  const typed = useRef(createTyped());

  /** @param {boolean} open */
  function setOpen(open) {
    setOpenState(open);
    typed.current = createTyped();
    if (open) setAt(options.findIndex((option) => option.value === value));
    else button.current?.focus();
  }

  useLayoutEffect(() => list.current?.focus({ preventScroll: true }), [isOpen]);
  useLayoutEffect(() => list.current?.children[at]?.scrollIntoView({ block: "nearest" }), [isOpen, at]);
  useClosing(root, isOpen, () => setOpenState(false));

  /** @param {KeyboardEvent} event */
  function onKeyDown(event) {
    if (event.key === "Tab") return setOpenState(false);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!isOpen && !OPENING.test(event.key)) return;
    if (isOpen) onOpenKey(event);
    else setOpen(true);
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {KeyboardEvent} event */
  function onOpenKey(event) {
    const isTaken = event.key === "Enter" || event.key === " ";
    if (isTaken || event.key === "Escape") setOpen(false);
    else setAt(moved(event.key, at, options.length) ?? typed.current(event, options) ?? at);
    if (isTaken && options[at]) onChoose(options[at].value);
  }

  return { root, button, list, at, setAt, isOpen, setOpen, onKeyDown };
}

/** @param {string} key @param {number} at @param {number} count @returns {number | undefined} */
function moved(key, at, count) {
  /** @type {Record<string, number>} */
  const target = { ArrowDown: Math.min(at + 1, count - 1), ArrowUp: Math.max(at - 1, 0), Home: 0, End: count - 1 };
  return target[key];
}
