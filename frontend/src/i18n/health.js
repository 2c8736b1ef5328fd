/**
 * The words of the models' health, for who runs this: loaded with the view, since few people ever see it. Knows how its
 * figures are written. To give an error its own words, add `error.<code>` and `advice.<code>` to both languages.
 */

import { LANGUAGES, formatDate, language, speaking } from "./index.js";
import { waitText } from "./problems.js";

/** @import { Health, ModelHealth } from "../types.js" */

const en = {
  refresh: "Refresh",
  refreshed: "Refreshed at {time}.",
  loading: "Reading the figures…",
  asOf: "As of {time}",
  failed: "The figures could not be read.",
  stale: "New figures could not be read; these are of {time}.",
  empty: "No model is set up yet.",
  emptyText: "Add a `[[models]]` block to `twocan.toml`, then apply it.",
  one: "These are the figures of one function instance only, the one that answered just now; others may have seen more. To see all instances together, write `breaker = \"shared\"` under `[deploy]` in `twocan.toml`, then apply it.",
  counted: "Counted are each model’s last questions within {period}, at most 50.",
  countedOver: "Counted are each model’s last questions within {period}, at most 50 in each of {n} instances.",
  inAll: "All models by their state",

  model: "Model",
  where: "Where",
  routes: "Routes: {names}",
  state: "State",
  failures: "Failed",
  failuresOf: "{failed} of {asked}",
  notAsked: "not asked",
  firstToken: "First token",
  firstTokenOf: "First token, {which}",
  "firstToken.p50": "usual (p50)",
  "firstToken.p95": "slow (p95)",
  ms: "{n} ms",
  s: "{n} s",
  notMeasured: "not measured",
  lastError: "Last error",
  noError: "none",

  "state.ready": "Ready",
  "state.failing": "Failing",
  "state.left_alone": "Left alone",
  "state.unknown": "Not asked",
  "hint.failing": "The last question failed. It is still asked.",
  "hint.left_alone": "Not asked for {time} more. Then one question tries it.",
  "hint.tried": "The next question tries it.",
  "hint.unknown": "No question within {period}.",

  "error.upstream_error": "The vendor’s server failed.",
  "error.upstream_refused": "The vendor refused the key.",
  "error.upstream_invalid_request": "The vendor did not accept a request.",
  "error.context_too_long": "A conversation was too long for it.",
  "error.upstream_busy": "The vendor’s rate limit was reached.",
  "error.upstream_cut": "An answer broke off.",
  "error.upstream_timeout": "The model took too long.",
  "error.other": "Another error: {code}",
  "advice.upstream_error": "If it stays, check `base_url`, and the vendor’s status page.",
  "advice.upstream_refused": "The key is wrong or may not use this model, or the account has no credit left.",
  "advice.upstream_invalid_request": "If every question fails, check this model’s block in `twocan.toml`.",
  "advice.context_too_long": "Nothing is wrong. A route can send long ones to another model, if `context` is set.",
  "advice.upstream_busy": "Ask the vendor for a higher limit, or share the questions among models by a route.",
  "advice.upstream_cut": "If it happens often, check the vendor’s status page, and `idle_seconds`.",
  "advice.upstream_timeout": "If it stays, raise `first_token_seconds`, or put a faster model first in a route.",
};

