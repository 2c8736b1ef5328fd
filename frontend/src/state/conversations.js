/**
 * The conversations of the person signed in: the list, the open ones, which one is shown. Knows storage and the
 * channel between tabs; must not know the API. Every change goes through `update` (memory, at once) and `save`
 * (the device, when it can); a failing device is said once and stops nothing.
 */

import { computed, signal } from "@preact/signals";
import { makeTitle } from "../text/title.js";
import { isUntouched, newConversation, settle, whole } from "./records.js";
import { summaryOf } from "./storage.js";

/**
 * @import { Conversation, Summary } from "../types.js"
 * @import { Storage } from "./storage.js"
 * @import { Tabs } from "./tabs.js"
 *
 * @typedef {object} Parts
 * @property {Promise<Storage>} storage
 * @property {Tabs} tabs
 * @property {() => number} now
 * @property {() => string} firstModel  the model a new conversation starts with
 */

export class Conversations {
  list = signal(/** @type {Summary[]} */ ([]));
  currentId = signal("");
  current = computed(() => this.#open.value.get(this.currentId.value) ?? null);
  storageState = signal(/** @type {"ok" | "none" | "failing"} */ ("ok"));

  #open = signal(/** @type {Map<string, Conversation>} */ (new Map()));
  #user = "";
  #parts;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** @param {string} username @param {string} [id]  the conversation the address names */
  async start(username, id = "") {
    this.#user = username;
    const store = await this.#parts.storage;
    if (!store.lasting) this.storageState.value = "none";
    this.list.value = newestFirst(await store.list(username).catch(() => []));
    if (id) await this.select(id);
    else this.fresh();
  }

  stop() {
    this.#user = "";
    this.list.value = [];
    this.#open.value = new Map();
    this.currentId.value = "";
  }

  /** @param {string} id */
  get(id) {
    return this.#open.value.get(id);
  }

  /** @param {string} id @param {(conversation: Conversation) => Partial<Conversation>} change */
  update(id, change) {
    const conversation = this.get(id);
    if (conversation) this.#put({ ...conversation, ...change(conversation) });
  }

  /** @param {string} id */
  async save(id) {
    const conversation = this.get(id);
    if (!conversation || isUntouched(conversation)) return;
    this.#show(conversation);
    try {
      const stored = await (await this.#parts.storage).save(conversation);
      if (!stored) return this.forget(id);
      this.#adopt(conversation, stored);
      if (this.storageState.value === "failing") this.storageState.value = "ok";
      this.#parts.tabs.tell({ kind: "changed", id });
    } catch {
      this.storageState.value = "failing";
    }
  }

  /** @param {string} id @param {boolean} [alive]  another tab is writing the answer right now */
  async reload(id, alive = false) {
    const user = this.#user;
    const stored = await (await this.#parts.storage).load(id).catch(() => undefined);
    if (!stored || !user || stored.user !== this.#user) return;
    this.#put(whole(alive ? stored : settle(stored)));
    this.#show(stored);
  }

  /** @param {string} id */
  async select(id) {
    if (!this.get(id)) await this.reload(id);
    if (this.get(id)) this.currentId.value = id;
    else this.fresh();
    this.#parts.tabs.tell({ kind: "asking", id });
  }

  fresh() {
    if (this.current.value && isUntouched(this.current.value)) return;
    const conversation = newConversation(this.#user, this.#parts.firstModel(), this.#parts.now());
    this.#put(conversation);
    this.currentId.value = conversation.id;
  }

  /** @param {string} id @param {string} title */
  async rename(id, title) {
    if (!this.get(id)) await this.reload(id);
    this.update(id, () => ({ title: title.trim(), titled: true }));
    await this.save(id);
  }

  /** @param {string} id @param {string} question  names the conversation unless a person did */
  nameAfter(id, question) {
    this.update(id, ({ titled, title }) => ({ title: titled ? title : makeTitle(question) }));
  }

  /** Off the screen only; the device keeps it. @param {string} id */
  forget(id) {
    this.list.value = this.list.value.filter((summary) => summary.id !== id);
    const rest = new Map(this.#open.value);
    rest.delete(id);
    this.#open.value = rest;
    if (this.currentId.value === id) this.fresh();
  }

  /** @param {string} id */
  async remove(id) {
    this.forget(id);
    await this.#erase((store) => store.remove(id), [id]);
  }

  async removeAll() {
    const ids = this.list.value.map(({ id }) => id);
    ids.forEach((id) => this.forget(id));
    await this.#erase((store) => store.removeAll(this.#user), ids);
  }

  /** @param {(store: Storage) => Promise<void>} work @param {string[]} ids */
  async #erase(work, ids) {
    await work(await this.#parts.storage).catch(() => (this.storageState.value = "failing"));
    ids.forEach((id) => this.#parts.tabs.tell({ kind: "removed", id }));
  }

  /** @param {Conversation} conversation */
  #put(conversation) {
    this.#open.value = new Map(this.#open.value).set(conversation.id, conversation);
  }

  /** @param {Conversation} conversation */
  #show(conversation) {
    const others = this.list.value.filter(({ id }) => id !== conversation.id);
    this.list.value = newestFirst([summaryOf(conversation), ...others]);
  }

  /**
   * Take over what storage added, unless the screen has moved on: then only the version counts.
   * @param {Conversation} sent @param {Conversation} stored
   */
  #adopt(sent, stored) {
    const latest = this.get(sent.id);
    if (latest) this.#put(latest === sent ? stored : { ...latest, version: stored.version });
  }
}

/** @param {Summary[]} summaries */
function newestFirst(summaries) {
  return summaries.sort((one, other) => other.updated - one.updated);
}
