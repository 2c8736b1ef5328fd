/**
 * The sign-in form: the whole page at first, a dialog over the page when a session has ended. Knows what
 * password managers and screen readers need; must not know tokens.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import { toProblem } from "../api/problem.js";
import { t } from "../i18n/index.js";
import { useApp } from "./context.js";
import { Dialog } from "./Dialog.jsx";
import { ErrorNote } from "./ErrorNote.jsx";
import { Icon } from "./Icon.jsx";
import { LanguageSelect } from "./Choices.jsx";
import { Mark } from "./Mark.jsx";

/** @import { Problem } from "../types.js" */

export function SignInPage() {
  const app = useApp();
  return (
    <main class="sign-in-page">
      <div class="sign-in-card">
        <Mark class="mark mark-large" />
        <h1 class="wordmark">{app.name}</h1>
        <p class="tagline">{t("page.tagline")}</p>
        <SignInForm />
      </div>
      <div class="sign-in-foot"><LanguageSelect /></div>
    </main>
  );
}

/** Cannot be dismissed: behind it lies a page that can do nothing without it, and loses nothing by it. */
export function SignInDialog() {
  const app = useApp();
  return (
    <Dialog title={t("signIn.again")}>
      <p class="dialog-text">{t("signIn.againWhy")}</p>
      <SignInForm username={app.username.value} />
      <button type="button" class="link-button" onClick={() => app.signOut()}>{t("settings.signOut")}</button>
    </Dialog>
  );
}

/** @param {{ username?: string }} props */
function SignInForm({ username = "" }) {
  const app = useApp();
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));

  useEffect(() => {
    field(form.current, username ? "password" : "username")?.focus();
  }, [username]);

  /** @param {Event} event */
  async function onSubmit(event) {
    event.preventDefault();
    const [name, password] = ["username", "password"].map((one) => field(form.current, one)?.value ?? "");
    if (!name.trim() || !password) return setProblem(missing());
    setBusy(true);
    setProblem(null);
    try {
      await app.signIn(name.trim(), password);
    } catch (error) {
      setProblem(toProblem(error));
      field(form.current, "password")?.focus();
    }
    setBusy(false);
  }

  return (
    <form ref={form} class="sign-in" data-testid="sign-in" aria-label={t("signIn.title")} onSubmit={onSubmit} noValidate aria-busy={isBusy}>
      <label class="field">
        <span>{t("signIn.username")}</span>
        <input
          name="username" type="text" autoComplete="username" autoCapitalize="none" autoCorrect="off" spellcheck={false}
          defaultValue={username} required aria-invalid={problem?.code === "invalid_credentials"}
        />
      </label>
      <PasswordField invalid={problem?.code === "invalid_credentials"} isFirst={username !== ""} />
      {problem && <ErrorNote problem={problem} />}
      <button type="submit" class="primary wide" aria-disabled={isBusy}>{t(isBusy ? "signIn.busy" : "signIn.submit")}</button>
    </form>
  );
}

/** @param {{ invalid: boolean, isFirst: boolean }} props  isFirst: the name is known, so a dialog begins here */
function PasswordField({ invalid, isFirst }) {
  const [isShown, setShown] = useState(false);
  const [hasCaps, setCaps] = useState(false);
  // One element in both states, or the caret and the manager's fill would be lost; the types know no such switch.
  const type = /** @type {"password"} */ (isShown ? "text" : "password");
  const label = t(isShown ? "signIn.hide" : "signIn.show");

  /** @param {KeyboardEvent} event  password managers send keyless events */
  const onKey = (event) => setCaps(event.getModifierState?.("CapsLock") ?? false);

  return (
    <div class="field">
      <label for="password">{t("signIn.password")}</label>
      <span class="field-box">
        <input
          id="password" name="password" type={type} autoComplete="current-password" required autoFocus={isFirst}
          autoCapitalize="none" autoCorrect="off" spellcheck={false} aria-invalid={invalid} onKeyDown={onKey} onKeyUp={onKey}
          aria-describedby={hasCaps ? "caps" : undefined}
        />
        <button type="button" class="quiet" aria-label={label} title={label} aria-pressed={isShown} onClick={() => setShown(!isShown)}>
          <Icon name={isShown ? "eyeOff" : "eye"} />
        </button>
      </span>
      {hasCaps && <span id="caps" class="small-print" role="status">{t("signIn.capsLock")}</span>}
    </div>
  );
}

/** @returns {Problem} */
function missing() {
  return { code: "missing", message: t("signIn.missing"), status: 0, requestId: "", retryAfter: 0 };
}

/** @param {HTMLFormElement | null} form @param {string} name */
function field(form, name) {
  const found = form?.elements.namedItem(name);
  return found instanceof HTMLInputElement ? found : null;
}
