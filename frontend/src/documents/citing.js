/**
 * Which passages an answer cites, and where a passage stands in its document. Pure; knows texts only.
 */

/** @import { Passage } from "../types.js" */

/** Numbers in brackets, one or several: as models write them, in either language. */
const GROUP = /([[【]\s*\d+(?:\s*[,，、]\s*\d+)*\s*[\]】])/;

/**
 * A text in parts: what is a passage's number, and the text around it.
 * @param {string} text @param {number} count  how many passages there are
 * @returns {(string | number)[]}
 */
export function partsOf(text, count) {
  // Split by a group that is kept: every second part is one.
  const parts = text.split(GROUP).flatMap((part, index) => (index % 2 ? part.split(/(\d+)/) : [part]).map((one, at) => {
    const number = index % 2 && at % 2 ? Number(one) : 0;
    return number >= 1 && number <= count ? number : one;
  }));
  return parts.filter((part) => part !== "");
}

/**
 * The numbers in brackets that are passages' numbers, each once, in order.
 * @param {string} text @param {number} count  how many passages there are
 */
export function citedIn(text, count) {
  const numbers = partsOf(text, count).filter((part) => typeof part === "number");
  return [...new Set(numbers)].sort((one, other) => one - other);
}

/**
 * The document's text before the passage, the passage, and the text after it; null where it is not found.
 * @param {string} text @param {Passage} passage
 * @returns {[string, string, string] | null}
 */
export function placeOf(text, { start, end, text: wanted }) {
  const from = unitsUntil(text, start);
  const to = unitsUntil(text, end);
  if (to > from && text.slice(from, to) === wanted) return [text.slice(0, from), wanted, text.slice(to)];
  // What read the document may have counted line ends otherwise; the words are the same.
  const even = text.replaceAll("\r\n", "\n");
  const at = even.indexOf(wanted);
  return at < 0 || !wanted ? null : [even.slice(0, at), wanted, even.slice(at + wanted.length)];
}

/** UTF-16 units of the first `count` characters. @param {string} text @param {number} count */
function unitsUntil(text, count) {
  let units = 0;
  for (let left = count; left > 0 && units < text.length; left -= 1) units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  return units;
}
