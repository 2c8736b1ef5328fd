// Both languages say the same things, and every error has words.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { en } from "../../frontend/src/i18n/en.js";
import { WORDS } from "../../frontend/src/i18n/health.js";
import { zh } from "../../frontend/src/i18n/zh.js";
import { chooseLanguage, language, t } from "../../frontend/src/i18n/index.js";
import { problemText } from "../../frontend/src/i18n/problems.js";

const SOURCE = new URL("../../frontend/src/", import.meta.url);
/** A text without a word: only what is filled in, and what stands between. */
const ONLY_VALUES = /^(\{\w+\}[ /]*)+$/;
const values = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
const problem = (parts) => ({ code: "x", message: "", status: 0, requestId: "", retryAfter: 0, ...parts });

async function sources() {
  const names = await readdir(SOURCE, { recursive: true });
  const wanted = names.filter((name) => /\.jsx?$/.test(name) && !/i18n\/(en|zh)\.js$/.test(name));
  return (await Promise.all(wanted.map((name) => readFile(new URL(name, SOURCE), "utf8")))).join("\n");
}

for (const [part, words] of Object.entries({ page: { en, zh }, health: WORDS })) {
  test(`Both languages have the same keys in the same order: ${part}`, () => {
    assert.deepEqual(Object.keys(words.zh), Object.keys(words.en));
  });

  test(`Both languages fill in the same values: ${part}`, () => {
    for (const key of Object.keys(words.en)) assert.deepEqual(values(words.zh[key]), values(words.en[key]), key);
  });

  test(`No text is empty, and no Chinese text is left in English: ${part}`, () => {
    for (const key of Object.keys(words.en)) {
      assert.ok(words.en[key].trim(), key);
      assert.match(words.zh[key].replace(ONLY_VALUES, "值"), /[\u4e00-\u9fff]/, key);
    }
  });
}

test("Every key the page asks for by name exists", async () => {
  const asked = [...(await sources()).matchAll(/\bt\("([\w.]+)"/g)].map(([, key]) => key);

  assert.ok(asked.length > 50);
  for (const key of asked) assert.ok(key in en, key);
});

test("Every word of a part that is loaded later is asked for in that part", async () => {
  const code = (await sources()).replace(/^const en = [^]+?^};/gm, "").replace(/^const zh = [^]+?^};/gm, "");
  const isUsed = (key) => code.includes(`say("${key}"`) || code.includes(`\`${key.replace(/[^.]+$/, "")}\${`);

  for (const key of Object.keys(WORDS.en)) assert.ok(isUsed(key), key);
});

test("Every text is asked for somewhere, by its whole key or by its family", async () => {
  const code = await sources();
  const family = (key) => `\`${key.replace(/(\.prompt|\.wait)$/, "").replace(/[^.]+$/, "")}\${`;
  const isUsed = (key) => [`"${key}"`, `"${key.replace(/\.prompt$/, "")}"`, family(key)].some((mention) => code.includes(mention));

  for (const key of Object.keys(en)) assert.ok(isUsed(key), key);
});

test("The browser's first known language is chosen, else English", () => {
  assert.equal(chooseLanguage(["fr-FR", "zh-Hans-CN", "en"]), "zh");
  assert.equal(chooseLanguage(["fr"]), "en");
});

test("A known error is told in the reader's words, not the server's", () => {
  language.value = "zh";
  const told = problemText(problem({ code: "invalid_credentials", message: "nope" }));
  language.value = "en";

  assert.equal(told, "用户名或密码不正确。");
});

test("An unknown error is told in the server's words", () => {
  assert.equal(problemText(problem({ code: "moon_phase", message: "Wait for the moon." })), "Wait for the moon.");
});

test("An error without any words still says something", () => {
  assert.equal(problemText(problem({ code: "moon_phase" })), en["error.unexpected"]);
});

test("A waiting time is told in seconds, and in minutes when it is long", () => {
  assert.match(problemText(problem({ code: "too_many_attempts", retryAfter: 42 })), /in 42 s/);
  assert.match(problemText(problem({ code: "rate_limited", retryAfter: 200 })), /in 4 min/);
});

test("A value that is missing stays visible instead of vanishing", () => {
  assert.equal(t("image", {}), "Image: {alt}");
});
