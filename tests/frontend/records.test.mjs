// What is kept: nothing another tab wrote is lost, and nothing deleted comes back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeConversations, newConversation, newId, newMessage, settle, toWire, whole } from "../../frontend/src/state/records.js";
import { createMemoryStorage, nextRecord } from "../../frontend/src/state/storage.js";

const say = (text, parts = {}) => newMessage({ role: "user", text, state: "complete", created: 1, ...parts });
const talk = (messages, parts = {}) => ({ ...newConversation("anna", "m", 1), messages, ...parts });

test("Ids differ", () => {
  assert.equal(new Set(Array.from({ length: 1000 }, newId)).size, 1000);
});

test("A first save stores the record as version 1", () => {
  assert.equal(nextRecord(undefined, talk([say("a")])).version, 1);
});

test("A save never brings back what another tab deleted", () => {
  assert.equal(nextRecord(undefined, talk([say("a")], { version: 3 })), null);
});

test("A save onto what we last saw keeps exactly our messages, so editing can shorten", () => {
  const stored = talk([say("a"), say("b")], { version: 2 });

  assert.equal(nextRecord(stored, { ...stored, messages: [stored.messages[0]] }).messages.length, 1);
});

test("A save onto what another tab wrote keeps the messages of both, in order", () => {
  const first = say("a", { created: 1 });
  const stored = talk([first, say("theirs", { created: 2 })], { version: 5 });
  const ours = { ...stored, version: 4, messages: [{ ...first, text: "a!" }, say("ours", { created: 3 })] };

  const next = nextRecord(stored, ours);

  assert.deepEqual(next.messages.map(({ text }) => text), ["a!", "theirs", "ours"]);
  assert.equal(next.version, 6);
});

test("Merging takes the later time of use", () => {
  assert.equal(mergeConversations(talk([], { updated: 9 }), talk([], { updated: 3 })).updated, 9);
});

test("An answer nobody writes any more was interrupted", () => {
  const [before, after] = settle(talk([say("a"), say("b", { role: "assistant", state: "streaming" })])).messages;

  assert.deepEqual([before.state, after.state], ["complete", "interrupted"]);
});

test("The model is sent instructions and words, no empty answers and no thinking", () => {
  const messages = [say("hi"), say("", { role: "assistant", state: "error" }), say("again"), say("yes", { role: "assistant", thinking: "hm" })];

  assert.deepEqual(toWire(talk(messages, { system: " Be brief. " }), "default"), [
    { role: "system", content: "Be brief." }, { role: "user", content: "hi" }, { role: "user", content: "again" },
    { role: "assistant", content: "yes" },
  ]);
});

test("Without its own instructions a conversation uses the default ones, and without any sends none", () => {
  assert.deepEqual(toWire(talk([]), "default"), [{ role: "system", content: "default" }]);
  assert.deepEqual(toWire(talk([]), "  "), []);
});

test("Each person sees only their own conversations and deletes only those", async () => {
  const storage = createMemoryStorage();
  const mine = talk([say("a")]);
  const yours = talk([say("b")], { user: "bob" });
  await storage.save(mine);
  await storage.save(yours);

  await storage.removeAll("anna");

  assert.deepEqual(await storage.list("anna"), []);
  assert.deepEqual((await storage.list("bob")).map(({ id }) => id), [yours.id]);
});

test("Deleting a conversation deletes its documents, and nobody else's", async () => {
  const storage = createMemoryStorage();
  const document = (id, conversation, user) => ({ id, conversation, user, name: id, type: "text/plain", size: 1, data: "" });
  for (const one of [document("d1", "c1", "anna"), document("d2", "c2", "anna"), document("d3", "c3", "bob")]) await storage.saveDocument(one);

  await storage.remove("c1");
  const left = await storage.loadDocuments("c2");
  await storage.removeAll("anna");

  assert.deepEqual([(await storage.loadDocuments("c1")).length, left.length, (await storage.loadDocuments("c2")).length], [0, 1, 0]);
  assert.equal((await storage.loadDocuments("c3")).length, 1);
});

test("A record from before there were documents has none, and merging keeps those of both tabs", () => {
  const { documents: _, ...old } = talk([say("a")]);
  const ours = talk([], { documents: [{ id: "d1" }] });

  assert.deepEqual(whole(old).documents, []);
  assert.deepEqual(mergeConversations(old, ours).documents, [{ id: "d1" }]);
  assert.deepEqual(mergeConversations(talk([], { documents: [{ id: "d2" }] }), ours).documents, [{ id: "d1" }, { id: "d2" }]);
});

test("What the model answers from follows the instructions, in one message", () => {
  const expected = [{ role: "system", content: "Be brief.\n\n[1] Hi" }];

  assert.deepEqual(toWire(talk([], { system: "Be brief." }), "", "[1] Hi"), expected);
});
