/**
 * The page as a whole: who is signed in decides what is shown. Knows the layout; leaves every part to its file.
 */

import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/index.js";
import { Composer } from "./Composer.jsx";
import { useApp } from "./context.js";
import { Empty } from "./Empty.jsx";
import { ErrorNote } from "./ErrorNote.jsx";
import { Icon } from "./Icon.jsx";
import { Later } from "./Later.jsx";
import { Attached, useDropping } from "./Attach.jsx";
import { ModelPicker } from "./ModelPicker.jsx";
import { Drawer, Sidebar } from "./Sidebar.jsx";
import { Settings } from "./Settings.jsx";
import { SignInDialog, SignInPage } from "./SignIn.jsx";
import { Thread } from "./Thread.jsx";

const loadHealth = () => import("./Health.jsx").then(({ Health }) => Health);

export function Page() {
  const app = useApp();
  const key = app.announcement.value;
  return (
    <>
      {app.username.value ? <Workspace key={app.username.value} /> : <SignInPage />}
      {app.access.value === "ended" && <SignInDialog />}
      <div class="off-screen" role="status" aria-live="polite">{key && t(key)}</div>
    </>
  );
}

function Workspace() {
  const { isAdmin } = useApp();
  const [shown, setShown] = useState(/** @type {"" | "settings" | "health" | "drawer"} */ (""));
  const close = () => setShown("");
  const ways = { onOpenHealth: () => setShown("health"), onOpenSettings: () => setShown("settings") };
  useEffect(() => {
    if (isAdmin.value || shown !== "health") return;
    close();
    // The button that opened the view is gone with it, and with both the place of the focus.
    focusComposer();
  }, [isAdmin.value]);
  return (
    <div class="workspace">
      <a class="skip" href="#composer" onClick={skip}>{t("page.skip")}</a>
      <aside class="sidebar"><Sidebar {...ways} onDone={close} /></aside>
      <Main onOpenDrawer={() => setShown("drawer")} />
      {shown === "drawer" && <Drawer {...ways} onClose={close} />}
      {shown === "settings" && <Settings onClose={close} />}
      {shown === "health" && isAdmin.value && (
        <Later load={loadHealth} given={{ onClose: close }} dialog={{ title: t("health.title"), onClose: close }} />
      )}
    </div>
  );
}

/** @param {Event} event  the address's fragment names the conversation, so the link must not change it */
function skip(event) {
  event.preventDefault();
  focusComposer();
}

function focusComposer() {
  document.getElementById("composer")?.focus();
}

/** @param {{ onOpenDrawer: () => void }} props */
function Main({ onOpenDrawer }) {
  const { conversations, models } = useApp();
  const conversation = conversations.current.value;
  const isOver = useDropping();
  useStopKey(conversation?.id ?? "");
  if (!conversation) return <main class="main" />;
  const block = blocked(models, conversation.model);
  return (
    <main class="main">
      <Head conversation={conversation} onOpenDrawer={onOpenDrawer} />
      {conversation.messages.length === 0 ? <Empty /> : <Thread key={conversation.id} conversation={conversation} />}
      <div class="dock">
        {block && <p class="banner" role="status" data-testid="blocked">{t(block, { model: conversation.model })}</p>}
        <Troubles />
        <Attached key={`attached ${conversation.id}`} conversation={conversation} />
        <Composer conversation={conversation} isBlocked={block !== ""} />
        <p class="hint">{t("composer.hint")}</p>
      </div>
      {isOver && <p class="drop-here">{t("document.drop")}<span class="small-print">{t("document.kinds")}</span></p>}
    </main>
  );
}

/** @param {import("../state/models.js").Models} models @param {string} model @returns {string} what keeps one from asking, "" for nothing */
function blocked({ list, isEmpty }, model) {
  if (isEmpty.value) return "error.no_model";
  return list.value.length > 0 && !list.value.includes(model) ? "model.goneText" : "";
}

/** @param {{ conversation: import("../types.js").Conversation, onOpenDrawer: () => void }} props */
function Head({ conversation, onOpenDrawer }) {
  return (
    <header class="head">
      <button type="button" class="quiet menu-button" data-testid="menu-button" aria-label={t("list.open")} onClick={onOpenDrawer}>
        <Icon name="menu" />
      </button>
      <h1 class="head-title">{conversation.title || t("list.new")}</h1>
      <ModelPicker conversation={conversation} />
    </header>
  );
}

/** What stands in the way without stopping the page. */
function Troubles() {
  const { conversations, models } = useApp();
  const problem = models.problem.value;
  const storage = conversations.storageState.value;
  return (
    <>
      {storage !== "ok" && <p class="banner" role="status" data-testid="storage-notice">{t(`storage.${storage}`)}</p>}
      {problem && (
        <ErrorNote problem={problem} intro={t("model.failed")}>
          <button type="button" class="plain" onClick={models.load}>{t("message.tryAgain")}</button>
        </ErrorNote>
      )}
    </>
  );
}

/** @param {string} id  Esc stops its answer, unless a menu, a dialog or an editor took the key first */
function useStopKey(id) {
  const { answers } = useApp();
  useEffect(() => {
    /** @param {KeyboardEvent} event */
    const onKey = (event) => {
      const isTaken = event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]");
      if (event.key === "Escape" && !isTaken) answers.stop(id);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [id, answers]);
}
