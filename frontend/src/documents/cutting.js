/**
 * A long text as blocks, so that only those on the screen need be laid out. Pure; knows texts only. A block is of whole
 * lines as far as that goes: only a line that is longer than a block is cut, which breaks it on the screen.
 */

/** Characters of a block at most: engines take a line that is much longer very slowly. */
export const BLOCK = 8000;
// Characters of a row, in an alphabet and on a wide screen.
const ROW = 90;
// So near its end a block may be cut, to spare a word.
const TAIL = 200;
const LAST_SPACE = /[ \t\u3000][^ \t\u3000]*$/;
// As far as the block holds it: of what lies at its end the rest may be in the next one.
const LAST_CHARACTER = /\P{M}\p{M}*$/u;

/**
 * @param {[string, string, string]} parts  a text before, in and after a mark
 * @returns {[string, string, string][]}  the same of each block; joined they are the text
 */
export function blocksOf([before, marked, after]) {
  const text = before + marked + after;
  /** @type {[string, string, string][]} */
  const blocks = [];
  for (let at = 0, end = 0; at < text.length; at = end) {
    end = endOf(text, at);
    const [from, to] = [before.length, before.length + marked.length].map((edge) => Math.min(Math.max(edge, at), end));
    blocks.push([text.slice(at, from), text.slice(from, to), text.slice(to, end)]);
  }
  return blocks;
}

/** About how many rows a block takes on the screen, until it has been laid out. @param {string} block */
export function rowsOf(block) {
  return block.split("\n").reduce((rows, line) => rows + 1 + Math.floor(line.length / ROW), 0);
}

/** Where the block ends that begins here: after a line, else after a word, else anywhere. @param {string} text @param {number} at */
function endOf(text, at) {
  const piece = text.slice(at, at + BLOCK);
  if (at + piece.length === text.length) return text.length;
  const line = piece.lastIndexOf("\n") + 1;
  if (line > 0) return at + line;
  const tail = piece.slice(-TAIL);
  return at + BLOCK - TAIL + (tail.search(LAST_SPACE) + 1 || Math.max(0, tail.search(LAST_CHARACTER)));
}
