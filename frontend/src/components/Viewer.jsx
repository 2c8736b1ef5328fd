/**
 * A document, or a passage at its place in it. Knows that only texts can be shown whole: of a PDF it shows the page's
 * number and the passage. Everything is shown as text; nothing in a document becomes an element.
 */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { toText } from "../documents/bytes.js";
import { placeOf } from "../documents/citing.js";
import { t } from "../i18n/index.js";
import { useApp } from "./context.js";
import { Dialog } from "./Dialog.jsx";

/** @import { Conversation, Document, Passage } from "../types.js" */

/** @param {{ conversation: Conversation, name: string, passage?: Passage, onClose: () => void }} props */
export function Viewer({ conversation, name, passage, onClose }) {
  const { documents } = useApp();
  const [document, setDocument] = useState(/** @type {Document | null | undefined} */ (undefined));
  const mark = useRef(/** @type {HTMLElement | null} */ (null));

  useEffect(() => {
    documents.of(conversation).then((all) => setDocument(all.find((one) => one.name === name) ?? null));
  }, []);
  useLayoutEffect(() => mark.current?.scrollIntoView({ block: "center" }), [document]);

  const { note, parts } = shownOf(document, passage);
  return (
    <Dialog title={name} kind="page" onClose={onClose}>
      {note && <p class="small-print">{note}</p>}
      <div class="document-text" role="region" aria-label={name} tabIndex={0} data-testid="document-text">
        {parts[0]}{parts[1] && <mark ref={mark}>{parts[1]}</mark>}{parts[2]}
      </div>
    </Dialog>
  );
}

/**
 * @param {Document | null | undefined} document  null: not on the device; undefined: not read yet
 * @param {Passage} [passage]
 * @returns {{ note: string, parts: [string, string, string] }} a line above, and the text before, in and after the mark
 */
function shownOf(document, passage) {
  const alone = /** @type {[string, string, string]} */ (["", passage?.text ?? "", ""]);
  if (document === undefined) return { note: "", parts: ["", "", ""] };
  if (!document) return { note: t("document.gone"), parts: alone };
  if (document.type === "application/pdf") return { note: pageOf(passage), parts: alone };
  const text = toText(document.data);
  const place = passage ? placeOf(text, passage) : /** @type {[string, string, string]} */ ([text, "", ""]);
  return place ? { note: "", parts: place } : { note: t("source.moved"), parts: alone };
}

/** @param {Passage} [passage] */
function pageOf(passage) {
  return passage?.page ? t("source.page", { page: passage.page }) : "";
}
