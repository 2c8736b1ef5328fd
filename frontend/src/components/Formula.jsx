/**
 * A formula: its source at once, MathML as soon as the library is there. Knows nothing of TeX.
 */

import { useEffect, useRef } from "preact/hooks";

/** @param {{ text: string, display: boolean }} props */
export function Formula({ text, display }) {
  // Keyed by its text: once filled, the element's content is no longer the renderer's to compare.
  return <FormulaBox key={text} text={text} display={display} />;
}

/** @param {{ text: string, display: boolean }} props */
function FormulaBox({ text, display }) {
  const element = useRef(/** @type {HTMLElement | null} */ (null));

  useEffect(() => {
    const box = element.current;
    if (!box) return;
    box.textContent = text;
    import("./formula.js")
      .then(({ drawFormula }) => drawFormula(box, text, display))
      // TeX it cannot read stays on the page as it was written.
      .catch(() => box.classList.add("is-source"));
  }, [text, display]);

  return <span ref={element} class={display ? "formula is-display" : "formula"} />;
}
