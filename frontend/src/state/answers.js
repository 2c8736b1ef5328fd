/**
 * Asking, and following the answer to its end. Knows the API's pieces and the conversations; must not know
 * elements. An answer is running until it is complete, stopped, interrupted or in error: `endOf` decides which.
 */

import { signal } from "@preact/signals";
import { toProblem } from "../api/problem.js";
import { newMessage, toWire } from "./records.js";
import { createPainter } from "./painting.js";

/**
 * @import { Conversation, Message, MessageState } from "../types.js"
 * @import { Api } from "../api/api.js"
 * @import { Piece } from "../api/stream.js"
 * @import { Conversations } from "./conversations.js"
 * @import { Grounds } from "../documents/asking.js"
 * @import { Clock } from "./painting.js"
 *
 * @typedef {object} Parts
 * @property {Pick<Api, "chat">} api
 * @property {Conversations} conversations
 * @property {() => Promise<string>} firstModel  for a conversation that was begun before the list of models was there
 * @property {(model: string) => boolean} streams  whether a model may be asked for a stream
 * @property {() => string} defaultSystem
 * @property {(conversation: Conversation, stopped: AbortSignal) => Promise<Grounds | null>} ground  what to answer from, null for nothing
 * @property {Clock} clock
 * @property {() => number} now
 * @property {(event: "started" | MessageState) => void} announce
 */

// A reload loses at most this much of a running answer.
const SAVE_MS = 1000;

export class Answers {
  /** Which conversations are being answered, and how to stop each. */
  running = signal(/** @type {Map<string, AbortController>} */ (new Map()));
  #parts;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** @param {string} id @param {string} text */
  async ask(id, text) {
    const conversation = this.#free(id);
    if (!conversation) return;
    if (conversation.messages.length === 0) this.#parts.conversations.nameAfter(id, text);
    await this.#answer(id, [...conversation.messages, this.#question(text)]);
  }

  /** @param {string} id */
  async regenerate(id) {
    const messages = this.#free(id)?.messages ?? [];
    const last = messages.findLastIndex(({ role }) => role === "user");
    if (last >= 0) await this.#answer(id, messages.slice(0, last + 1), messages[last + 1]);
  }

  /**
   * Let another model go on where an answer broke off. What came so far stays the first model's own message, and the
   * words that ask the second to go on are shown as what they are: asked in the reader's name. Where nothing came, the
   * other model is asked the same.
   * @param {string} id @param {string} model @param {string} words
   */
  async goOn(id, model, words) {
    const messages = this.#free(id)?.messages ?? [];
    const broken = messages.at(-1);
    if (broken?.role !== "assistant") return;
    this.#parts.conversations.update(id, () => ({ model }));
    if (!broken.text) return this.regenerate(id);
    await this.#answer(id, [...messages, { ...this.#question(words), goesOn: true }]);
  }

  /** @param {string} id @param {string} messageId @param {string} text */
  async edit(id, messageId, text) {
    const messages = this.#free(id)?.messages ?? [];
    const at = messages.findIndex((message) => message.id === messageId);
    if (at < 0) return;
    if (at === 0) this.#parts.conversations.nameAfter(id, text);
    await this.#answer(id, [...messages.slice(0, at), this.#question(text)]);
  }

  /** @param {string} id */
  stop(id) {
    this.running.value.get(id)?.abort();
  }

  stopAll() {
    this.running.value.forEach((controller) => controller.abort());
  }

