// The law of a streamed answer: it ends with [DONE] or one error, and anything else was cut.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createAnswerDecoder, piecesOfWhole, readAnswer } from "../../frontend/src/api/stream.js";

const chunk = (delta, finish_reason = null) => `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const DONE = "data: [DONE]\n\n";

function decode(texts, requestId = "r1") {
  const decoder = createAnswerDecoder(requestId);
  const pieces = [...texts.flatMap((text) => decoder.push(text)), ...decoder.end()];
  return { pieces, error: thrown(() => decoder.check()) };
}

function thrown(action) {
  try {
    action();
    return null;
  } catch (error) {
    return error.problem;
  }
}

const textOf = (pieces) => pieces.filter(({ kind }) => kind === "text").map(({ value }) => value).join("");

test("An answer that ends with [DONE] is complete", () => {
  const { pieces, error } = decode([chunk({ role: "assistant" }), chunk({ content: "Hel" }), chunk({ content: "lo" }), chunk({}, "stop"), DONE]);

  assert.equal(textOf(pieces), "Hello");
  assert.deepEqual(pieces.at(-1), { kind: "finish", value: "stop" });
  assert.equal(error, null);
});

test("Any cutting of the bytes gives the same answer", () => {
  const stream = `: hello\n\n${chunk({ content: "天空" })}: beat\n\n${chunk({ content: " is\nblue" }, "length")}${DONE}`;

  for (let size = 1; size < 30; size += 1) {
    const texts = stream.match(new RegExp(`[^]{1,${size}}`, "g"));
    assert.equal(textOf(decode(texts).pieces), "天空 is\nblue");
    assert.equal(decode(texts).error, null);
  }
});

test("An answer that just stops was interrupted, and keeps its text and request id", () => {
  const { pieces, error } = decode([chunk({ content: "half" })], "r7");

  assert.equal(textOf(pieces), "half");
  assert.equal(error.code, "interrupted");
  assert.equal(error.requestId, "r7");
});

test("A finish reason without [DONE] is still an interrupted answer", () => {
  assert.equal(decode([chunk({ content: "all" }, "stop")]).error.code, "interrupted");
});

test("An error inside the stream keeps the text before it", () => {
  const { pieces, error } = decode([chunk({ content: "some" }), 'data: {"error":{"message":"died","type":"t","code":"upstream_error"}}\n\n']);

  assert.equal(textOf(pieces), "some");
  assert.deepEqual([error.code, error.message], ["upstream_error", "died"]);
});

test("Nothing after [DONE] counts", () => {
  const { pieces, error } = decode([chunk({ content: "a" }), DONE, chunk({ content: "b" })]);

  assert.equal(textOf(pieces), "a");
  assert.equal(error, null);
});

test("A last event without its empty line is not lost", () => {
  assert.equal(decode([chunk({ content: "a" }), "data: [DONE]"]).error, null);
});

test("A torn last event is an interruption and not a crash", () => {
  assert.equal(decode([chunk({ content: "a" }), 'data: {"choi']).error.code, "interrupted");
});

test("Thinking is told apart from the answer", () => {
  const { pieces } = decode([chunk({ reasoning_content: "hm" }), chunk({ content: "yes" }), DONE]);

  assert.deepEqual(pieces.map(({ kind }) => kind), ["thinking", "text"]);
});

test("Chunks with no choices, and shapes nobody promised, are passed over", () => {
  const { pieces, error } = decode(['data: {"choices":[],"usage":{}}\n\n', "data: null\n\n", 'data: {"choices":[{"delta":{"content":5}}]}\n\n', DONE]);

  assert.deepEqual(pieces, []);
  assert.equal(error, null);
});

test("A whole answer in one response gives everything at once", async () => {
  const response = new Response(chunk({ content: "one " }) + chunk({ content: "two" }) + DONE);
  const batches = [];

  for await (const batch of readAnswer(response)) batches.push(...batch);

  assert.equal(textOf(batches), "one two");
});

test("An HTML page instead of a stream is an interrupted answer", async () => {
  const reading = async () => {
    for await (const batch of readAnswer(new Response("<h1>Hello</h1>"))) assert.deepEqual(batch, []);
  };

  await assert.rejects(reading, { message: "interrupted" });
});

test("Thinking under vLLM's name is thinking, and a refusal is text", () => {
  const { pieces } = decode([chunk({ reasoning: "hm" }), chunk({ refusal: "I would rather not." }), DONE]);

  assert.deepEqual(pieces.map(({ kind, value }) => [kind, value]), [["thinking", "hm"], ["text", "I would rather not."]]);
});

test("A chunk tells which model it is of", () => {
  const { pieces } = decode([`data: ${JSON.stringify({ model: "a", choices: [{ delta: { content: "hi" } }] })}\n\n`, DONE]);

  assert.deepEqual(pieces, [{ kind: "model", value: "a" }, { kind: "text", value: "hi" }]);
});

test("A whole answer is told in the pieces of one chunk", () => {
  const message = { role: "assistant", content: "yes", reasoning_content: "hm" };
  const pieces = piecesOfWhole({ model: "a", choices: [{ index: 0, message, finish_reason: "length" }] });

  assert.deepEqual(pieces.map(({ kind, value }) => [kind, value]), [["model", "a"], ["thinking", "hm"], ["text", "yes"], ["finish", "length"]]);
  assert.deepEqual([null, {}, { choices: [] }].map(piecesOfWhole), [[], [], []]);
});
