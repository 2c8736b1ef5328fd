/**
 * One request to the one API origin: JSON out, a `Response` or an `ApiError` back. Knows fetch and CORS;
 * must not know tokens' lifetimes (`session.js`) nor any path's meaning (`api.js`).
 */

import { ApiError, readProblem } from "./problem.js";

/**
 * @typedef {object} Call
 * @property {string} [method]
 * @property {unknown} [body]
 * @property {string} [token]
 * @property {AbortSignal} [signal]
 *
 * @typedef {(path: string, call?: Call) => Promise<Response>} Send
 */

/**
 * @param {object} parts
 * @param {Promise<string>} parts.origin  still being read while the sign-in form is already shown
 * @param {typeof globalThis.fetch} parts.fetch
 * @returns {Send}
 */
export function createTransport({ origin, fetch }) {
  return async (path, { method = "GET", body, token, signal } = {}) => {
    const response = await reach(fetch, (await origin.catch(unconfigured)) + path, {
      method,
      headers: headersFor(body, token),
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
    });
    if (!response.ok) throw await readProblem(response);
    return response;
  };
}

/**
 * Read a JSON body, or say that what answered was not our API.
 * @param {Response} response
 * @returns {Promise<any>}
 */
export async function readJson(response) {
  try {
    return await response.json();
  } catch (error) {
    const requestId = response.headers.get("x-request-id") ?? "";
    throw new ApiError({ code: "not_the_api", message: String(error), status: response.status, requestId });
  }
}

/** @param {unknown} error @returns {never} */
function unconfigured(error) {
  throw new ApiError({ code: "not_configured", message: String(error) });
}

/**
 * @param {typeof globalThis.fetch} fetch
 * @param {string} url
 * @param {RequestInit} init
 */
async function reach(fetch, url, init) {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError({ code: "network", message: String(error) });
  }
}

/**
 * @param {unknown} body
 * @param {string | undefined} token
 */
function headersFor(body, token) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers["Authorization"] = `Bearer ${token}`;
  return headers;
}
