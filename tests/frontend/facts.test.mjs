// What is told of a model: what the owner has written, in the reader's words, and nothing besides.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readModel } from "../../frontend/src/api/model.js";
import { contextText, priceText, routeText, spokenModel, vendorText } from "../../frontend/src/i18n/models.js";
import { language } from "../../frontend/src/i18n/index.js";

const PRICE = { input: 1.25, output: 10, currency: "USD", per_tokens: 1_000_000, date: "2026-11-01" };
const FULL = {
  id: "claude", owned_by: "anthropic", context_length: 200_000, capabilities: { vision: true, tools: true, streaming: false }, price: PRICE,
};

test("Everything that is told is read", () => {
  assert.deepEqual(readModel(FULL), {
    id: "claude", vendors: ["anthropic"], context: 200_000, vision: true, tools: true, streaming: false,
    price: { input: 1.25, output: 10, date: "2026-11-01" }, route: null,
  });
});

test("What is not told, or not in the promised form, is not known", () => {
  const unknown = { vendors: [], context: null, vision: null, tools: null, streaming: null, price: null, route: null };
  const odd = { id: "m", owned_by: 5, context_length: "big", capabilities: { vision: "yes" }, price: { ...PRICE, currency: "EUR" }, route: { models: "a" } };

  assert.deepEqual(readModel({ id: "m" }), { id: "m", ...unknown });
  assert.deepEqual(readModel(odd), { id: "m", ...unknown });
  assert.deepEqual(readModel(null), { id: "undefined", ...unknown });
});

test("A context is written as its vendor writes it", () => {
  const written = [131_072, 128_000, 8192, 32_768, 1_000_000, 1_048_576, 1_047_576, 2_000_000, 500].map(contextText);

  assert.deepEqual(written, ["128K", "128K", "8K", "32K", "1M", "1M", "1M", "2M", "500"]);
  assert.equal(contextText(null), "");
});

test("A price is written short and exact, and for a route as the most there may be", () => {
  const route = { strategy: "ordered", models: ["a", "b"] };
  const cheap = { ...PRICE, input: 0.0375, output: 0.5 };

  assert.equal(priceText(readModel(FULL)), "$1.25 / $10");
  assert.equal(priceText(readModel({ ...FULL, price: cheap })), "$0.0375 / $0.50");
  assert.equal(priceText(readModel({ ...FULL, route })), "up to $1.25 / $10");
  assert.equal(priceText(readModel({ id: "m" })), "");
});

test("Vendors have their proper names, and an unknown one its own", () => {
  assert.equal(vendorText(readModel({ id: "r", owned_by: "bedrock, openai, moon" })), "Amazon Bedrock · OpenAI API · moon");
});

test("A route tells how it chooses and among which", () => {
  const route = (strategy) => routeText(readModel({ id: "r", route: { strategy, models: ["a", "b"] } }));

  assert.deepEqual([route("cheapest"), route("by-moonlight")], ["The cheapest of: a, b", "One of: a, b"]);
});

test("Who cannot see the row hears all of it, in their language", () => {
  const heard = spokenModel(readModel(FULL));
  language.value = "zh";
  const inChinese = spokenModel(readModel(FULL));
  language.value = "en";

  assert.equal(
    heard,
    "claude, Anthropic, reads 200K tokens, $1.25 / $10 per million tokens in / out, as of 2026-11-01, sees images, uses tools",
  );
  assert.match(inChinese, /可读 200K 个 token.*能看图片/);
  assert.equal(spokenModel(readModel({ id: "m" })), "m");
});
