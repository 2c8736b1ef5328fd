/**
 * Which key press sends. Knows keyboards and input methods; must not know what is sent.
 */

/**
 * Enter sends, Shift+Enter breaks the line, and Enter that ends an input method's composition does neither:
 * Safari reports that one only as key code 229.
 * @param {Pick<KeyboardEvent, "key" | "shiftKey" | "isComposing" | "keyCode">} event
 */
export function sendsOn({ key, shiftKey, isComposing, keyCode }) {
  return key === "Enter" && !shiftKey && !isComposing && keyCode !== 229;
}
