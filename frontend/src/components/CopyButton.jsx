/**
 * Copies a text and says so. Knows both ways to the clipboard, since the modern one is missing without TLS.
 */

import { useState } from "preact/hooks";
import { t } from "../i18n/index.js";
import { useApp } from "./context.js";
import { Icon } from "./Icon.jsx";

const SHOWN_MS = 2000;

/** @param {{ text: string, label: string, testId?: string }} props */
export function CopyButton({ text, label, testId }) {
  const [isCopied, setCopied] = useState(false);
  const app = useApp();

  async function copy() {
    const worked = await toClipboard(text);
    app.announce(worked ? "message.copied" : "message.copyFailed");
    if (!worked) return;
    setCopied(true);
    setTimeout(() => setCopied(false), SHOWN_MS);
  }

  return (
    <button type="button" class="quiet" data-testid={testId} aria-label={label} title={label} onClick={copy}>
      <Icon name={isCopied ? "check" : "copy"} />
      {isCopied && <span class="copied" aria-hidden="true">{t("message.copied")}</span>}
    </button>
  );
}

/** @param {string} text */
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** @param {string} text */
function copyBySelection(text) {
  const focused = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "off-screen";
  document.body.append(area);
  area.select();
  const worked = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return worked;
}
