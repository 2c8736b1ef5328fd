/**
 * One entry of `GET /v1/models` as a value. Knows the API's members; what the owner has not told is null, and so is
 * whatever is not of the form that was promised. To show another member, read it here and add it to `Model`.
 */

/** @import { Model } from "../types.js" */

/** @param {any} entry @returns {Model} */
export function readModel(entry) {
  const { id, owned_by: owner, context_length: context, capabilities } = entry ?? {};
  const { vision, tools, streaming } = capabilities ?? {};
  return {
    id: String(id),
    vendors: typeof owner === "string" ? owner.split(",").map(trim).filter(Boolean) : [],
    context: amount(context),
    vision: truth(vision),
    tools: truth(tools),
    streaming: truth(streaming),
    price: readPrice(entry?.price ?? {}),
    route: readRoute(entry?.route),
  };
}

/** Only dollars for a million tokens: that is what the page's words say. @param {any} price @returns {Model["price"]} */
function readPrice(price) {
  const [input, output] = [amount(price.input), amount(price.output)];
  const isOurs = price.currency === "USD" && price.per_tokens === 1_000_000;
  return isOurs && input !== null && output !== null ? { input, output, date: String(price.date ?? "") } : null;
}

/** @param {any} route @returns {Model["route"]} */
function readRoute(route) {
  return Array.isArray(route?.models) ? { strategy: String(route.strategy), models: route.models.map(String) } : null;
}

/** A number that counts something, or null. @param {unknown} value */
export function amount(value) {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

/** @param {unknown} value */
function truth(value) {
  return typeof value === "boolean" ? value : null;
}

/** @param {string} text */
const trim = (text) => text.trim();