/** @type {Record<keyof typeof en, string>} */
const zh = {
  refresh: "刷新",
  refreshed: "已于 {time} 刷新。",
  loading: "正在读取…",
  asOf: "截至 {time}",
  failed: "无法读取模型状态。",
  stale: "没能读到新数据，以下是 {time} 的数据。",
  empty: "还没有配置模型。",
  emptyText: "在 `twocan.toml` 里加一段 `[[models]]`，然后重新部署。",
  one: "以下只是刚才应答的那一个函数实例的数据，其他实例看到的可能更多。要汇总所有实例，请在 `twocan.toml` 的 `[deploy]` 下写 `breaker = \"shared\"`，然后重新部署。",
  counted: "统计每个模型在 {period}内最近的提问，最多 50 次。",
  countedOver: "统计每个模型在 {period}内最近的提问，{n} 个实例各最多 50 次。",
  inAll: "各状态的模型数",

  model: "模型",
  where: "位置",
  routes: "路由：{names}",
  state: "状态",
  failures: "失败 / 提问",
  failuresOf: "{failed} / {asked}",
  notAsked: "没有提问",
  firstToken: "首个 token",
  firstTokenOf: "首个 token，{which}",
  "firstToken.p50": "通常（p50）",
  "firstToken.p95": "较慢（p95）",
  ms: "{n} 毫秒",
  s: "{n} 秒",
  notMeasured: "没有测到",
  lastError: "最近的错误",
  noError: "没有",

  "state.ready": "正常",
  "state.failing": "出错",
  "state.left_alone": "暂停使用",
  "state.unknown": "未使用",
  "hint.failing": "上一次提问失败，仍在使用。",
  "hint.left_alone": "再停 {time}，然后用一次提问试探。",
  "hint.tried": "下一次提问会试探它。",
  "hint.unknown": "{period}内没有提问。",

  "error.upstream_error": "服务商的服务器出错。",
  "error.upstream_refused": "服务商拒绝了密钥。",
  "error.upstream_invalid_request": "服务商不接受某次请求。",
  "error.context_too_long": "有一个对话太长，超出了它能读的范围。",
  "error.upstream_busy": "达到了服务商的速率限制。",
  "error.upstream_cut": "有一条回答中途断了。",
  "error.upstream_timeout": "模型响应超时。",
  "error.other": "其他错误：{code}",
  "advice.upstream_error": "如果持续出现，请检查 `base_url`，并查看服务商的状态页。",
  "advice.upstream_refused": "密钥不对，或无权使用这个模型，或账户余额不足。",
  "advice.upstream_invalid_request": "如果每次提问都失败，请检查 `twocan.toml` 里这个模型的配置。",
  "advice.context_too_long": "模型没有问题。设好 `context` 后，路由可以把长对话交给别的模型。",
  "advice.upstream_busy": "请向服务商申请更高的限额，或用路由把提问分给几个模型。",
  "advice.upstream_cut": "如果经常出现，请查看服务商的状态页，并检查 `idle_seconds`。",
  "advice.upstream_timeout": "如果持续出现，请调大 `first_token_seconds`，或在路由里把更快的模型放在前面。",
};

export const WORDS = { en, zh };

export const say = speaking(WORDS);

/** What went wrong, and what an owner can do. @param {string} code */
export function errorWords(code) {
  const known = /** @type {keyof typeof en} */ (`error.${code}`);
  if (!(known in en)) return { what: say("error.other", { code }), advice: "" };
  return { what: say(known), advice: say(/** @type {keyof typeof en} */ (`advice.${code}`)) };
}

/** What a state means for this model, "" where its name says all. @param {ModelHealth} model @param {number} period @param {number} age  seconds since that was told */
export function hintOf({ state, wait }, period, age) {
  if (state === "ready") return "";
  if (state === "left_alone" && wait <= age) return say("hint.tried");
  return say(`hint.${state}`, { time: waitText(Math.ceil(wait - age)), period: spanText(period) });
}

/** What the figures are counted over. @param {Health} report */
export function countedText({ period, isShared, instances }) {
  return say(isShared && instances > 1 ? "countedOver" : "counted", { period: spanText(period), n: instances });
}

/** @param {number} failed @param {number} asked  not 0 */
export function shareText(failed, asked) {
  return numberText(failed / asked, { style: "percent" });
}

/** Milliseconds as they read best. @param {number} ms */
export function timeText(ms) {
  const digits = ms >= 1000 && ms < 9950 ? 1 : 0;
  const n = numberText(ms < 1000 ? ms : ms / 1000, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return joined(say(ms < 1000 ? "ms" : "s", { n }));
}

/** @param {number} seconds  the past; the clocks of two instances may differ by a little */
export function agoText(seconds) {
  const past = Math.max(0, Math.floor(seconds));
  const [unit, size] = /** @type {[Intl.RelativeTimeFormatUnit, number]} */ (
    past < 60 ? ["second", 1] : past < 3600 ? ["minute", 60] : past < 86_400 ? ["hour", 3600] : ["day", 86_400]
  );
  return joined(new Intl.RelativeTimeFormat(tag(), { numeric: "auto" }).format(-Math.floor(past / size), unit));
}

/** @param {Health} report */
export function clockText({ at }) {
  return formatDate(at * 1000, { timeStyle: "medium" });
}

/** @param {number} seconds */
function spanText(seconds) {
  const [unit, size] = seconds % 3600 === 0 ? ["hour", 3600] : ["minute", 60];
  return joined(numberText(seconds / size, { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 }));
}

/** A number and its unit, with a blank between them, on one line in every language. @param {string} text */
function joined(text) {
  return text.replace(/(\d) ?(?=\p{L})/u, "$1\u00a0");
}

/** @param {number} number @param {Intl.NumberFormatOptions} options */
function numberText(number, options) {
  return new Intl.NumberFormat(tag(), options).format(number);
}

function tag() {
  return LANGUAGES[language.value].tag;
}
