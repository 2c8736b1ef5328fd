/**
 * Files as documents. Knows what may be attached and why a file may not, as a code with words in `i18n/`
 * (`document.<code>`); must not know where documents are kept. To add a type, add its endings to TYPES.
 */

import { newId } from "../state/records.js";
import { toBase64 } from "./bytes.js";
import { MOST_BYTES, MOST_FILES } from "./limits.js";

/**
 * @import { Document, DocumentRef } from "../types.js"
 * @typedef {{ name: string, code: string }} Refused
 * @typedef {Pick<Document, "id" | "name" | "type" | "size" | "data">} Read
 */

/** @type {Record<string, string>} */
const TYPES = { txt: "text/plain", md: "text/markdown", markdown: "text/markdown", pdf: "application/pdf" };
// Readers find the mark within the first bytes, not only at the first.
const PDF_MARK_WITHIN = 1024;

/**
 * @param {Iterable<File>} files
 * @param {DocumentRef[]} present  what the conversation has already
 * @returns {Promise<{ read: Read[], refused: Refused[] }>}
 */
export async function readFiles(files, present) {
  /** @type {Read[]} */
  const read = [];
  /** @type {Refused[]} */
  const refused = [];
  for (const file of files) {
    const others = [...present, ...read];
    const type = typeOf(file);
    const code = unfit(file, type, others) || (await unreadable(file, type));
    if (code) refused.push({ name: file.name, code });
    else read.push({ id: newId(), name: ownName(file.name, others), type, size: file.size, data: toBase64(await bytesOf(file)) });
  }
  return { read, refused };
}

/** @param {File} file @returns {string} "" for what cannot be attached */
function typeOf({ name, type }) {
  const known = TYPES[name.toLowerCase().split(".").at(-1) ?? ""];
  return known ?? (Object.values(TYPES).includes(type) ? type : "");
}

/** @param {File} file @param {string} type @param {DocumentRef[]} others @returns {string} the reason, "" for none */
function unfit(file, type, others) {
  if (file.type.startsWith("image/")) return "picture";
  if (!type) return "kind";
  if (file.size === 0) return "empty";
  if (others.length >= MOST_FILES) return "tooMany";
  return others.reduce((sum, { size }) => sum + size, file.size) > MOST_BYTES ? "tooLarge" : "";
}

/** @param {File} file @param {string} type */
async function unreadable(file, type) {
  try {
    const bytes = await bytesOf(file);
    if (type !== "application/pdf") new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    else if (!isPdf(bytes)) return "notPdf";
    return "";
  } catch (error) {
    return error instanceof TypeError ? "encoding" : "unreadable";
  }
}

/** @param {Uint8Array} bytes */
function isPdf(bytes) {
  return new TextDecoder("latin1").decode(bytes.subarray(0, PDF_MARK_WITHIN)).includes("%PDF-");
}

/** @param {File} file */
async function bytesOf(file) {
  return new Uint8Array(await file.arrayBuffer());
}

/** @param {string} name @param {DocumentRef[]} others  a passage tells its document by name, so no two may share one */
function ownName(name, others) {
  const taken = new Set(others.map((other) => other.name));
  const [, stem, ending] = /^(.*?)(\.[^.]*)?$/s.exec(name) ?? ["", name, ""];
  let own = name;
  for (let number = 2; taken.has(own); number += 1) own = `${stem} (${number})${ending ?? ""}`;
  return own;
}
