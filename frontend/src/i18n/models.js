/**
 * A model's facts in words: for the eye short, for the ear whole. Knows vendors' names and how numbers are written;
 * what is unknown has no words. To add a vendor, add its name to VENDORS.
 */

import { LANGUAGES, isKnown, language, t } from "./index.js";

/** @import { Model } from "../types.js" */

/** @type {Record<string, string>} */
const VENDORS = {
  // Every server that speaks OpenAI's words is told by this name, so only the words may be claimed.
  openai: "OpenAI API",
  anthropic: "Anthropic",
  replicate: "Replicate",
  sagemaker: "Amazon SageMaker",
  bedrock: "Amazon Bedrock",
  google: "Google",
  gemini: "Google Gemini",
};

/** @param {Pick<Model, "vendors">} model */
export function vendorText({ vendors }) {
  return vendors.map((vendor) => VENDORS[vendor] ?? vendor).join(" · ");
}

/**
 * Tokens as vendors write them: 131,072 and 128,000 are both "128K".
 * @param {number | null} tokens
 */
export function contextText(tokens) {
  if (!tokens) return "";
  const step = tokens % 1000 !== 0 && tokens % 1024 === 0 ? 1024 : 1000;
  const thousands = tokens / step;
  if (thousands >= 1000) return `${tidy(thousands / step)}M`;
  return thousands >= 1 ? `${Math.round(thousands)}K` : String(tokens);
}

/** @param {number} number  one digit after the point, if it says something */
function tidy(number) {
  return String(Math.round(number * 10) / 10);
}

/** @param {Model} model */
export function priceText({ price, route }) {
  if (!price) return "";
  const pair = `${dollars(price.input)} / ${dollars(price.output)}`;
  return route ? t("model.upTo", { price: pair }) : pair;
}

/** @param {number} amount */
function dollars(amount) {
  const digits = Number.isInteger(amount) ? 0 : 2;
  const tag = LANGUAGES[language.value].tag;
  const options = /** @type {const} */ ({ style: "currency", currency: "USD", currencyDisplay: "narrowSymbol" });
  return new Intl.NumberFormat(tag, { ...options, minimumFractionDigits: digits, maximumFractionDigits: 4 }).format(amount);
}

/** Which models stand behind a name, "" for a model of its own. @param {Model} model */
export function routeText({ route }) {
  if (!route) return "";
  const key = `route.${route.strategy}`;
  const models = route.models.join(", ");
  return isKnown(key) ? t(key, { models }) : t("route.other", { models });
}

/** Everything that is known, as one sentence for who cannot see the row. @param {Model} model */
export function spokenModel(model) {
  const { id, context, price, vision, tools } = model;
  const facts = [
    id,
    vendorText(model),
    routeText(model),
    context ? t("model.spokenContext", { context: contextText(context) }) : "",
    price ? t("model.spokenPrice", { price: priceText(model), date: price.date }) : "",
    vision ? t("model.vision") : "",
    tools ? t("model.tools") : "",
  ];
  return facts.filter(Boolean).join(", ");
}
