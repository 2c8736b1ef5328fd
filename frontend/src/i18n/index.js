/**
 * Words in the reader's language. Knows which languages there are and how one is chosen; must not know screens.
 * To add a language, add its file with the same keys (a test compares them) and one line to LANGUAGES.
 */

import { signal } from "@preact/signals";
import { en } from "./en.js";
import { zh } from "./zh.js";

/** @typedef {keyof typeof en} Key */

/** @type {Record<string, { name: string, tag: string, words: Record<string, string> }>} */
export const LANGUAGES = {
  en: { name: "English", tag: "en", words: en },
  zh: { name: "简体中文", tag: "zh-CN", words: zh },
};

export const language = signal("en");

/**
 * The first language we have among those the browser asks for.
 * @param {readonly string[]} wanted
 */
export function chooseLanguage(wanted) {
  return wanted.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => tag in LANGUAGES) ?? "en";
}

/**
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  return fill(LANGUAGES[language.value].words[key] ?? key, values);
}

/**
 * The words of a part that is loaded later, to be asked for as `t` asks for the page's.
 * @template {string} Name
 * @param {Record<string, Record<Name, string>>} words  the same keys for every language; a test compares them
 */
export function speaking(words) {
  /** @param {Name} key @param {Record<string, string | number>} [values] */
  return (key, values = {}) => fill(words[language.value][key], values);
}

/** @param {string} text @param {Record<string, string | number>} values */
function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** @param {string} key */
export function isKnown(key) {
  return key in en;
}

/** @param {number} time @param {Intl.DateTimeFormatOptions} options */
export function formatDate(time, options) {
  return new Intl.DateTimeFormat(LANGUAGES[language.value].tag, options).format(time);
}

/** @param {number} bytes */
export function formatSize(bytes) {
  const [unit, amount] = bytes >= 1_000_000 ? ["megabyte", bytes / 1_000_000] : ["kilobyte", Math.max(1, bytes / 1000)];
  const digits = bytes >= 1_000_000 ? 1 : 0;
  const options = /** @type {const} */ ({ style: "unit", unit, maximumFractionDigits: digits });
  // A number and its unit stay on one line.
  return new Intl.NumberFormat(LANGUAGES[language.value].tag, options).format(amount).replace(" ", "\u00a0");
}
