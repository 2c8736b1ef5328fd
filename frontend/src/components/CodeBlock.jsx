/**
 * A block of code with its language and a copy button. While it grows it is plain text; colours come when it is
 * finished, from a chunk of their own.
 */

import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n/index.js";
import { CopyButton } from "./CopyButton.jsx";

/** @param {{ text: string, language: string, open: boolean }} props */
export function CodeBlock({ text, language, open }) {
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  const name = language.trim().split(/\s+/)[0].toLowerCase();

  useEffect(() => {
    const code = element.current;
    if (!code) return;
    code.textContent = text;
    if (open || !name) return;
    // Without the chunk the code stays readable, only grey.
    import("./highlight.js").then(({ highlight }) => highlight(code, text, name)).catch(() => null);
  }, [text, name, open]);

  return (
    <figure class="code">
      <figcaption class="code-head">
        <span>{name || t("code.plain")}</span>
        <CopyButton text={text} label={t("code.copy")} testId="copy-code" />
      </figcaption>
      <pre tabIndex={0} role="group" aria-label={name || t("code.plain")}><code ref={element} translate={false} /></pre>
    </figure>
  );
}
