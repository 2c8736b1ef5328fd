// An answer from the question to each of its ends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../frontend/src/api/problem.js";
import { Answers, orOld } from "../../frontend/src/state/answers.js";
import { Conversations } from "../../frontend/src/state/conversations.js";
import { createMemoryStorage } from "../../frontend/src/state/storage.js";

const text = (value) => [{ kind: "text", value }];
const clock = { frame: setImmediate, later: (callback) => setImmediate(callback), now: () => 0 };

async function build(chat, { known = "m", firstModel = async () => "m", ground = async () => null, streams = () => true } = {}) {
  const asked = [];
  const said = [];
  const storage = createMemoryStorage();
  const conversations = new Conversations({
    storage: Promise.resolve(storage), tabs: { tell: () => null, listen: () => null }, now: () => 1, firstModel: () => known,
  });
  await conversations.start("anna");
  const api = { chat: (question, signal, streamed) => (asked.push(question), chat(signal, streamed)) };
  const announce = (event) => said.push(event);
  const answers = new Answers({ api, conversations, clock, firstModel, streams, ground, defaultSystem: () => "", now: () => 1, announce });
  const id = conversations.currentId.value;
  const last = () => conversations.get(id).messages.at(-1);
  return { answers, conversations, storage, asked, said, id, last };
}

async function* twoWords() {
  yield text("Hello ");
  yield [...text("you"), { kind: "finish", value: "stop" }];
}

test("A complete answer is shown, stored and announced once at each end", async () => {
  const { answers, storage, said, id, last } = await build(twoWords);

  await answers.ask(id, "hi");

  assert.deepEqual([last().text, last().state, last().finish], ["Hello you", "complete", "stop"]);
  assert.equal((await storage.load(id)).messages.at(-1).text, "Hello you");
  assert.deepEqual(said, ["started", "complete"]);
});

test("The first question names the conversation", async () => {
  const { answers, conversations, id } = await build(twoWords);

  await answers.ask(id, "Why is the sky blue?");

  assert.equal(conversations.list.value[0].title, "Why is the sky blue?");
});

test("An error after some text keeps the text", async () => {
  const { answers, id, last } = await build(async function* () {
    yield text("some");
    throw new ApiError({ code: "upstream_error", requestId: "r1" });
  });

  await answers.ask(id, "hi");

  assert.deepEqual([last().text, last().state, last().problem.requestId], ["some", "error", "r1"]);
});

test("A cut answer is interrupted and never complete", async () => {
  const { answers, id, last } = await build(async function* () {
    yield text("some");
    throw new ApiError({ code: "interrupted" });
  });

  await answers.ask(id, "hi");

  assert.equal(last().state, "interrupted");
});

test("Stopping keeps what came", async () => {
  const { answers, id, last } = await build(async function* (signal) {
    yield text("so far");
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  });

  const running = answers.ask(id, "hi");
  await new Promise(setImmediate);
  answers.stop(id);
  await running;

  assert.deepEqual([last().text, last().state], ["so far", "stopped"]);
  assert.equal(answers.running.value.size, 0);
});

test("A model that cannot stream is not asked to, and its whole answer is one like any other", async () => {
  const wanted = [];
  const { answers, id, last } = await build(async function* (_, streamed) {
    wanted.push(streamed);
    yield [{ kind: "model", value: "a" }, ...text("Hello"), { kind: "finish", value: "stop" }];
  }, { streams: (model) => model !== "m" });

  await answers.ask(id, "hi");

  assert.deepEqual(wanted, [false]);
  assert.deepEqual([last().model, last().text, last().finish, last().state], ["a", "Hello", "stop", "complete"]);
});

test("A question asked before the list of models is there waits for it", async () => {
  let come;
  const list = new Promise((resolve) => (come = resolve));
  const { answers, asked, id, last } = await build(twoWords, { known: "", firstModel: () => list });

  const running = answers.ask(id, "hi");
  await new Promise(setImmediate);
  const before = [asked.length, last().state];
  come("m2");
  await running;

  assert.deepEqual(before, [0, "streaming"]);
  assert.deepEqual([asked[0].model, last().model, last().state], ["m2", "m2", "complete"]);
});

test("A list of models that cannot be read is the answer's error, and the next try asks for it again", async () => {
  const tries = [() => Promise.reject(new ApiError({ code: "internal_error" })), async () => "m"];
  const { answers, asked, id, last } = await build(twoWords, { known: "", firstModel: () => tries.shift()() });

  await answers.ask(id, "hi");
  const [state, code] = [last().state, last().problem.code];
  await answers.regenerate(id);

  assert.deepEqual([state, code], ["error", "internal_error"]);
  assert.deepEqual([asked.length, last().state], [1, "complete"]);
});

test("One can stop waiting for the list of models", async () => {
  const { answers, asked, id, last } = await build(twoWords, { known: "", firstModel: () => new Promise(() => null) });

  const running = answers.ask(id, "hi");
  await new Promise(setImmediate);
  answers.stop(id);
  await running;

  assert.deepEqual([asked.length, last().state], [0, "stopped"]);
});

test("Nothing is asked while an answer is running", async () => {
  const { answers, asked, id } = await build(twoWords);

  await Promise.all([answers.ask(id, "one"), answers.ask(id, "two"), answers.regenerate(id)]);

  assert.equal(asked.length, 1);
});

