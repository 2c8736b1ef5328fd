/**
 * The passages under an answer, by the numbers it cites them by. Loaded with the first answer that has some. Knows
 * which are cited; the place itself is shown by `Viewer.jsx`.
 */

import { citedIn } from "../documents/citing.js";
import { t } from "../i18n/index.js";
import { useApp } from "./context.js";
import { Viewer } from "./Viewer.jsx";

/** @import { Passage } from "../types.js" */

/**
 * @param {object} props
 * @param {string} props.conversationId
 * @param {string} props.text
 * @param {Passage[]} props.passages
 * @param {number} props.shown  whose place is open, 0 for none
 * @param {(number: number) => void} props.onOpen
 */
export function Sources({ conversationId, text, passages, shown, onOpen }) {
  const { conversations } = useApp();
  const conversation = conversations.get(conversationId);
  const cited = citedIn(text, passages.length);
  const others = passages.map((_, index) => index + 1).filter((number) => !cited.includes(number));
  if (passages.length === 0) return <p class="small-print sources">{t("source.none")}</p>;
  return (
    <section class="sources" data-testid="sources" aria-label={t("source.list")}>
      {cited.length > 0 && <h3 class="small-print">{t("source.list")}</h3>}
      <List numbers={cited} passages={passages} onOpen={onOpen} />
      {others.length > 0 && (
        <details>
          <summary class="small-print">{t("source.others", { n: others.length })}</summary>
          <List numbers={others} passages={passages} onOpen={onOpen} />
        </details>
      )}
      {shown > 0 && conversation && (
        <Viewer conversation={conversation} name={passages[shown - 1].document} passage={passages[shown - 1]} onClose={() => onOpen(0)} />
      )}
    </section>
  );
}

/** @param {{ numbers: number[], passages: Passage[], onOpen: (number: number) => void }} props */
function List({ numbers, passages, onOpen }) {
  if (numbers.length === 0) return null;
  return (
    <ul class="source-list">
      {numbers.map((number) => {
        const { document, page, text } = passages[number - 1];
        return (
          <li key={number}>
            <button type="button" class="source" data-testid="citation" onClick={() => onOpen(number)}>
              <span class="source-number">[{number}]</span>
              <span class="source-name">{document}{page ? ` · ${t("source.page", { page })}` : ""}</span>
              <span class="source-text">{text}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
