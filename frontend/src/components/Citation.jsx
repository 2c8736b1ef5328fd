/**
 * The numbers by which an answer cites, as buttons that open the place. Knows which text is a number; what opens is whoever provides it.
 */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { partsOf } from "../documents/citing.js";
import { t } from "../i18n/index.js";

/** How many passages there are and what opens one, for all that is drawn within; null where nothing is cited. */
export const Citing = createContext(/** @type {{ count: number, open: (number: number) => void } | null} */ (null));

/** @param {{ text: string }} props */
export function CitedText({ text }) {
  const citing = useContext(Citing);
  if (!citing) return text;
  return partsOf(text, citing.count).map((part, index) =>
    typeof part === "string" ? part : (
      <button
        key={index} type="button" class="cite" data-testid="cite" aria-label={t("source.open", { n: part })} title={t("source.open", { n: part })}
        onClick={() => citing.open(part)}
      >
        {part}
      </button>
    ));
}
