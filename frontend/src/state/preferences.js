/**
 * Small choices: theme and language belong to the device, default instructions and last model to the person.
 * Knows localStorage and that it may refuse; must not know tokens or conversations, which never come here.
 * To add a choice, add it to DEVICE or PERSON.
 */

import { signal } from "@preact/signals";

/** @typedef {ReturnType<typeof createPreferences>} Preferences */

const DEVICE = { theme: "system", language: "" };
const PERSON = { defaultSystem: "", lastModel: "" };

/** @param {() => globalThis.Storage} place  a function, because merely touching localStorage may throw */
export function createPreferences(place) {
  let user = "";
  const device = signal({ ...DEVICE, ...read(place, "twocan") });
  const person = signal({ ...PERSON });

  return {
    device,
    person,
    /** @param {Partial<typeof DEVICE>} change */
    setDevice(change) {
      device.value = { ...device.value, ...change };
      write(place, "twocan", device.value);
    },
    /** @param {Partial<typeof PERSON>} change */
    setPerson(change) {
      person.value = { ...person.value, ...change };
      write(place, `twocan:${user}`, person.value);
    },
    /** @param {string} username */
    enter(username) {
      user = username;
      person.value = { ...PERSON, ...read(place, `twocan:${user}`) };
    },
  };
}

/** @param {() => globalThis.Storage} place @param {string} key @returns {Record<string, string>} */
function read(place, key) {
  try {
    return JSON.parse(place().getItem(key) ?? "{}");
  } catch {
    return {};
  }
}

/** @param {() => globalThis.Storage} place @param {string} key @param {unknown} value */
function write(place, key, value) {
  try {
    place().setItem(key, JSON.stringify(value));
  } catch {
    // Without storage the choice lives as long as the tab, which is what the banner already says.
  }
}
