/**
 * Conversations in IndexedDB. Knows four object stores and nothing of the screen: `bodies` (whole records),
 * `summaries` (what the list shows, so that it never reads bodies), `drafts`, and `documents` (what is in attached files).
 * To add a store or index, raise VERSION and create it in `upgrade` for every older version.
 */

import { openDB } from "idb";
import { createMemoryStorage, nextRecord, summaryOf } from "./storage.js";

/** @import { IDBPDatabase } from "idb" */
/** @import { Storage } from "./storage.js" */

const NAME = "twocan";
const VERSION = 2;
const STORES = ["bodies", "summaries", "drafts", "documents"];
// A blocked or broken database may never answer at all; then the page goes on without it.
const PATIENCE_MS = 3000;

/**
 * The device's database, or a stand-in when the browser has none to give.
 * @returns {Promise<Storage>}
 */
export async function openStorage() {
  try {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error("the database does not answer")), PATIENCE_MS));
    return overDatabase(/** @type {IDBPDatabase} */ (await Promise.race([open(), late])));
  } catch {
    return createMemoryStorage();
  }
}

function open() {
  return openDB(NAME, VERSION, {
    upgrade(database, before) {
      if (before < 1) {
        for (const name of ["bodies", "summaries"]) {
          database.createObjectStore(name, { keyPath: "id" }).createIndex("user", "user");
        }
        database.createObjectStore("drafts", { keyPath: "key" }).createIndex("user", "user");
      }
      const documents = database.createObjectStore("documents", { keyPath: "id" });
      documents.createIndex("user", "user");
      documents.createIndex("conversation", "conversation");
    },
    // Another tab wants a newer version: step aside rather than block it.
    blocking: (_current, _blocked, event) => /** @type {IDBDatabase} */ (event.target).close(),
  });
}

/** @param {IDBPDatabase} database @returns {Storage} */
function overDatabase(database) {
  return {
    ...documentsIn(database),
    lasting: true,
    list: (user) => database.getAllFromIndex("summaries", "user", user),
    load: (id) => database.get("bodies", id),

    async save(conversation) {
      const writing = database.transaction(["bodies", "summaries"], "readwrite");
      const next = nextRecord(await writing.objectStore("bodies").get(conversation.id), conversation);
      if (next) {
        writing.objectStore("bodies").put(next);
        writing.objectStore("summaries").put(summaryOf(next));
      }
      await writing.done;
      return next;
    },

    async remove(id) {
      const writing = database.transaction(STORES, "readwrite");
      for (const name of ["bodies", "summaries", "drafts"]) writing.objectStore(name).delete(id);
      const documents = writing.objectStore("documents");
      for (const key of await documents.index("conversation").getAllKeys(id)) documents.delete(key);
      await writing.done;
    },

    async removeAll(user) {
      const writing = database.transaction(STORES, "readwrite");
      for (const name of STORES) {
        for (const key of await writing.objectStore(name).index("user").getAllKeys(user)) {
          writing.objectStore(name).delete(key);
        }
      }
      await writing.done;
    },

    loadDraft: async (key) => (await database.get("drafts", key))?.text ?? "",

    async saveDraft(key, user, text) {
      if (text) await database.put("drafts", { key, user, text });
      else await database.delete("drafts", key);
    },
  };
}

/** @param {IDBPDatabase} database @returns {Pick<Storage, "saveDocument" | "loadDocuments" | "removeDocument">} */
function documentsIn(database) {
  return {
    saveDocument: async (document) => void (await database.put("documents", document)),
    loadDocuments: (conversation) => database.getAllFromIndex("documents", "conversation", conversation),
    removeDocument: (id) => database.delete("documents", id),
  };
}