test("Regenerating replaces the last answer and asks the same", async () => {
  const { answers, conversations, asked, id } = await build(twoWords);
  await answers.ask(id, "hi");

  await answers.regenerate(id);

  assert.equal(conversations.get(id).messages.length, 2);
  assert.deepEqual(asked[1], asked[0]);
});

test("Editing a question drops what came after it", async () => {
  const { answers, conversations, asked, id } = await build(twoWords);
  await answers.ask(id, "first");
  await answers.ask(id, "second");

  await answers.edit(id, conversations.get(id).messages[0].id, "better");

  assert.deepEqual(conversations.get(id).messages.map(({ text: said }) => said), ["better", "Hello you"]);
  assert.deepEqual(asked[2].messages, [{ role: "user", content: "better" }]);
});

test("An answer goes on in its own conversation while another is shown", async () => {
  const { answers, conversations, id, last } = await build(twoWords);

  const running = answers.ask(id, "hi");
  conversations.fresh();
  await running;

  assert.notEqual(conversations.currentId.value, id);
  assert.equal(last().state, "complete");
});

test("A device without room stops nothing and is said once", async () => {
  const world = await build(twoWords);
  world.storage.save = async () => {
    throw new DOMException("full", "QuotaExceededError");
  };

  await world.answers.ask(world.id, "hi");

  assert.equal(world.last().state, "complete");
  assert.equal(world.conversations.storageState.value, "failing");
});

test("A new try of which nothing came leaves the answer that was there, with the error under it", async () => {
  let calls = 0;
  const { answers, id, last } = await build(async function* () {
    calls += 1;
    if (calls > 1) throw new ApiError({ code: "upstream_error", requestId: "r2" });
    yield* twoWords();
  });
  await answers.ask(id, "hi");

  await answers.regenerate(id);

  assert.deepEqual([last().text, last().state, last().problem.requestId], ["Hello you", "error", "r2"]);
});

async function* broken() {
  yield text("some");
  throw new ApiError({ code: "upstream_error" });
}

test("Behind a route the answer is told to be of the model that gave it", async () => {
  const { answers, id, last } = await build(async function* () {
    yield [{ kind: "model", value: "a" }, ...text("Hello"), { kind: "model", value: "a" }];
  });

  await answers.ask(id, "hi");

  assert.deepEqual([last().model, last().text, last().state], ["a", "Hello", "complete"]);
});

test("Another model goes on in an answer of its own, and is sent what came so far", async () => {
  const tries = [broken, twoWords, twoWords];
  const { answers, conversations, asked, id } = await build(() => tries.shift()());
  const texts = () => conversations.get(id).messages.map(({ model, text: said, state }) => [model, said, state]);
  const expected = [["", "hi", "complete"], ["m", "some", "error"], ["", "Go on.", "complete"], ["m2", "Hello you", "complete"]];
  await answers.ask(id, "hi");

  await answers.goOn(id, "m2", "Go on.");
  const first = texts();
  await answers.regenerate(id);

  assert.deepEqual(first, expected);
  assert.deepEqual(texts(), expected);
  assert.deepEqual([asked[1].model, asked[1].messages.map(({ role, content }) => `${role}: ${content}`)], ["m2", ["user: hi", "assistant: some", "user: Go on."]]);
});

test("Where nothing came, another model is asked the same question", async () => {
  const tries = [() => { throw new ApiError({ code: "upstream_error" }); }, twoWords];
  const { answers, conversations, asked, id, last } = await build(() => tries.shift()());
  await answers.ask(id, "hi");

  await answers.goOn(id, "m2", "Go on.");

  assert.deepEqual([conversations.get(id).messages.length, last().model, last().state], [2, "m2", "complete"]);
  assert.deepEqual(asked[1], { ...asked[0], model: "m2" });
});

test("What a conversation's documents hold is sent before the question, and kept with the answer", async () => {
  const passages = [{ document: "a.txt", page: null, start: 0, end: 2, text: "Hi" }];
  const { answers, asked, id, last } = await build(twoWords, { ground: async () => ({ passages, context: "[1] Hi" }) });

  await answers.ask(id, "hi");

  assert.deepEqual(asked[0].messages, [{ role: "system", content: "[1] Hi" }, { role: "user", content: "hi" }]);
  assert.deepEqual(last().passages, passages);
});

test("Where the documents cannot be searched, no model is asked", async () => {
  const ground = async () => { throw new ApiError({ code: "document_gone" }); };
  const { answers, asked, id, last } = await build(twoWords, { ground });

  await answers.ask(id, "hi");

  assert.deepEqual([asked.length, last().state, last().problem.code], [0, "error", "document_gone"]);
});

test("An old answer that stays is still told to be of its own model", () => {
  const old = { text: "a", thinking: "", finish: "stop", model: "m1", state: "complete", problem: null, passages: [] };
  const end = { text: "", thinking: "", finish: "", state: "error", problem: { code: "x" } };

  assert.deepEqual(orOld(end, old), { ...old, state: "error", problem: { code: "x" } });
  assert.deepEqual(orOld({ ...end, state: "stopped", problem: null }, old), old);
});
