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
  const units = atob(data);
  const bytes = new Uint8Array(units.length);
  // Not `Uint8Array.from`, which takes half a second for 3 MB.
  for (let at = 0; at < units.length; at += 1) bytes[at] = units.charCodeAt(at);
  return new TextDecoder().decode(bytes);
}
