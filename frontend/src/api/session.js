/**
 * The signed-in session: two tokens, in this object and nowhere else. Knows when to renew them and that a
 * refresh token must never be sent twice; must not know the screen, nor any path but login and refresh.
 *
 * A session that has ended does not fail the call that noticed: the call waits until someone signs in again.
 */

import { ApiError } from "./problem.js";
import { readJson } from "./transport.js";

/**
 * @typedef {{ access: string, refresh: string, expires: number, username: string }} Tokens
 * @typedef {{ wake: () => void, fail: (error: Error) => void }} Waiter
 */

// Renewed this long before the end, so that a call does not set out with a token that dies on the way.
const MARGIN_MS = 60_000;

export class Session {
  /** @type {Tokens | null} */
  #tokens = null;
  /** @type {Promise<void> | null} */
  #renewal = null;
  /** @type {Waiter[]} */
  #waiting = [];
  #owner = "";

  /**
   * @param {object} parts
   * @param {import("./transport.js").Send} parts.send
   * @param {() => number} parts.now
   * @param {() => void} parts.onEnded  told when only a password can help
   * @param {(isAdmin: boolean) => void} parts.onAdmin  told with every pair of tokens, and when they are forgotten
   */
  constructor({ send, now, onEnded, onAdmin }) {
    this.send = send;
    this.now = now;
    this.onEnded = onEnded;
    this.onAdmin = onAdmin;
  }

  /** @param {string} username @param {string} password */
  async signIn(username, password) {
    const body = { username, password };
    const { username: name } = this.#keep(await readJson(await this.send("/auth/login", { method: "POST", body })));
    // What one person asked must never go out in another's name.
    if (this.#owner && this.#owner !== name) this.#failWaiting();
    this.#owner = name;
    this.#waiting.splice(0).forEach(({ wake }) => wake());
    return name;
  }

  /**
   * An access token to call with; waits for a password when there is no other way.
   * @param {AbortSignal} [signal]
   * @returns {Promise<string>}
   */
  async bearer(signal) {
    if (this.#tokens && this.#tokens.expires - this.now() < MARGIN_MS) await this.#renewEarly();
    while (!this.#tokens) await this.#signedIn(signal);
    return this.#tokens.access;
  }

  /**
   * The server refused this token. If another call has renewed it meanwhile, there is nothing to do.
   * @param {string} token
   */
  async refused(token) {
    if (this.#tokens?.access === token) await this.#renew();
  }

  /** Forget both tokens; calls that still wait for a password fail. Gives the access token a last time. */
  forget() {
    const access = this.#tokens?.access ?? "";
    this.#tokens = null;
    this.onAdmin(false);
    this.#failWaiting();
    return access;
  }

  #renew() {
    this.#renewal ??= this.#renewOnce().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #renewOnce() {
    const spent = this.#tokens;
    try {
      const response = await this.send("/auth/refresh", { method: "POST", body: { refresh_token: spent?.refresh } });
      const body = await readJson(response);
      // Signed out, or in again, while the answer was on its way: what it brings is nobody's.
      if (this.#tokens === spent) this.#keep(body);
    } catch (error) {
      if (!(error instanceof ApiError) || error.problem.status !== 401) throw error;
      if (this.#tokens === spent) this.#tokens = null;
    }
  }

  async #renewEarly() {
    try {
      await this.#renew();
    } catch (error) {
      // Still good for a moment: a renewal that the network swallowed need not stop this call.
      if (!this.#tokens || this.#tokens.expires <= this.now()) throw error;
    }
  }

  /** @param {AbortSignal} [signal] */
  #signedIn(signal) {
    this.onEnded();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ wake: () => resolve(undefined), fail: reject });
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  #failWaiting() {
    this.#waiting.splice(0).forEach(({ fail }) => fail(new ApiError({ code: "session_ended" })));
  }

  /** @param {any} body @returns {Tokens} */
  #keep(body) {
    this.#tokens = {
      access: String(body.access_token),
      refresh: String(body.refresh_token),
      expires: this.now() + Number(body.expires_in) * 1000,
      username: String(body.username),
    };
    this.onAdmin(body.admin === true);
    return this.#tokens;
  }
}
