/**
 * The composition root: the only file that touches the browser's globals to build the page's parts.
 * Tokens live in `api/session.js` and nowhere else; the device keeps conversations only.
 *
 * Hooks that browser tests may rely on (`data-testid`): sign-in, composer, send, stop, conversation-list,
 * new-conversation, conversation-item, message (data-role user|assistant; data-state
 * streaming|complete|stopped|interrupted|error), regenerate (also "try again" under a failed answer), edit,
 * editor, model-picker, answer-model, go-on, settings, theme-select, language-select, system-prompt (this conversation's),
 * default-system-prompt, delete-all, sign-out, error, jump-to-latest, copy-code, menu-button (phone drawer),
 * storage-notice, health (an admin's), model-health (data-state ready|failing|left_alone|unknown), attach, file-input, document, refused, sources, citation, document-text. The sign-in inputs are named `username` and `password`.
 */

import { effect } from "@preact/signals";
import { render } from "preact";
import { Api } from "./api/api.js";
import { AppContext } from "./components/context.js";
import { Page } from "./components/Page.jsx";
import { readConfig } from "./config.js";
import { LANGUAGES, chooseLanguage, language, t } from "./i18n/index.js";
import { App } from "./state/app.js";
import { openStorage } from "./state/db.js";
import { createPreferences } from "./state/preferences.js";
import { createTabs } from "./state/tabs.js";

const fetch = window.fetch.bind(window);
const now = () => Date.now();
const preferences = createPreferences(() => window.localStorage);

const config = readConfig(new URL("config.json", import.meta.url), fetch);
const origin = config.then(({ api }) => api);
// A missing config.json is told by the first call that needs it, not by an unhandled rejection.
origin.catch(() => null);
const app = new App({
  connect: (listeners) => new Api({ origin, fetch, now, ...listeners }),
  storage: openStorage(),
  tabs: createTabs("twocan"),
  preferences,
  clock: { frame: requestAnimationFrame.bind(window), later: setTimeout.bind(window), now: () => performance.now() },
  now,
  addressed: () => location.hash.slice(1),
});

effect(() => {
  const { theme, language: chosen } = preferences.device.value;
  document.documentElement.dataset.theme = theme;
  language.value = chosen in LANGUAGES ? chosen : chooseLanguage(navigator.languages);
  document.documentElement.lang = LANGUAGES[language.value].tag;
});

effect(() => {
  const conversation = app.conversations.current.value;
  document.title = conversation?.title ? `${conversation.title} · ${app.name.value}` : app.name.value;
  if (!conversation) return;
  const address = conversation.version > 0 ? `#${conversation.id}` : location.pathname;
  if (address !== location.hash) history.replaceState(null, "", address);
});

addEventListener("hashchange", () => app.username.value && app.conversations.select(location.hash.slice(1)));
config.then(({ name }) => (app.name.value = name), () => null);

const root = document.getElementById("page");
// Not every cloud can say in a header that nobody may frame the page (docs/huawei.md); a link instead of it cannot be clicked for somebody else.
const Whole = () => <p class="framed"><a href={location.href} target="_blank" rel="noopener">{t("page.framed")}</a></p>;
if (root && window.top !== window.self) render(<Whole />, root);
else if (root) render(<AppContext.Provider value={app}><Page /></AppContext.Provider>, root);
