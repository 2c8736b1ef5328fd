/**
 * Lint rules: the recommended ones, and no way to turn a string into HTML.
 */

import js from "@eslint/js";
import globals from "globals";

const noHtml = ["innerHTML", "outerHTML", "insertAdjacentHTML", "srcdoc", "setHTMLUnsafe"].map((property) => ({
  property,
  message: "A string must not become HTML; see components/sanitised.js.",
}));

export default [
  { ignores: ["dist/"] },
  js.configs.recommended,
  {
    files: ["src/**/*.{js,jsx}"],
    languageOptions: { globals: globals.browser, parserOptions: { ecmaFeatures: { jsx: true } } },
    rules: {
      "no-restricted-properties": ["error", ...noHtml],
      "no-restricted-globals": ["error", "alert", "confirm", "prompt"],
      // The core rules read no JSX, so a component would count as unused; `tsc` reports what really is.
      "no-unused-vars": "off",
      complexity: ["error", 8],
      "max-lines": ["error", 350],
      "max-lines-per-function": ["error", 45],
    },
  },
  { files: ["*.mjs"], languageOptions: { globals: globals.node } },
];
