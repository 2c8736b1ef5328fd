// The models' health: what is read of an answer, when it is read anew, what stays when that fails, and how it is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readHealth } from "../../frontend/src/api/health.js";
import { ApiError } from "../../frontend/src/api/problem.js";
import { agoText, countedText, errorWords, hintOf, shareText, timeText } from "../../frontend/src/i18n/health.js";
import { language } from "../../frontend/src/i18n/index.js";
import { createHealth } from "../../frontend/src/state/health.js";

const MODEL = {
  id: "claude", vendor: "anthropic", model: "claude-sonnet-4-5", host: "api.anthropic.com", routes: ["chat"], state: "left_alone", wait_seconds: 12,
  asked: 40, failed: 2, first_token_ms: { p50: 420, p95: 1310 }, last_error: { code: "upstream_timeout", at: 1763759800 },
};
const ANSWER = { object: "list", at: 1763760000, period_seconds: 3600, shared: true, instances: 2, data: [MODEL] };

test("Everything that is told is read", () => {
  assert.deepEqual(readHealth(ANSWER), {
    at: 1763760000, period: 3600, isShared: true, instances: 2,
    models: [{
      id: "claude", vendor: "anthropic", model: "claude-sonnet-4-5", host: "api.anthropic.com", routes: ["chat"], state: "left_alone", wait: 12,
      asked: 40, failed: 2, firstToken: { p50: 420, p95: 1310 }, lastError: { code: "upstream_timeout", at: 1763759800 },
    }],
  });
});

test("What is not told, or not in the promised form, counts as not seen", () => {
  const unseen = {
    id: "m", vendor: "", model: "", host: "", routes: [], state: "unknown", wait: 0, asked: 0, failed: 0, firstToken: null, lastError: null,
  };
  const odd = { id: "m", vendor: 5, routes: "chat", state: "by-moonlight", asked: -1, first_token_ms: { p50: 4 }, last_error: { code: "", at: 5 } };

  assert.deepEqual(readHealth({ data: [{ id: "m" }, odd] }).models, [unseen, unseen]);
  assert.deepEqual(readHealth(null), { at: 0, period: 0, isShared: false, instances: 0, models: [] });
});

