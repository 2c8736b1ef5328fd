/**
 * TeX as MathML, loaded when the first formula appears. Knows KaTeX and its limits.
 */

import katex from "katex";
import { fill } from "./sanitised.js";

/** @param {Element} element @param {string} tex @param {boolean} display */
export function drawFormula(element, tex, display) {
  const html = katex.renderToString(tex, {
    displayMode: display, output: "mathml", throwOnError: true, strict: "ignore", trust: false, maxSize: 20, maxExpand: 500,
  });
  fill(element, "formula", html);
}
