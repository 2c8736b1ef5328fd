/**
 * The signed-in session: two tokens, in this closure and nowhere else. Knows when to renew them and that a
 * refresh token must never be sent twice; must not know the screen, nor any path but login and refresh.
 *
 * A session that has ended does not fail the call that noticed: the call waits until someone signs in again.
 */

import { ApiError } from "./problem.js";
import { readJson } from "./transport.js";

/**
 * @typedef {{ access: string, refresh: string, expires: number, username: string }} Tokens
 * @typedef {ReturnType<typeof createSession>} Session
 */

// Renewed this long before the end, so that a call does not set out with a token that dies on the way.
const MARGIN_MS = 60_000;

/**
 * @param {object} parts
 * @param {import("./transport.js").Send} parts.send
 * @param {() => number} parts.now
 * @param {() => void} parts.onEnded  told when only a password can help
 */
export function createSession({ send, now, onEnded }) {
  /** @type {Tokens | null} */
  let tokens = null;
  /** @type {Promise<void> | null} */
  let renewal = null;
  /** @type {{ wake: () => void, fail: (error: Error) => void }[]} */
  let waiting = [];
  let owner = "";

  /** @param {any} body */
  function keep(body) {
    tokens = {
      access: String(body.access_token),
      refresh: String(body.refresh_token),
      expires: now() + Number(body.expires_in) * 1000,
      username: String(body.username),
    };
  }

  /** @param {string} username @param {string} password */
  async function signIn(username, password) {
    keep(await readJson(await send("/auth/login", { method: "POST", body: { username, password } })));
    const { username: name } = /** @type {Tokens} */ (tokens);
    // What one person asked must never go out in another's name.
    if (owner && owner !== name) failWaiting();
    owner = name;
    waiting.splice(0).forEach(({ wake }) => wake());
    return owner;
  }

  function failWaiting() {
    waiting.splice(0).forEach(({ fail }) => fail(new ApiError({ code: "session_ended" })));
  }

  async function renewOnce() {
    const refresh_token = tokens?.refresh;
    try {
      const response = await send("/auth/refresh", { method: "POST", body: { refresh_token } });
      const body = await readJson(response);
      if (tokens?.refresh === refresh_token) keep(body);
    } catch (error) {
      if (!(error instanceof ApiError) || error.problem.status !== 401) throw error;
      if (tokens?.refresh === refresh_token) tokens = null;
    }
  }

  function renew() {
    renewal ??= renewOnce().finally(() => {
      renewal = null;
    });
    return renewal;
  }

  async function renewEarly() {
    try {
      await renew();
    } catch (error) {
      // Still good for a moment: a renewal that the network swallowed need not stop this call.
      if (!tokens || tokens.expires <= now()) throw error;
    }
  }

  /** @param {AbortSignal} [signal] */
  function signedIn(signal) {
    onEnded();
    return new Promise((resolve, reject) => {
      waiting.push({ wake: () => resolve(undefined), fail: reject });
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  /**
   * An access token to call with; waits for a password when there is no other way.
   * @param {AbortSignal} [signal]
   * @returns {Promise<string>}
   */
  async function bearer(signal) {
    if (tokens && tokens.expires - now() < MARGIN_MS) await renewEarly();
    if (!tokens) await signedIn(signal);
    return /** @type {Tokens} */ (tokens).access;
  }

  /**
   * The server refused this token. If another call has renewed it meanwhile, there is nothing to do.
   * @param {string} token
   */
  async function refused(token) {
    if (tokens?.access === token) await renew();
  }

  /** Forget both tokens; calls that still wait for a password fail. */
  function forget() {
    const access = tokens?.access ?? "";
    tokens = null;
    failWaiting();
    return access;
  }

  return { signIn, bearer, refused, forget };
}
