/**
 * What a model's characters mean outside Markdown: entities and addresses. Knows which addresses may become
 * links; must not know elements. Anything unknown is shown as it was written.
 */

/** @type {Record<string, string>} */
const ENTITIES = {
  amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", ensp: "\u2002", emsp: "\u2003",
  copy: "©", reg: "®", trade: "™", deg: "°", plusmn: "±", times: "×", divide: "÷", minus: "−", middot: "·",
  bull: "•", hellip: "…", ndash: "–", mdash: "—", lsquo: "‘", rsquo: "’", ldquo: "“", rdquo: "”",
  laquo: "«", raquo: "»", larr: "←", rarr: "→", uarr: "↑", darr: "↓", harr: "↔", rArr: "⇒", hArr: "⇔",
  le: "≤", ge: "≥", ne: "≠", asymp: "≈", infin: "∞", sum: "∑", radic: "√", euro: "€", pound: "£", yen: "¥",
  cent: "¢", sect: "§", para: "¶", check: "✓", alpha: "α", beta: "β", gamma: "γ", delta: "δ", pi: "π",
};
const ALLOWED = new Set(["http:", "https:", "mailto:"]);

/** @param {string} text */
export function decodeEntities(text) {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#x([\da-f]{1,6})|#(\d{1,7})|([a-z]{2,8}));/gi, (whole, hex, decimal, name) => {
    if (name) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : whole;
    return character(hex ? parseInt(hex, 16) : Number(decimal)) ?? whole;
  });
}

/**
 * The address if it may become a link, else "".
 * @param {string} href
 */
export function safeHref(href) {
  try {
    const url = new URL(decodeEntities(href));
    return ALLOWED.has(url.protocol) ? url.href : "";
  } catch {
    return "";
  }
}

/** @param {number} code */
function character(code) {
  const isReal = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return isReal ? String.fromCodePoint(code) : undefined;
}
