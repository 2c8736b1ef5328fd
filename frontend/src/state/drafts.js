/**
 * What is typed but not sent, one text per conversation, in memory and on the device. Knows storage; must not
 * know when a draft is sent.
 */

import { signal } from "@preact/signals";

/**
 * @import { Storage } from "./storage.js"
 * @import { Signal } from "@preact/signals"
 *
 * @typedef {ReturnType<typeof createDrafts>} Drafts
 */

// Long enough to not write at every key, short enough to lose a word at most.
const PAUSE_MS = 400;

/** @param {Promise<Storage>} storage */
export function createDrafts(storage) {
  /** @type {Map<string, Signal<string>>} */
  let texts = new Map();
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  const pauses = new Map();

  /** @param {string} key */
  function of(key) {
    const known = texts.get(key);
    if (known) return known;
    const text = signal("");
    texts.set(key, text);
    storage.then((store) => store.loadDraft(key)).then((stored) => (text.value ||= stored), () => null);
    return text;
  }

  /** @param {string} key @param {string} user @param {string} text */
  function write(key, user, text) {
    of(key).value = text;
    clearTimeout(pauses.get(key));
    const keep = async () => (await storage).saveDraft(key, user, text).catch(() => null);
    pauses.set(key, setTimeout(keep, text ? PAUSE_MS : 0));
  }

  return {
    of,
    write,
    forget() {
      texts = new Map();
    },
  };
}
