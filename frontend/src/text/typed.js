/**
 * What one types to reach a row of a list. Knows letters and pauses; must not know elements.
 */

// A pause this long begins a new word.
const WORD_MS = 700;

/** Keys that follow each other within a breath are one word; the first row that begins with it is meant. */
export function createTyped() {
  let word = "";
  let until = 0;

  /** @param {Pick<KeyboardEvent, "key" | "timeStamp">} event @param {{ value: string }[]} rows @returns {number | undefined} */
  return ({ key, timeStamp }, rows) => {
    if (key.length !== 1) return undefined;
    word = (timeStamp < until ? word : "") + key.toLowerCase();
    until = timeStamp + WORD_MS;
    const found = rows.findIndex(({ value }) => value.toLowerCase().startsWith(word));
    return found < 0 ? undefined : found;
  };
}
