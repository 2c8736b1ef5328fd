/**
 * Growing Markdown, cut into top-level blocks. Finished blocks keep their identity for ever, so that nobody
 * renders them twice; only the tail is read again when text arrives. Knows the lexer; must not know elements.
 *
 * Rule 1: a block is finished when a later block's first line is complete, because until then that line may
 * still turn out to belong to it ("2" may become "2. next item").
 * Rule 2: at the end the reader calls `splitBlocks` on the whole text once, so that links defined at the bottom reach the top.
 */

import { Marked } from "marked";
import { blockMath, inlineMath } from "./math.js";

/** @import { Token, TokensList } from "marked" */

const marked = new Marked({ gfm: true, extensions: [blockMath, inlineMath] });

/** @param {string} text @returns {Token[]} */
export function splitBlocks(text) {
  return visible(marked.lexer(text.replaceAll("\r", "")));
}

export function createSplitter() {
  /** @type {Token[]} */
  let finished = [];
  let tail = "";

  /** @param {string} text @returns {Token[]} */
  function push(text) {
    tail += text.replaceAll("\r", "");
    const tokens = marked.lexer(tail);
    const count = finishedCount(tokens);
    const closed = tokens.slice(0, count);
    if (count > 0) finished = finished.concat(visible(closed));
    tail = tail.slice(lengthOf(closed));
    return finished.concat(visible(tokens.slice(count)));
  }

  return { push };
}

/**
 * How many leading tokens no further text can change.
 * @param {TokensList | Token[]} tokens
 */
function finishedCount(tokens) {
  for (let index = tokens.length - 1; index > 0; index -= 1) {
    const rest = tokens.slice(index).map((token) => token.raw).join("");
    const startsBlock = tokens[index].type !== "space";
    if (startsBlock && rest.trimStart().includes("\n")) return index;
  }
  return 0;
}

/** @param {Token[]} tokens */
function lengthOf(tokens) {
  return tokens.reduce((sum, token) => sum + token.raw.length, 0);
}

/** @param {Token[]} tokens */
function visible(tokens) {
  return tokens.filter((token) => token.type !== "space" && token.type !== "def");
}
