/**
 * What tabs of the same page tell each other: which conversation changed, went, or is being answered. Knows the
 * channel; must not know records. No text of a conversation passes through it: receivers read the device.
 */

/**
 * @typedef {{ kind: "changed" | "removed" | "asking" | "alive", id: string }} Notice
 * @typedef {ReturnType<typeof createTabs>} Tabs
 */

/** @param {string} name */
export function createTabs(name) {
  const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(name) : null;
  return {
    /** @param {Notice} notice */
    tell(notice) {
      channel?.postMessage(notice);
    },
    /** @param {(notice: Notice) => void} listener */
    listen(listener) {
      channel?.addEventListener("message", ({ data }) => listener(data));
    },
  };
}
