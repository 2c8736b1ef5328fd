/**
 * A conversation's title from its first question. Knows text only.
 */

// About as much as one line of the list shows; CJK characters are twice as wide.
const WIDTH = 44;
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u;

/** @param {string} question */
export function makeTitle(question) {
  const line = question.slice(0, 2000).split("\n").map(plain).find(Boolean) ?? "";
  const kept = fit([...line]);
  if (kept.length === line.length) return line;
  const words = kept.replace(/\s+\S*$/, "");
  return `${(words.length > kept.length / 2 ? words : kept).trimEnd()}…`;
}

/** @param {string} line */
function plain(line) {
  return line.replace(/^[\s#>*+-]+|`+|\*\*|\s+$/g, "").replace(/\s+/g, " ");
}

/** @param {string[]} characters */
function fit(characters) {
  let width = 0;
  const end = characters.findIndex((character) => (width += WIDE.test(character) ? 2 : 1) > WIDTH);
  return (end < 0 ? characters : characters.slice(0, end)).join("");
}
