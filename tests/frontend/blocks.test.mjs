// Laws of the Markdown splitter: any cutting of the text gives the same blocks, and finished ones stay the same.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createSplitter, splitBlocks } from "../../frontend/src/text/blocks.js";

const ANSWER = [
  "# Title", "", "A paragraph with **bold**,", "two lines and $x^2$.", "", "1. one", "", "2. two", "   - inner", "", "3. three",
  "", "- [x] done", "- [ ] open", "", "```py", "a = 1", "", "b = 2", "```", "", "| a | b |", "|---|--:|", "| 1 | 2 |", "",
  "> quoted", "> more", "", "$$", "\\frac{1}{2}", "$$", "", "Before", "\\[ y = 1 \\]", "after", "", "Setext", "------", "",
  "<b>raw</b> text", "", "---", "", "last",
].join("\n");

/** Deterministic stand-in for chance, so that a failure can be repeated. */
function randomSizes(seed) {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return 1 + (state % 17);
  };
}

function pushInPieces(text, nextSize) {
  const splitter = createSplitter();
  let blocks = [];
  for (let at = 0; at < text.length; ) {
    const size = nextSize();
    blocks = splitter.push(text.slice(at, at + size));
    at += size;
  }
  return blocks;
}

const shape = (blocks) => blocks.map(({ type, raw }) => [type, raw.trim()]);

test("Any cutting of an answer gives the blocks of the whole answer", () => {
  const whole = shape(splitBlocks(ANSWER));

  for (let seed = 1; seed <= 60; seed += 1) assert.deepEqual(shape(pushInPieces(ANSWER, randomSizes(seed))), whole);
});

test("One character at a time gives the blocks of the whole answer", () => {
  assert.deepEqual(shape(pushInPieces(ANSWER, () => 1)), shape(splitBlocks(ANSWER)));
});

test("A finished block keeps its identity while the answer grows", () => {
  const splitter = createSplitter();

  const before = splitter.push("First.\n\nSecond.\n\nThird.\n\n");
  const after = splitter.push("Fourth.\n\nFifth.\n");

  assert.equal(after[0], before[0]);
  assert.equal(after[1], before[1]);
});

test("A number that may still become a list item does not finish the list", () => {
  const splitter = createSplitter();

  splitter.push("1. one\n\n2");
  const blocks = splitter.push(". two\n");

  assert.deepEqual(blocks.map(({ type }) => type), ["list"]);
  assert.equal(blocks[0].items.length, 2);
});

test("Windows line ends mean the same as others, even when cut in two", () => {
  const splitter = createSplitter();

  splitter.push("one\r");
  const blocks = splitter.push("\n\r\ntwo");

  assert.deepEqual(blocks.map(({ text }) => text), ["one", "two"]);
});

test("Twenty thousand pieces are split in well under a second per thousand", () => {
  const splitter = createSplitter();
  const started = performance.now();

  for (let index = 0; index < 20_000; index += 1) splitter.push(index % 40 === 39 ? "end.\n\n" : "word ");

  assert.ok(performance.now() - started < 20_000);
});
