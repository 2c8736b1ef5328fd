/**
 * The one place where HTML made by a library becomes elements: highlighted code and formulas. Knows what each
 * may contain; model text never comes here except through those two libraries. Loaded only with them.
 */

import DOMPurify from "dompurify";

// KaTeX writes inline styles, which the page's security policy forbids; MathML looks right without them.
const NEVER = { FORBID_ATTR: ["style", "id", "href", "src"], ALLOW_DATA_ATTR: false, RETURN_TRUSTED_TYPE: true };
const RULES = {
  code: { ...NEVER, ALLOWED_TAGS: ["span", "#text"], ALLOWED_ATTR: ["class"] },
  formula: { ...NEVER, USE_PROFILES: { mathMl: true }, ADD_TAGS: ["semantics", "annotation"], ADD_ATTR: ["encoding"] },
};

/**
 * @param {Element} element
 * @param {keyof typeof RULES} kind
 * @param {string} html
 */
export function fill(element, kind, html) {
  const trusted = /** @type {any} */ (DOMPurify.sanitize(html, RULES[kind]));
  // eslint-disable-next-line no-restricted-properties -- the sanitiser's TrustedHTML, and the only such place
  element.innerHTML = trusted;
}
