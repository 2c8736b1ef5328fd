/**
 * The answer of `GET /admin/models` as a value. Knows the API's members; whatever is not of the form that was promised
 * counts as not told. To show another member, read it here and add it to `ModelHealth`.
 */

import { amount } from "./model.js";

/** @import { Health, ModelHealth } from "../types.js" */

const STATES = /** @type {const} */ (["ready", "failing", "left_alone"]);

/** @param {any} body @returns {Health} */
export function readHealth(body) {
  const { at, period_seconds: period, shared, instances, data } = body ?? {};
  return {
    at: count(at),
    period: count(period),
    isShared: shared === true,
    instances: count(instances),
    models: (Array.isArray(data) ? data : []).map(readOne),
  };
}

/** @param {any} entry @returns {ModelHealth} */
function readOne(entry) {
  const { id, vendor, model, host, routes, state, ...figures } = entry ?? {};
  return {
    id: String(id),
    vendor: text(vendor),
    model: text(model),
    host: text(host),
    routes: Array.isArray(routes) ? routes.map(String) : [],
    state: STATES.find((one) => one === state) ?? "unknown",
    wait: count(figures.wait_seconds),
    asked: count(figures.asked),
    failed: count(figures.failed),
    firstToken: readTimes(figures.first_token_ms ?? {}),
    lastError: readError(figures.last_error ?? {}),
  };
}

/** @param {any} times @returns {ModelHealth["firstToken"]} */
function readTimes(times) {
  const [p50, p95] = [amount(times.p50), amount(times.p95)];
  return p50 !== null && p95 !== null ? { p50, p95 } : null;
}

/** @param {any} error @returns {ModelHealth["lastError"]} */
function readError({ code, at }) {
  const time = amount(at);
  return text(code) && time !== null ? { code, at: time } : null;
}

/** @param {unknown} value */
function count(value) {
  return amount(value) ?? 0;
}

/** @param {unknown} value */
function text(value) {
  return typeof value === "string" ? value : "";
}
