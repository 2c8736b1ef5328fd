/**
 * Asking, and following the answer to its end. Knows the API's pieces and the conversations; must not know
 * elements. An answer is running until it is complete, stopped, interrupted or in error: `endOf` decides which.
 */

import { signal } from "@preact/signals";
import { ApiError, toProblem } from "../api/problem.js";
import { newMessage, toWire } from "./records.js";
import { createPainter } from "./painting.js";

/**
 * @import { Message, MessageState } from "../types.js"
 * @import { Piece } from "../api/stream.js"
 * @import { Clock } from "./painting.js"
 *
 * @typedef {ReturnType<typeof createAnswers>} Answers
 */

// A reload loses at most this much of a running answer.
const SAVE_MS = 1000;

/**
 * @param {object} parts
 * @param {Pick<import("../api/api.js").Api, "chat">} parts.api
 * @param {import("./conversations.js").Conversations} parts.conversations
 * @param {() => string} parts.defaultSystem
 * @param {Clock} parts.clock
 * @param {() => number} parts.now
 * @param {(event: "started" | MessageState) => void} parts.announce
 */
export function createAnswers({ api, conversations, defaultSystem, clock, now, announce }) {
  const running = signal(/** @type {Map<string, AbortController>} */ (new Map()));

  /** @param {string} id @param {AbortController | null} controller */
  function mark(id, controller) {
    const next = new Map(running.value);
    if (controller) next.set(id, controller);
    else next.delete(id);
    running.value = next;
  }

  /** @param {string} id @param {string} messageId @param {Partial<Message>} change */
  function amend(id, messageId, change) {
    conversations.update(id, ({ messages }) => ({
      messages: messages.map((message) => (message.id === messageId ? { ...message, ...change } : message)),
    }));
  }

  /** @param {string} id @param {Message[]} messages */
  async function answer(id, messages) {
    const conversation = conversations.get(id);
    if (!conversation || running.value.has(id)) return;
    const { model } = conversation;
    const reply = newMessage({ role: "assistant", text: "", state: "streaming", model, created: now() });
    const question = { model, messages: toWire({ ...conversation, messages }, defaultSystem()) };
    conversations.update(id, () => ({ messages: [...messages, reply], updated: now() }));
    const controller = new AbortController();
    mark(id, controller);
    announce("started");
    const saving = setInterval(() => conversations.save(id), SAVE_MS);
    void conversations.save(id);
    const end = await follow(id, reply.id, api.chat(question, controller.signal), controller.signal);
    clearInterval(saving);
    mark(id, null);
    amend(id, reply.id, end);
    announce(/** @type {MessageState} */ (end.state));
    await conversations.save(id);
  }

  /**
   * @param {string} id @param {string} replyId
   * @param {AsyncIterable<Piece[]>} pieces @param {AbortSignal} stopped
   * @returns {Promise<Partial<Message>>}
   */
  async function follow(id, replyId, pieces, stopped) {
    const seen = { text: "", thinking: "", finish: "" };
    const painter = createPainter(() => amend(id, replyId, seen), clock);
    try {
      for await (const batch of pieces) {
        for (const { kind, value } of batch) seen[kind] = kind === "finish" ? value : seen[kind] + value;
        if (batch.length > 0) painter.want();
      }
      return { ...seen, state: "complete" };
    } catch (error) {
      return { ...seen, ...endOf(error, stopped.aborted) };
    }
  }

  /** @param {string} id @param {string} text */
  function ask(id, text) {
    const conversation = conversations.get(id);
    if (!conversation || running.value.has(id)) return undefined;
    if (conversation.messages.length === 0) conversations.nameAfter(id, text);
    return answer(id, [...conversation.messages, question(text)]);
  }

  /** @param {string} text */
  const question = (text) => newMessage({ role: "user", text, state: "complete", created: now() });

  /** @param {string} id */
  function regenerate(id) {
    const messages = conversations.get(id)?.messages ?? [];
    const last = messages.findLastIndex(({ role }) => role === "user");
    return answer(id, messages.slice(0, last + 1));
  }

  /** @param {string} id @param {string} messageId @param {string} text */
  function edit(id, messageId, text) {
    const messages = conversations.get(id)?.messages ?? [];
    const at = messages.findIndex((message) => message.id === messageId);
    if (at < 0) return undefined;
    if (at === 0) conversations.nameAfter(id, text);
    return answer(id, [...messages.slice(0, at), question(text)]);
  }

  /** @param {string} id */
  function stop(id) {
    running.value.get(id)?.abort();
  }

  return { running, ask, regenerate, edit, stop, stopAll: () => [...running.value.keys()].forEach(stop) };
}

/**
 * How an answer ended that did not end well.
 * @param {unknown} error @param {boolean} stopped
 * @returns {Pick<Message, "state" | "problem">}
 */
export function endOf(error, stopped) {
  if (stopped) return { state: "stopped", problem: null };
  const problem = toProblem(error);
  const cut = error instanceof ApiError && problem.code === "interrupted";
  return { state: cut ? "interrupted" : "error", problem };
}
