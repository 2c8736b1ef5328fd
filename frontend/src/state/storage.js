/**
 * The port to what stays on the device, and the stand-in that keeps nothing. Knows the port's law: `save` never
 * brings a deleted conversation back and never drops what another tab wrote. To add a store, satisfy `Storage`.
 */

import { mergeConversations } from "./records.js";

/**
 * @import { Conversation, Document, Summary } from "../types.js"
 *
 * @typedef {object} Storage
 * @property {boolean} lasting  false when everything is gone with the tab
 * @property {(user: string) => Promise<Summary[]>} list
 * @property {(id: string) => Promise<Conversation | undefined>} load
 * @property {(conversation: Conversation) => Promise<Conversation | null>} save  null: deleted meanwhile
 * @property {(id: string) => Promise<void>} remove
 * @property {(user: string) => Promise<void>} removeAll
 * @property {(document: Document) => Promise<void>} saveDocument
 * @property {(conversation: string) => Promise<Document[]>} loadDocuments
 * @property {(id: string) => Promise<void>} removeDocument
 * @property {(key: string) => Promise<string>} loadDraft
 * @property {(key: string, user: string, text: string) => Promise<void>} saveDraft
 */

/**
 * What to write, given what is there: the decision every storage shares.
 * @param {Conversation | undefined} stored
 * @param {Conversation} ours
 * @returns {Conversation | null}
 */
export function nextRecord(stored, ours) {
  if (!stored) return ours.version > 0 ? null : { ...ours, version: 1 };
  const merged = stored.version === ours.version ? ours : mergeConversations(stored, ours);
  return { ...merged, version: stored.version + 1 };
}

/** @param {Conversation} conversation @returns {Summary} */
export function summaryOf({ id, user, title, updated }) {
  return { id, user, title, updated };
}

/** @returns {Storage} */
export function createMemoryStorage() {
  /** @type {Map<string, Conversation>} */
  const kept = new Map();
  /** @type {Map<string, { user: string, text: string }>} */
  const drafts = new Map();
  /** @type {Map<string, Document>} */
  const documents = new Map();
  /** @param {string} id */
  const documentsOf = (id) => [...documents.values()].filter(({ conversation }) => conversation === id);
  return {
    lasting: false,
    list: async (user) => [...kept.values()].filter((one) => one.user === user).map(summaryOf),
    load: async (id) => kept.get(id),
    async save(conversation) {
      const next = nextRecord(kept.get(conversation.id), conversation);
      if (next) kept.set(next.id, next);
      return next;
    },
    async remove(id) {
      kept.delete(id);
      drafts.delete(id);
      documentsOf(id).forEach((document) => documents.delete(document.id));
    },
    async removeAll(user) {
      for (const map of [kept, drafts, documents]) {
        map.forEach((one, key) => one.user === user && map.delete(key));
      }
    },
    saveDocument: async (document) => void documents.set(document.id, document),
    loadDocuments: async (conversation) => documentsOf(conversation),
    removeDocument: async (id) => void documents.delete(id),
    loadDraft: async (key) => drafts.get(key)?.text ?? "",
    saveDraft: async (key, user, text) => void drafts.set(key, { user, text }),
  };
}
