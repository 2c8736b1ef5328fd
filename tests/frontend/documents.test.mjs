// Documents: which files may be attached, what the model is told, and where a passage stands.

import assert from "node:assert/strict";
import { test } from "node:test";
import { contextOf, findGrounds, questionOf } from "../../frontend/src/documents/asking.js";
import { toBase64, toText } from "../../frontend/src/documents/bytes.js";
import { citedIn, partsOf, placeOf } from "../../frontend/src/documents/citing.js";
import { BLOCK, blocksOf, rowsOf } from "../../frontend/src/documents/cutting.js";
import { MOST_BYTES, MOST_FILES } from "../../frontend/src/documents/limits.js";
import { readFiles } from "../../frontend/src/documents/reading.js";
import { formatSize } from "../../frontend/src/i18n/index.js";
import { en } from "../../frontend/src/i18n/en.js";
import { Conversations } from "../../frontend/src/state/conversations.js";
import { Documents } from "../../frontend/src/state/documents.js";
import { createMemoryStorage } from "../../frontend/src/state/storage.js";

const file = (name, content = "Hello", type = "") => new File([content], name, { type });
const codes = async (...files) => (await readFiles(files, [])).refused.map(({ code }) => code);
const passage = (parts) => ({ document: "a.txt", page: null, start: 0, end: 0, text: "", ...parts });
const signal = new AbortController().signal;

async function build(passages = async () => []) {
  const storage = createMemoryStorage();
  const tabs = { tell: () => null, listen: () => null };
  const conversations = new Conversations({ storage: Promise.resolve(storage), tabs, now: () => 1, firstModel: () => "m" });
  await conversations.start("anna");
  const documents = new Documents({ api: { passages }, storage: Promise.resolve(storage), conversations });
  const id = conversations.currentId.value;
  return { storage, conversations, documents, id, now: () => conversations.get(id) };
}

test("Bytes survive base64, whatever they are and however many", () => {
  const text = "天空 is 🟦 ".repeat(20_000);

  assert.equal(toText(toBase64(new TextEncoder().encode(text))), text);
});

test("Text, Markdown and PDF are read, by their endings or by their types", async () => {
  const files = [file("a.TXT"), file("b.md"), file("c.markdown"), file("d.pdf", "\n%PDF-1.7"), file("notes", "x", "text/plain")];

  const { read, refused } = await readFiles(files, []);

  assert.deepEqual(read.map(({ type }) => type), ["text/plain", "text/markdown", "text/markdown", "application/pdf", "text/plain"]);
  assert.deepEqual(refused, []);
  assert.equal(toText(read[0].data), "Hello");
});

test("What cannot be read is refused with a reason that has words", async () => {
  const latin = new File([new Uint8Array([0xe9, 0x20])], "latin.txt");
  const gone = Object.assign(file("gone.txt"), { arrayBuffer: () => Promise.reject(new DOMException("gone", "NotFoundError")) });
  const told = await codes(file("p.png", "x", "image/png"), file("a.docx"), file("e.txt", ""), file("f.pdf", "hello"), latin, gone);

  assert.deepEqual(told, ["picture", "kind", "empty", "notPdf", "encoding", "unreadable"]);
  for (const code of [...told, "tooMany", "tooLarge"]) assert.ok(`document.${code}` in en, code);
});

test("The limits hold for all files of a conversation together", async () => {
  const half = file("half.txt", "a".repeat(MOST_BYTES / 2));
  const many = Array.from({ length: MOST_FILES }, (_, index) => ({ id: `${index}`, name: `${index}.txt`, type: "text/plain", size: 1 }));

  const { read, refused } = await readFiles([half, half, file("one.txt", "a")], []);

  assert.deepEqual([read.length, refused.map(({ code }) => code)], [2, ["tooLarge"]]);
  assert.deepEqual((await readFiles([file("more.txt")], many)).refused.map(({ code }) => code), ["tooMany"]);
  assert.ok(read.reduce((sum, { data }) => sum + data.length, 0) < 4 * 1024 * 1024 - 100_000);
});