/** A view over answers by script; each is a value, or an error to throw. */
function build(...answers) {
  const world = { time: 0, asked: 0 };
  const health = async (signal) => {
    world.asked += 1;
    world.signal = signal;
    const answer = await answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  world.health = createHealth({ api: { health }, now: () => world.time });
  return world;
}

const problem = (code, more = {}) => new ApiError({ code, ...more });

test("Figures are read anew every ten seconds, and not before", async () => {
  const world = build(ANSWER, { ...ANSWER, at: 1763760010 });
  await world.health.read();
  world.time = 9_999;
  await world.health.tick();
  const before = [world.asked, world.health.age.value];
  world.time = 10_000;
  await world.health.tick();

  assert.deepEqual(before, [1, 9]);
  assert.deepEqual([world.asked, world.health.age.value, world.health.report.value.at], [2, 0, 1763760010]);
});

test("While an answer is awaited nothing more is asked", async () => {
  let answer = () => {};
  const world = build(new Promise((resolve) => (answer = resolve)));
  const reading = world.health.read();
  world.time = 60_000;
  await Promise.all([world.health.read(), world.health.tick()]);
  answer(ANSWER);
  await reading;

  assert.deepEqual([world.asked, world.health.isReading.value], [1, false]);
});

test("What was read stays when reading fails, with the trouble, until it is over", async () => {
  const world = build(ANSWER, problem("network"), ANSWER);
  await world.health.read();
  await world.health.read();
  const failed = [world.health.report.value?.models.length, world.health.problem.value?.code];
  await world.health.read();

  assert.deepEqual(failed, [1, "network"]);
  assert.equal(world.health.problem.value, null);
});

test("The same trouble again is not told anew", async () => {
  const world = build(problem("internal_error", { requestId: "r1" }), problem("internal_error", { requestId: "r2" }));
  await world.health.read();
  await world.health.read();

  assert.equal(world.health.problem.value.requestId, "r1");
});

test("Who is no admin any more keeps no figures", async () => {
  const world = build(ANSWER, problem("forbidden", { status: 403 }));
  await world.health.read();
  await world.health.read();

  assert.deepEqual([world.health.report.value, world.health.problem.value.code], [null, "forbidden"]);
});

test("A gateway's trouble is not told as a model's", async () => {
  const world = build(problem("upstream_timeout", { status: 504, requestId: "r1" }));
  await world.health.read();

  assert.deepEqual([world.health.problem.value.code, world.health.problem.value.requestId], ["unexpected", "r1"]);
});

test("A call that was stopped with the view is no trouble", async () => {
  const world = build(new Promise((_, reject) => setImmediate(() => reject(new DOMException("stopped", "AbortError")))));
  const reading = world.health.read();
  world.health.stop();
  await reading;

  assert.deepEqual([world.signal.aborted, world.health.problem.value], [true, null]);
});

/** @param {() => unknown} tell */
function inChinese(tell) {
  language.value = "zh";
  const told = tell();
  language.value = "en";
  return told;
}

const plain = (text) => text.replaceAll("\u00a0", " ");

test("Times are written as they read best, and their unit stays with them", () => {
  const write = () => [0, 420, 999, 1000, 1310, 9949, 9950, 12_400, 130_000].map((ms) => plain(timeText(ms)));

  assert.deepEqual(write(), ["0 ms", "420 ms", "999 ms", "1.0 s", "1.3 s", "9.9 s", "10 s", "12 s", "130 s"]);
  assert.deepEqual(inChinese(write).slice(1, 5), ["420 毫秒", "999 毫秒", "1.0 秒", "1.3 秒"]);
  assert.match(timeText(420), /\u00a0/);
});

test("The past is told in the largest unit that fits, and a clock that runs ahead is now", () => {
  const write = () => [-3, 5, 59.9, 60, 240, 3600, 90_000].map((seconds) => plain(agoText(seconds)));

  assert.deepEqual(write(), ["now", "5 seconds ago", "59 seconds ago", "1 minute ago", "4 minutes ago", "1 hour ago", "yesterday"]);
  assert.deepEqual(inChinese(write).slice(1, 5), ["5 秒钟前", "59 秒钟前", "1 分钟前", "4 分钟前"]);
});

test("A failure's share is a whole percentage", () => {
  assert.equal(shareText(11, 48), "23%");
});

test("A model that is left alone is told with the time that is left, and is then tried", () => {
  const [model] = readHealth(ANSWER).models;
  const told = (age) => hintOf(model, 3600, age);

  assert.deepEqual([told(0), told(11), told(12)].map((text) => text.slice(0, 23)), ["Not asked for 12 s more", "Not asked for 1 s more.", "The next question tries"]);
});

test("A model that was not asked says within which time", () => {
  const model = { ...readHealth(ANSWER).models[0], state: "unknown" };
  const told = () => [3600, 7200, 900].map((period) => plain(hintOf(model, period, 0)));

  assert.deepEqual(told(), ["No question within 1 hour.", "No question within 2 hours.", "No question within 15 minutes."]);
  assert.deepEqual(inChinese(told), ["1 小时内没有提问。", "2 小时内没有提问。", "15 分钟内没有提问。"]);
});

test("Several instances are named, one is not", () => {
  const told = (parts) => plain(countedText(readHealth({ ...ANSWER, ...parts })));

  assert.match(told({}), /within 1 hour, at most 50 in each of 2 instances\.$/);
  assert.match(told({ instances: 1 }), /within 1 hour, at most 50\.$/);
  assert.match(told({ shared: false }), /within 1 hour, at most 50\.$/);
});

test("Every error that a model's server can cause has words and advice, and an unknown one its code", () => {
  const codes = ["error", "refused", "invalid_request", "busy", "cut", "timeout"].map((name) => `upstream_${name}`);

  for (const code of [...codes, "context_too_long"]) assert.ok(errorWords(code).what && errorWords(code).advice, code);
  assert.deepEqual(errorWords("moon_phase"), { what: "Another error: moon_phase", advice: "" });
  assert.match(inChinese(() => errorWords("upstream_refused").advice), /密钥不对/);
});