  /** @param {string} id  the conversation, unless it is being answered already */
  #free(id) {
    return this.running.value.has(id) ? undefined : this.#parts.conversations.get(id);
  }

  /** @param {string} text */
  #question(text) {
    return newMessage({ role: "user", text, state: "complete", created: this.#parts.now() });
  }

  /** @param {string} id @param {Message[]} messages @param {Message} [replaced]  the answer that this one is to replace */
  async #answer(id, messages, replaced) {
    const { conversations, now, announce } = this.#parts;
    const model = conversations.get(id)?.model ?? "";
    const reply = newMessage({ role: "assistant", text: "", state: "streaming", model, created: now() });
    conversations.update(id, () => ({ messages: [...messages, reply], updated: now() }));
    const controller = new AbortController();
    this.#mark(id, controller);
    announce("started");

    const saving = setInterval(() => conversations.save(id), SAVE_MS);
    void conversations.save(id);
    const end = orOld(await this.#follow(id, reply.id, controller.signal), replaced);
    clearInterval(saving);

    this.#mark(id, null);
    this.#amend(id, reply.id, end);
    announce(end.state);
    await conversations.save(id);
  }

  /** @param {string} id @param {string} replyId @param {AbortSignal} stopped */
  async #follow(id, replyId, stopped) {
    const seen = { text: "", thinking: "", finish: "" };
    const painter = createPainter(() => this.#amend(id, replyId, seen), this.#parts.clock);
    let served = "";
    /** @param {Piece} piece */
    const take = ({ kind, value }) => {
      if (kind === "model") served = this.#serve(id, replyId, served, value);
      else seen[kind] = kind === "finish" ? value : seen[kind] + value;
    };
    try {
      await this.#settleModel(id, replyId, stopped);
      for await (const batch of await this.#pieces(id, replyId, stopped)) {
        batch.forEach(take);
        if (batch.length > 0) painter.want();
      }
      return { ...seen, state: /** @type {const} */ ("complete"), problem: null };
    } catch (error) {
      return { ...seen, ...endOf(error, stopped.aborted) };
    }
  }

  /**
   * Behind a route another model answers than was asked, and every chunk names it.
   * @param {string} id @param {string} replyId @param {string} known @param {string} model
   */
  #serve(id, replyId, known, model) {
    if (model !== known) this.#amend(id, replyId, { model });
    return model;
  }

  /** @param {string} id @param {string} replyId @param {AbortSignal} stopped */
  async #settleModel(id, replyId, stopped) {
    const { conversations, firstModel } = this.#parts;
    if (conversations.get(id)?.model) return;
    const model = await unlessStopped(firstModel(), stopped);
    conversations.update(id, (conversation) => ({ model: conversation.model || model }));
    this.#amend(id, replyId, { model: conversations.get(id)?.model });
  }

  /** @param {string} id @param {string} replyId @param {AbortSignal} stopped @returns {Promise<AsyncIterable<Piece[]>>} */
  async #pieces(id, replyId, stopped) {
    const { api, conversations, streams, defaultSystem, ground } = this.#parts;
    const conversation = conversations.get(id);
    const grounds = conversation ? await ground(conversation, stopped) : null;
    if (grounds) this.#amend(id, replyId, { passages: grounds.passages });
    const messages = conversation ? toWire(conversation, defaultSystem(), grounds?.context) : [];
    const model = conversation?.model ?? "";
    return api.chat({ model, messages }, stopped, streams(model));
  }

  /** @param {string} id @param {AbortController | null} controller */
  #mark(id, controller) {
    const next = new Map(this.running.value);
    if (controller) next.set(id, controller);
    else next.delete(id);
    this.running.value = next;
  }

  /** @param {string} id @param {string} messageId @param {Partial<Message>} change */
  #amend(id, messageId, change) {
    this.#parts.conversations.update(id, ({ messages }) => ({
      messages: messages.map((message) => (message.id === messageId ? { ...message, ...change } : message)),
    }));
  }
}

/**
 * A new try of which nothing came must not cost the answer that was there: it stays, with the error under it.
 * @param {Pick<Message, "text" | "thinking" | "finish" | "state" | "problem">} end @param {Message} [old]
 * @returns {Partial<Message> & Pick<Message, "state">}
 */
export function orOld(end, old) {
  if (!old || end.text || end.thinking || end.state === "complete") return end;
  // With the text goes whose it is, and what it cites.
  const { text, thinking, finish, model, passages } = old;
  const kept = { text, thinking, finish, model, passages };
  return end.state === "stopped" ? { ...kept, state: old.state, problem: old.problem } : { ...end, ...kept };
}

/** @template T @param {Promise<T>} promise @param {AbortSignal} stopped @returns {Promise<T>} */
function unlessStopped(promise, stopped) {
  return new Promise((resolve, reject) => {
    stopped.addEventListener("abort", () => reject(stopped.reason), { once: true });
    promise.then(resolve, reject);
  });
}

/**
 * How an answer ended that did not end well.
 * @param {unknown} error @param {boolean} stopped
 * @returns {{ state: "stopped" | "interrupted" | "error", problem: Message["problem"] }}
 */
export function endOf(error, stopped) {
  if (stopped) return { state: "stopped", problem: null };
  const problem = toProblem(error);
  return { state: problem.code === "interrupted" ? "interrupted" : "error", problem };
}
