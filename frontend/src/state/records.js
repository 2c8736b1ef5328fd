/**
 * Conversations and messages as values: make, settle, merge, and turn into the API's words. Pure; knows no
 * storage and no screen. To add a field, give it its first value in `newConversation` or `newMessage`.
 */

/** @import { Conversation, Message } from "../types.js" */

/**
 * Not `crypto.randomUUID`: it is missing where the page is served without TLS.
 */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(36).padStart(2, "0")).join("");
}

/**
 * @param {string} user
 * @param {string} model
 * @param {number} now
 * @returns {Conversation}
 */
export function newConversation(user, model, now) {
  return {
    id: newId(), user, title: "", titled: false, created: now, updated: now, model, system: "", messages: [], documents: [],
    version: 0,
  };
}

/**
 * A stored record with every field: those written before there were documents have none.
 * @param {Conversation} stored
 * @returns {Conversation}
 */
export function whole(stored) {
  return { ...stored, documents: stored.documents ?? [] };
}

/** Nothing was said, attached or stored yet. @param {Conversation} conversation */
export function isUntouched({ messages, documents, version }) {
  return messages.length === 0 && documents.length === 0 && version === 0;
}

/**
 * @param {Pick<Message, "role" | "text" | "state" | "created"> & Partial<Message>} parts
 * @returns {Message}
 */
export function newMessage(parts) {
  return { id: newId(), thinking: "", model: "", finish: "", problem: null, ...parts };
}

/**
 * A loaded record whose answer nobody is writing any more.
 * @param {Conversation} conversation
 * @returns {Conversation}
 */
export function settle(conversation) {
  return { ...conversation, messages: conversation.messages.map(settleMessage) };
}

/** @param {Message} message @returns {Message} */
function settleMessage(message) {
  return message.state === "streaming" ? { ...message, state: "interrupted" } : message;
}

/**
 * Two tabs wrote the same conversation: ours wins for what we have, theirs is kept for what we never saw.
 * @param {Conversation} theirs
 * @param {Conversation} ours
 * @returns {Conversation}
 */
export function mergeConversations(theirs, ours) {
  const messages = joined(theirs.messages, ours.messages).sort((one, other) => one.created - other.created);
  const documents = joined(whole(theirs).documents, ours.documents);
  return { ...ours, messages, documents, updated: Math.max(theirs.updated, ours.updated), version: theirs.version };
}

/** @template {{ id: string }} Item @param {Item[]} theirs @param {Item[]} ours @returns {Item[]} */
function joined(theirs, ours) {
  const known = new Set(ours.map(({ id }) => id));
  return [...ours, ...theirs.filter(({ id }) => !known.has(id))];
}

/**
 * What the model is sent: no empty answers, no thinking.
 * @param {Conversation} conversation
 * @param {string} defaultSystem
 * @param {string} [context]  what to answer from
 */
export function toWire({ system, messages }, defaultSystem, context = "") {
  const instructions = [system.trim() || defaultSystem.trim(), context].filter(Boolean).join("\n\n");
  const said = messages.filter((message) => message.text).map(({ role, text }) => ({ role: String(role), content: text }));
  return instructions ? [{ role: "system", content: instructions }, ...said] : said;
}