test("No two documents of a conversation share a name", async () => {
  const { read } = await readFiles([file("a.txt"), file("a.txt"), file("a.txt")], []);

  assert.deepEqual(read.map(({ name }) => name), ["a.txt", "a (2).txt", "a (3).txt"]);
});

test("Sizes are told as people tell them", () => {
  assert.deepEqual([3_000_000, 1_250_000, 4200, 5].map(formatSize), ["3\u00a0MB", "1.3\u00a0MB", "4\u00a0kB", "1\u00a0kB"]);
});

test("The model is told to cite by number, and which document and page a passage is of", () => {
  const context = contextOf([passage({ text: "Toucans eat fruit." }), passage({ document: "b.pdf", page: 3, text: "And eggs." })]);

  assert.match(context, /cite the passage/);
  assert.match(context, /\n\n\[1\] a\.txt\n"""\nToucans eat fruit\.\n"""\n\n\[2\] b\.pdf, page 3\n"""\nAnd eggs\.\n"""$/);
});

test("Where nothing fits, the model is told to say so", () => {
  assert.match(contextOf([]), /do not hold the answer/);
});

test("Only what the documents hold goes out, and the search is for the last real question", async () => {
  const bodies = [];
  const messages = [{ role: "user", text: "What do toucans eat?" }, { role: "assistant", text: "Fru" }, { role: "user", text: "Go on.", goesOn: true }];
  const document = { id: "d", conversation: "c", user: "anna", name: "a.txt", type: "text/plain", size: 2, data: "SGk=" };

  await findGrounds({ passages: async (body) => (bodies.push(body), []) }, { messages }, [document], signal);

  assert.deepEqual(bodies, [{ question: "What do toucans eat?", documents: [{ name: "a.txt", type: "text/plain", data: "SGk=" }], limit: 6 }]);
  assert.equal(questionOf([{ role: "user", text: "a".repeat(9000) }]).length, 4000);
});

test("The numbers that an answer cites are found, in either language's brackets, and no others", () => {
  assert.deepEqual(citedIn("Fruit [2], eggs [1, 3] and 【2】; see [9], [a] and x[0].", 4), [1, 2, 3]);
});

test("A text is cut at the numbers of its passages, and at nothing else", () => {
  const parts = partsOf("Fruit [2], eggs 【1、 3】; [9], [a], x[0].", 4);

  assert.equal(parts.map((part) => (typeof part === "number" ? `<${part}>` : part)).join(""), "Fruit [<2>], eggs 【<1>、 <3>】; [9], [a], x[0].");
  assert.deepEqual(partsOf("no number", 4), ["no number"]);
});

test("A passage is found at its place, counted in characters", () => {
  const text = "🟦🟦 one two";

  assert.deepEqual(placeOf(text, passage({ start: 3, end: 6, text: "one" })), ["🟦🟦 ", "one", " two"]);
});

test("A passage whose line ends were counted otherwise is found by its words, and one that is not there is not", () => {
  assert.deepEqual(placeOf("a\r\nb\r\nc", passage({ start: 2, end: 5, text: "b\nc" })), ["a\n", "b\nc", ""]);
  assert.equal(placeOf("abc", passage({ start: 0, end: 1, text: "xyz" })), null);
});

test("An attached file makes a conversation that is kept, and named after it until a question names it", async () => {
  const { storage, documents, id, now } = await build();

  await documents.add(id, [file("handbook.md")]);

  assert.deepEqual(now().documents.map(({ name, size }) => [name, size]), [["handbook.md", 5]]);
  assert.equal((await storage.load(id)).title, "handbook.md");
  assert.deepEqual((await documents.of(now())).map(({ user, data }) => [user, toText(data)]), [["anna", "Hello"]]);
});

test("A refused file is told and nothing is kept", async () => {
  const { documents, id, now } = await build();

  await documents.add(id, [file("a.docx")]);

  assert.deepEqual(documents.refused.value, { conversation: id, files: [{ name: "a.docx", code: "kind" }] });
  assert.deepEqual([now().documents, now().version], [[], 0]);
});

