/**
 * A document, or a passage at its place in it. Knows that only texts can be shown whole: of a PDF it shows the page's
 * number and the passage. Everything is shown as text; nothing in a document becomes an element. A text is shown in
 * blocks, of which the browser lays out what is near the screen.
 */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { toText } from "../documents/bytes.js";
import { placeOf } from "../documents/citing.js";
import { blocksOf, rowsOf } from "../documents/cutting.js";
import { t } from "../i18n/index.js";
import { useApp } from "./context.js";
import { Dialog } from "./Dialog.jsx";

/** @import { Conversation, Document, Passage } from "../types.js" */

/** @param {{ conversation: Conversation, name: string, passage?: Passage, onClose: () => void }} props */
export function Viewer({ conversation, name, passage, onClose }) {
  const { documents } = useApp();
  const [document, setDocument] = useState(/** @type {Document | null | undefined} */ (undefined));
  const region = useRef(/** @type {HTMLDivElement | null} */ (null));

  useEffect(() => {
    documents.of(conversation).then((all) => setDocument(all.find((one) => one.name === name) ?? null));
  }, []);
  useLayoutEffect(() => region.current?.querySelector("mark")?.scrollIntoView({ block: "center" }), [document]);

  const { note, blocks } = useMemo(() => shownOf(document, passage), [document, passage]);
  return (
    <Dialog title={name} kind="page" onClose={onClose}>
      {note && <p class="small-print">{note}</p>}
      <div ref={region} class="document-text" role="region" aria-label={name} tabIndex={0} data-testid="document-text" onCopy={copyText}>
        {blocks.map(([before, marked, after]) => (
          <div style={{ containIntrinsicHeight: `auto ${rowsOf(before + marked + after)}lh` }}>
            {before}{marked && <mark>{marked}</mark>}{after}
          </div>
        ))}
      </div>
    </Dialog>
  );
}

/** As it stands in the document: the browser would end a line where it is only cut. @param {ClipboardEvent & { currentTarget: HTMLElement }} event */
function copyText(event) {
  const selection = getSelection();
  const range = selection?.rangeCount ? selection.getRangeAt(0) : null;
  if (!range || !event.currentTarget.contains(range.commonAncestorContainer)) return;
  event.clipboardData?.setData("text/plain", String(range));
  event.preventDefault();
}

/**
 * @param {Document | null | undefined} document  null: not on the device; undefined: not read yet
 * @param {Passage} [passage]
 * @returns {{ note: string, blocks: [string, string, string][] }} a line above, and each block's text before, in and after the mark
 */
function shownOf(document, passage) {
  const alone = /** @type {[string, string, string]} */ (["", passage?.text ?? "", ""]);
  if (document === undefined) return { note: "", blocks: [] };
  if (!document) return { note: t("document.gone"), blocks: blocksOf(alone) };
  if (document.type === "application/pdf") return { note: pageOf(passage), blocks: blocksOf(alone) };
  const text = toText(document.data);
  const place = passage ? placeOf(text, passage) : /** @type {[string, string, string]} */ ([text, "", ""]);
  return place ? { note: "", blocks: blocksOf(place) } : { note: t("source.moved"), blocks: blocksOf(alone) };
}

/** @param {Passage} [passage] */
function pageOf(passage) {
  return passage?.page ? t("source.page", { page: passage.page }) : "";
}
