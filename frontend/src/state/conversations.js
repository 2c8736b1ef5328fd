/**
 * The conversations of the person signed in: the list, the open ones, which one is shown. Knows storage and the
 * channel between tabs; must not know the API. Every change goes through `update` (memory, at once) and `save`
 * (the device, when it can); a failing device is said once and stops nothing.
 */

import { computed, signal } from "@preact/signals";
import { makeTitle } from "../text/title.js";
import { newConversation, settle } from "./records.js";
import { summaryOf } from "./storage.js";

/**
 * @import { Conversation, Summary } from "../types.js"
 * @import { Storage } from "./storage.js"
 * @import { Tabs } from "./tabs.js"
 *
 * @typedef {ReturnType<typeof createConversations>} Conversations
 */

/**
 * @param {object} parts
 * @param {Promise<Storage>} parts.storage
 * @param {Tabs} parts.tabs
 * @param {() => number} parts.now
 * @param {() => string} parts.firstModel  the model a new conversation starts with
 */
export function createConversations({ storage, tabs, now, firstModel }) {
  let user = "";
  const list = signal(/** @type {Summary[]} */ ([]));
  const open = signal(/** @type {Map<string, Conversation>} */ (new Map()));
  const currentId = signal("");
  const current = computed(() => open.value.get(currentId.value) ?? null);
  const storageState = signal(/** @type {"ok" | "none" | "failing"} */ ("ok"));

  /** @param {string} id */
  const get = (id) => open.value.get(id);

  /** @param {Conversation} conversation */
  function put(conversation) {
    open.value = new Map(open.value).set(conversation.id, conversation);
  }

  /** @param {Conversation} conversation */
  function show(conversation) {
    const others = list.value.filter(({ id }) => id !== conversation.id);
    list.value = [summaryOf(conversation), ...others].sort((one, other) => other.updated - one.updated);
  }

  /** @param {string} id @param {(conversation: Conversation) => Partial<Conversation>} change */
  function update(id, change) {
    const conversation = get(id);
    if (conversation) put({ ...conversation, ...change(conversation) });
  }

  /** @param {string} id */
  function forget(id) {
    list.value = list.value.filter((summary) => summary.id !== id);
    const rest = new Map(open.value);
    rest.delete(id);
    open.value = rest;
    if (currentId.value === id) fresh();
  }

  /** @param {string} id */
  async function save(id) {
    const conversation = get(id);
    if (!conversation || conversation.messages.length === 0) return;
    show(conversation);
    try {
      const stored = await (await storage).save(conversation);
      if (!stored) return forget(id);
      adopt(conversation, stored);
      tabs.tell({ kind: "changed", id });
    } catch {
      storageState.value = "failing";
    }
  }

  /**
   * Take over what storage added, unless the screen has moved on: then only the version counts.
   * @param {Conversation} sent @param {Conversation} stored
   */
  function adopt(sent, stored) {
    const latest = get(sent.id);
    if (!latest) return;
    put(latest === sent ? stored : { ...latest, version: stored.version });
  }

  /** @param {string} id @param {boolean} [alive]  another tab is writing the answer right now */
  async function reload(id, alive = false) {
    const stored = await (await storage).load(id).catch(() => undefined);
    if (!stored || stored.user !== user) return;
    put(alive ? stored : settle(stored));
    show(stored);
  }

  /** @param {string} id */
  async function select(id) {
    if (!get(id)) await reload(id);
    if (get(id)) currentId.value = id;
    else fresh();
    tabs.tell({ kind: "asking", id });
  }

  function fresh() {
    const empty = current.value;
    if (empty && empty.messages.length === 0) return;
    const conversation = newConversation(user, firstModel(), now());
    put(conversation);
    currentId.value = conversation.id;
  }

  /** @param {string} username @param {string} [id]  the conversation the address names */
  async function start(username, id = "") {
    user = username;
    const store = await storage;
    if (!store.lasting) storageState.value = "none";
    list.value = (await store.list(user).catch(() => [])).sort((one, other) => other.updated - one.updated);
    if (id) await select(id);
    else fresh();
  }

  function stop() {
    user = "";
    list.value = [];
    open.value = new Map();
    currentId.value = "";
  }

  /** @param {string} id @param {string} title */
  async function rename(id, title) {
    if (!get(id)) await reload(id);
    update(id, () => ({ title: title.trim(), titled: true }));
    await save(id);
  }

  /** @param {string} id @param {string} question  names the conversation unless a person did */
  function nameAfter(id, question) {
    update(id, ({ titled, title }) => ({ title: titled ? title : makeTitle(question) }));
  }

  /** @param {string} id */
  async function remove(id) {
    forget(id);
    await (await storage).remove(id).catch(() => (storageState.value = "failing"));
    tabs.tell({ kind: "removed", id });
  }

  async function removeAll() {
    const ids = list.value.map(({ id }) => id);
    ids.forEach(forget);
    await (await storage).removeAll(user).catch(() => (storageState.value = "failing"));
    ids.forEach((id) => tabs.tell({ kind: "removed", id }));
  }

  return {
    list, current, currentId, storageState,
    get, update, save, reload, select, fresh, forget, start, stop, rename, nameAfter, remove, removeAll,
  };
}
