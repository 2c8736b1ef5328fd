/**
 * What opens over the page closes when one presses beside it. Knows nothing of what it is.
 */

import { useEffect } from "preact/hooks";

/** @param {{ current: HTMLElement | null }} root @param {boolean} isOpen @param {() => void} close */
export function useClosing(root, isOpen, close) {
  useEffect(() => {
    if (!isOpen) return undefined;
    /** @param {Event} event */
    const outside = (event) => !root.current?.contains(/** @type {Node} */ (event.target)) && close();
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [isOpen]);
}
