// Which dollar signs are formulas and which are money.

import assert from "node:assert/strict";
import { test } from "node:test";
import { splitBlocks } from "../../frontend/src/text/blocks.js";

function formulas(text) {
  const found = [];
  JSON.stringify(splitBlocks(text), (_, value) => {
    if (value?.type === "inlineMath" || value?.type === "blockMath") found.push(value.text);
    return value;
  });
  return found;
}

const MONEY = [
  "It costs $5 and $6.", "Between $5-$10 a month", "US$5 or A$7", "$5 (about four) and 3$ more", "$1,000.50 to $2,000",
  "Pay $20/month, not $30/month.", "`$a$` is code", "a lone $ sign", "\\$5 and \\$6", "$ 5 $",
];

for (const text of MONEY) {
  test(`Money is not a formula: ${text}`, () => {
    assert.deepEqual(formulas(text), []);
  });
}

const MATHS = [
  ["so $x$ is", ["x"]], ["$a_1 + b$ and $c$", ["a_1 + b", "c"]], ["$5x = 10$", ["5x = 10"]], ["$2$", ["2"]],
  ["\\(a^2\\) inline", ["a^2"]], ["$$\n\\frac{1}{2}\n$$", ["\\frac{1}{2}"]], ["\\[\nx = 1\n\\]", ["x = 1"]],
  ["text\n$$a$$\nmore", ["a"]], ["- item with $y$", ["y"]], ["| a |\n|---|\n| $z$ |", ["z"]], ["cost $5, then $x^2$", ["x^2"]],
  ["where $x$", ["x"]], ["**bold** $x$.", ["x"]],
];

for (const [text, expected] of MATHS) {
  test(`A formula is found in: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(formulas(text), expected);
  });
}

test("Underscores inside a formula are not emphasis", () => {
  const [paragraph] = splitBlocks("$a_1$ and $b_1$");

  assert.deepEqual(paragraph.tokens.map(({ type }) => type), ["inlineMath", "text", "inlineMath"]);
});
