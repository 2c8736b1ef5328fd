/**
 * What went wrong, as one error class and its plain-data twin. Knows the API's error body and its headers;
 * must not know words of any language (`i18n/`) nor how a request was made.
 * To add a known code, add `error.<code>` to both languages; nothing changes here.
 */

/** @import { Problem } from "../types.js" */

export class ApiError extends Error {
  /** @param {Partial<Problem> & { code: string }} problem */
  constructor({ code, message = "", status = 0, requestId = "", retryAfter = 0 }) {
    super(message || code);
    /** @type {Problem} */
    this.problem = { code, message, status, requestId, retryAfter };
  }
}

/**
 * The error a refused response stands for. Never throws: some proxies answer in HTML.
 * @param {Response} response
 * @returns {Promise<ApiError>}
 */
export async function readProblem(response) {
  const body = await response.text().catch(() => "");
  const told = toldIn(body);
  return new ApiError({
    code: told.code || codeOfStatus(response.status),
    message: told.message,
    status: response.status,
    requestId: response.headers.get("x-request-id") ?? "",
    retryAfter: seconds(response.headers.get("retry-after")),
  });
}

/**
 * The code and message a JSON error body holds; empty strings for anything else.
 * @param {string} body
 * @returns {{ code: string, message: string }}
 */
export function toldIn(body) {
  try {
    const error = JSON.parse(body)?.error;
    return { code: text(error?.code) || text(error?.type), message: text(error?.message) };
  } catch {
    return { code: "", message: "" };
  }
}

/**
 * Anything thrown, as data that can be shown and stored.
 * @param {unknown} error
 * @returns {Problem}
 */
export function toProblem(error) {
  if (error instanceof ApiError) return error.problem;
  const message = error instanceof Error ? error.message : String(error);
  return { code: "unexpected", message, status: 0, requestId: "", retryAfter: 0 };
}

/** @param {unknown} value */
function text(value) {
  return typeof value === "string" ? value : "";
}

/** @param {string | null} header  only the seconds form is used by the API */
function seconds(header) {
  const count = Math.ceil(Number(header));
  return Number.isFinite(count) && count > 0 ? count : 0;
}

/** @param {number} status */
function codeOfStatus(status) {
  if (status === 401) return "unauthenticated";
  if (status === 413) return "request_too_large";
  if (status === 429) return "rate_limited";
  if (status === 504) return "upstream_timeout";
  return status >= 500 ? "upstream_error" : "unexpected";
}
