/**
 * Bytes as base64 and back. Knows nothing else.
 */

// More arguments than this at once are too many for some engines.
const AT_ONCE = 0x8000;

/** @param {Uint8Array} bytes */
export function toBase64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += AT_ONCE) text += String.fromCharCode(...bytes.subarray(at, at + AT_ONCE));
  return btoa(text);
}

/** @param {string} data  base64 of UTF-8 */
export function toText(data) {
  return new TextDecoder().decode(Uint8Array.from(atob(data), (character) => character.charCodeAt(0)));
}
