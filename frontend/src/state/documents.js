/**
 * The files attached to conversations: adding, removing, and what to answer from. Knows storage and the conversations;
 * must not know the screen. What it takes to read files and to find passages is loaded when it is first needed.
 */

import { signal } from "@preact/signals";
import { ApiError } from "../api/problem.js";

/**
 * @import { Conversation, Document } from "../types.js"
 * @import { Api } from "../api/api.js"
 * @import { Storage } from "./storage.js"
 * @import { Conversations } from "./conversations.js"
 * @import { Refused } from "../documents/reading.js"
 *
 * @typedef {object} Parts
 * @property {Pick<Api, "passages">} api
 * @property {Promise<Storage>} storage
 * @property {Conversations} conversations
 */

/** @type {{ conversation: string, files: Refused[] }} */
const NOTHING = { conversation: "", files: [] };

export class Documents {
  /** What was not attached last, and why. */
  refused = signal(NOTHING);
  /** What a full device would not keep; it is there as long as the tab. @type {Map<string, Document>} */
  #held = new Map();
  /** What is being attached, by conversation. @type {Map<string, Promise<void>>} */
  #adding = new Map();
  #parts;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** One after the other: limits are of all together. @param {string} id  the conversation @param {Iterable<File>} files */
  add(id, files) {
    const adding = this.#added(id).then(() => this.#add(id, files));
    this.#adding.set(id, adding);
    return adding;
  }

  /** Wait for what is being attached; whether it could be is for whoever attached it. @param {string} id */
  async #added(id) {
    await this.#adding.get(id)?.catch(() => null);
  }

  /** @param {string} id @param {Iterable<File>} files */
  async #add(id, files) {
    const { conversations } = this.#parts;
    const { readFiles } = await import("../documents/reading.js");
    const conversation = conversations.get(id);
    if (!conversation) return;
    const { read, refused } = await readFiles(files, conversation.documents);
    this.refused.value = { conversation: id, files: refused };
    if (read.length === 0) return;
    for (const document of read) await this.#keep({ ...document, conversation: id, user: conversation.user });
    const refs = read.map(({ id: own, name, type, size }) => ({ id: own, name, type, size }));
    conversations.update(id, ({ documents }) => ({ documents: [...documents, ...refs] }));
    if (!conversation.title) conversations.nameAfter(id, read[0].name);
    await conversations.save(id);
  }

  /** @param {string} id  the conversation @param {string} documentId */
  async remove(id, documentId) {
    const { conversations, storage } = this.#parts;
    conversations.update(id, ({ documents }) => ({ documents: documents.filter((one) => one.id !== documentId) }));
    this.#held.delete(documentId);
    await (await storage).removeDocument(documentId).catch(() => null);
    await conversations.save(id);
  }

  /** The conversation's documents with what is in them, as far as the device still has it. @param {Conversation} conversation */
  async of({ id, documents }) {
    const stored = await (await this.#parts.storage).loadDocuments(id).catch(() => /** @type {Document[]} */ ([]));
    const known = new Map([...stored, ...this.#held.values()].map((document) => [document.id, document]));
    return documents.flatMap((ref) => known.get(ref.id) ?? []);
  }

  /**
   * What to answer from, null for a conversation without documents. A question that comes while files are read waits for them.
   * @param {Conversation} asked @param {AbortSignal} stopped
   */
  async ground(asked, stopped) {
    await this.#added(asked.id);
    const conversation = this.#parts.conversations.get(asked.id) ?? asked;
    if (conversation.documents.length === 0) return null;
    const { findGrounds } = await import("../documents/asking.js");
    const documents = await this.of(conversation);
    // An answer from half of them would look like one from all.
    if (documents.length < conversation.documents.length) throw new ApiError({ code: "document_gone" });
    return findGrounds(this.#parts.api, conversation, documents, stopped);
  }

  /** What was refused has been read. */
  dismiss() {
    this.refused.value = NOTHING;
  }

  clear() {
    this.dismiss();
    this.#held.clear();
  }

  /** @param {Document} document */
  async #keep(document) {
    try {
      await (await this.#parts.storage).saveDocument(document);
    } catch {
      this.#held.set(document.id, document);
      this.#parts.conversations.storageState.value = "failing";
    }
  }
}
