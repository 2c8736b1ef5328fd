/**
 * An error's text for a person. Knows which codes have words of their own; everything else is told in the
 * server's words. To give a code its own words, add `error.<code>` to every language.
 */

import { isKnown, t } from "./index.js";

/** @import { Problem } from "../types.js" */

/** @param {Problem} problem */
export function problemText({ code, message, retryAfter }) {
  const key = `error.${code}`;
  if (retryAfter > 0 && isKnown(`${key}.wait`)) return t(`${key}.wait`, { time: waitText(retryAfter) });
  if (isKnown(key)) return t(key);
  return message || t("error.unexpected");
}

/** @param {number} seconds */
export function waitText(seconds) {
  if (seconds < 90) return t("wait.seconds", { n: seconds });
  return t("wait.minutes", { n: Math.ceil(seconds / 60) });
}
