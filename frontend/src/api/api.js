/**
 * Every call the page makes, by name. Knows the API's paths and bodies; must not know the screen or storage.
 * To add a call, add a method here that goes through `#call`, which brings the token and the one retry.
 */

import { readModel } from "./model.js";
import { piecesOfWhole, readAnswer } from "./stream.js";
import { ApiError } from "./problem.js";
import { Session } from "./session.js";
import { createTransport, readJson } from "./transport.js";

/**
 * @import { Document, Model, Passage } from "../types.js"
 * @import { Call } from "./transport.js"
 * @typedef {{ model: string, messages: { role: string, content: string }[] }} Question
 */

export class Api {
  #send;
  #session;

  /**
   * @param {object} parts
   * @param {Promise<string>} parts.origin
   * @param {typeof globalThis.fetch} parts.fetch
   * @param {() => number} parts.now
   * @param {() => void} parts.onSessionEnded
   * @param {(isAdmin: boolean) => void} parts.onAdmin
   */
  constructor({ origin, fetch, now, onSessionEnded, onAdmin }) {
    this.#send = createTransport({ origin, fetch });
    this.#session = new Session({ send: this.#send, now, onEnded: onSessionEnded, onAdmin });
  }

  /** @param {string} username @param {string} password @returns {Promise<string>} who the server says it is */
  signIn(username, password) {
    return this.#session.signIn(username, password);
  }

  /** Tokens are gone at once; the server hears of it when it can. */
  async signOut() {
    const token = this.#session.forget();
    if (token) await this.#send("/auth/logout", { method: "POST", token }).catch(() => null);
  }

  /** @returns {Promise<Model[]>} */
  async models() {
    const body = await readJson(await this.#call("/v1/models"));
    return (Array.isArray(body?.data) ? body.data : []).map(readModel);
  }

  /** How the models are, for an admin: as `readHealth` reads it, which comes with the view. @param {AbortSignal} signal */
  async health(signal) {
    return readJson(await this.#call("/admin/models", { signal }));
  }

  /**
   * The answer's pieces, a batch per network chunk; all in one of a model that cannot stream.
   * @param {Question} question
   * @param {AbortSignal} signal
   * @param {boolean} streams
   */
  async *chat(question, signal, streams) {
    const body = streams ? { ...question, stream: true, stream_options: { include_usage: true } } : question;
    const response = await this.#call("/v1/chat/completions", { method: "POST", body, signal });
    if (streams) yield* readAnswer(response);
    else yield piecesOfWhole(await readJson(response));
  }

  /**
   * What the documents hold that fits the question, best first.
   * @param {{ question: string, documents: Pick<Document, "name" | "type" | "data">[], limit: number }} body
   * @param {AbortSignal} signal
   * @returns {Promise<Passage[]>}
   */
  async passages(body, signal) {
    const told = await readJson(await this.#call("/v1/passages", { method: "POST", body, signal }));
    return Array.isArray(told?.passages) ? told.passages : [];
  }

  /** @param {string} path @param {Call} [call] */
  async #call(path, call = {}) {
    const token = await this.#session.bearer(call.signal);
    try {
      return await this.#send(path, { ...call, token });
    } catch (error) {
      if (!(error instanceof ApiError) || error.problem.status !== 401) throw error;
      await this.#session.refused(token);
      return this.#send(path, { ...call, token: await this.#session.bearer(call.signal) });
    }
  }
}