test("A removed document is gone from the conversation and from the device", async () => {
  const { storage, documents, id, now } = await build();
  await documents.add(id, [file("a.txt"), file("b.txt")]);

  await documents.remove(id, now().documents[0].id);

  assert.deepEqual((await storage.load(id)).documents.map(({ name }) => name), ["b.txt"]);
  assert.deepEqual((await storage.loadDocuments(id)).map(({ name }) => name), ["b.txt"]);
});

test("A document that a full device does not keep is there as long as the tab, and that is said", async () => {
  const { storage, conversations, documents, id, now } = await build();
  storage.saveDocument = async () => { throw new DOMException("full", "QuotaExceededError"); };
  storage.save = storage.saveDocument;

  await documents.add(id, [file("a.txt")]);

  assert.equal(conversations.storageState.value, "failing");
  assert.equal((await documents.of(now())).length, 1);
});

test("A conversation without documents is asked as ever, and one whose documents are gone says so", async () => {
  const { storage, documents, id, now } = await build(async () => [passage({ text: "Hi" })]);
  const without = await documents.ground(now(), signal);
  await documents.add(id, [file("a.txt")]);
  const grounds = await documents.ground(now(), signal);
  storage.loadDocuments = async () => [];

  assert.equal(without, null);
  assert.equal(grounds.passages.length, 1);
  await assert.rejects(documents.ground(now(), signal), (error) => error.problem.code === "document_gone");
});

test("A question that comes while a file is read is answered from it", async () => {
  const { documents, id, now } = await build(async () => [passage({ text: "Hi" })]);
  const before = now();
  const adding = documents.add(id, [file("a.txt")]);

  const grounds = await documents.ground(before, signal);
  await adding;

  assert.equal(grounds?.passages.length, 1);
});

test("Files that are attached twice at once are counted together", async () => {
  const { documents, id, now } = await build();
  const many = Array.from({ length: MOST_FILES }, (_, number) => file(`${number}.txt`));

  await Promise.all([documents.add(id, many), documents.add(id, [file("one more.txt")])]);

  assert.equal(now().documents.length, MOST_FILES);
  assert.deepEqual(documents.refused.value.files.map(({ code }) => code), ["tooMany"]);
});

const LONG = {
  "of lines": `${"Some words. ".repeat(9)}\n`.repeat(400),
  "of one line": "Toucans say nothing. ".repeat(2000),
  "without spaces": "巨嘴鸟一言不发。".repeat(5000),
  "of pairs": `a${"🍇".repeat(10_000)}`,
  "of accents": `a${"e\u0301".repeat(10_000)}`,
  "of accents alone": "\u0301".repeat(20_000),
  "of a title and a line": `Title\n${"word ".repeat(5000)}\nEnd`,
  "that is short": "Hi",
  "that is empty": "",
};

for (const [kind, text] of Object.entries(LONG)) {
  test(`A text ${kind} is in its blocks whole and in order, and no block is too long`, () => {
    const third = Math.floor(text.length / 3);
    const parts = [text.slice(0, third), text.slice(third, 2 * third), text.slice(2 * third)];

    const blocks = blocksOf(parts);

    assert.equal(blocks.flat().join(""), text);
    assert.deepEqual([0, 1, 2].map((index) => blocks.map((block) => block[index]).join("")), parts);
    assert.ok(blocks.every((block) => block.join("").length <= BLOCK));
  });
}

const ends = (text) => blocksOf([text, "", ""]).map(([block]) => block).slice(0, -1);

test("A block ends with a line, and where a line is too long with a word or at least a character", () => {
  assert.ok(ends(LONG["of lines"]).every((block) => block.endsWith("\n")));
  assert.ok(ends(LONG["of one line"]).every((block) => block.endsWith(" ")));
  assert.ok(ends(LONG["of pairs"]).every((block) => block.isWellFormed()));
  assert.ok(ends(LONG["of accents"]).every((block) => block.endsWith("\u0301")));
  assert.deepEqual(ends(LONG["of a title and a line"])[0], "Title\n");
});

test("A block's rows are those of its lines, and more for long ones", () => {
  assert.deepEqual(["Hi", "one\n\ntwo", "a".repeat(900)].map(rowsOf), [1, 3, 11]);
});
