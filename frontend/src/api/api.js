/**
 * Every call the page makes, by name. Knows the API's paths and bodies; must not know the screen or storage.
 * To add a call, add a method here that goes through `call`, which brings the token and the one retry.
 */

import { readAnswer } from "./stream.js";
import { ApiError } from "./problem.js";
import { createSession } from "./session.js";
import { createTransport, readJson } from "./transport.js";

/**
 * @typedef {ReturnType<typeof createApi>} Api
 * @typedef {{ model: string, messages: { role: string, content: string }[] }} Question
 */

/**
 * @param {object} parts
 * @param {Promise<string>} parts.origin
 * @param {typeof globalThis.fetch} parts.fetch
 * @param {() => number} parts.now
 * @param {() => void} parts.onSessionEnded
 */
export function createApi({ origin, fetch, now, onSessionEnded }) {
  const send = createTransport({ origin, fetch });
  const session = createSession({ send, now, onEnded: onSessionEnded });

  /**
   * @param {string} path
   * @param {import("./transport.js").Call} [call]
   */
  async function call(path, call = {}) {
    const token = await session.bearer(call.signal);
    try {
      return await send(path, { ...call, token });
    } catch (error) {
      if (!(error instanceof ApiError) || error.problem.status !== 401) throw error;
      await session.refused(token);
      return send(path, { ...call, token: await session.bearer(call.signal) });
    }
  }

  return {
    signIn: session.signIn,

    /** Tokens are gone at once; the server hears of it when it can. */
    async signOut() {
      const token = session.forget();
      if (token) await send("/auth/logout", { method: "POST", token }).catch(() => null);
    },

    /** @returns {Promise<string[]>} */
    async models() {
      const body = await readJson(await call("/v1/models"));
      return (Array.isArray(body?.data) ? body.data : []).map((/** @type {any} */ model) => String(model.id));
    },

    /**
     * The answer's pieces, a batch per network chunk.
     * @param {Question} question
     * @param {AbortSignal} signal
     */
    async *chat(question, signal) {
      const body = { ...question, stream: true, stream_options: { include_usage: true } };
      const response = await call("/v1/chat/completions", { method: "POST", body, signal });
      yield* readAnswer(response);
    },
  };
}
