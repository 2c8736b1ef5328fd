/**
 * Which dollar signs and brackets are formulas: tokenizers for the Markdown lexer. Knows TeX's delimiters and
 * how prices look; must not know how a formula is drawn (`components/Formula.jsx`).
 */

/** @import { TokenizerExtension } from "marked" */

// A closing dollar touches its formula and is followed by no digit, so that "$5 and $6" stays money.
const INLINE = [
  /^\$\$(?!\$)((?:\\[^]|[^$\\])+?)\$\$/,
  /^\$(?![\s$])((?:\\[^]|[^$\\\n])*?[^\s$\\]|(?:\\[^]|[^$\\\n])*?\\[^\s])\$(?![\d$])/,
  /^\\\(((?:(?!\\\))[^])+?)\\\)/,
  /^\\\[((?:(?!\\\])[^])+?)\\\]/,
];
// Without empty lines inside: a block's end must be known without reading the rest of the answer.
const BLOCK = [
  /^ {0,3}\$\$[ \t]*\n?((?:(?!\$\$|\n[ \t]*\n)[^])+?)\$\$[ \t]*(?:\n|$)/,
  /^ {0,3}\\\[[ \t]*\n?((?:(?!\\\]|\n[ \t]*\n)[^])+?)\\\][ \t]*(?:\n|$)/,
];
// "5 (about 4) and 3": a number followed by words and no operator is a price list, not algebra.
const PRICE = /^\d[\d.,]*(?:\s+[^=+*/^_\\<>{}]*)?$/;

/** @type {TokenizerExtension} */
export const inlineMath = {
  name: "inlineMath",
  level: "inline",
  start(source) {
    const found = /(?<![\w\\$])\$|\\[([]/.exec(source);
    return found?.index;
  },
  tokenizer(source) {
    const found = first(INLINE, source);
    if (!found || (isSingleDollar(found[0]) && isMoney(found[1]))) return undefined;
    const display = found[0].startsWith("$$") || found[0].startsWith("\\[");
    return { type: "inlineMath", raw: found[0], text: found[1].trim(), display };
  },
};

/** @type {TokenizerExtension} */
export const blockMath = {
  name: "blockMath",
  level: "block",
  start(source) {
    const found = /(?:^|\n) {0,3}(?:\$\$|\\\[)/.exec(source);
    return found ? found.index + (found[0].startsWith("\n") ? 1 : 0) : undefined;
  },
  tokenizer(source) {
    const found = first(BLOCK, source);
    return found && { type: "blockMath", raw: found[0], text: found[1].trim(), display: true };
  },
};

/** @param {RegExp[]} patterns @param {string} source */
function first(patterns, source) {
  for (const pattern of patterns) {
    const found = pattern.exec(source);
    if (found) return found;
  }
  return undefined;
}

/** @param {string} raw */
function isSingleDollar(raw) {
  return raw.startsWith("$") && !raw.startsWith("$$");
}

/** @param {string} text */
function isMoney(text) {
  return PRICE.test(text) && /\s/.test(text);
}
