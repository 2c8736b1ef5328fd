/**
 * The list of conversations: a column on a desk, a drawer on a phone. Knows how to open, rename and delete one.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import { formatDate, t } from "../i18n/index.js";
import { groupByPeriod } from "../text/dates.js";
import { useApp } from "./context.js";
import { Confirm, Dialog, useModal } from "./Dialog.jsx";
import { Icon } from "./Icon.jsx";
import { Mark } from "./Mark.jsx";
import { Menu } from "./Menu.jsx";

/** @import { Summary } from "../types.js" */

/** @param {{ onOpenHealth: () => void, onOpenSettings: () => void, onDone: () => void }} props */
export function Sidebar({ onOpenHealth, onOpenSettings, onDone }) {
  const app = useApp();

  function begin() {
    app.conversations.fresh();
    onDone();
  }

  return (
    <div class="sidebar-inside">
      <div class="brand"><Mark /><span class="wordmark">{app.name}</span></div>
      <button type="button" class="new-conversation" data-testid="new-conversation" onClick={begin}>
        <Icon name="plus" />{t("list.new")}
      </button>
      <ConversationList onDone={onDone} />
      {app.isAdmin.value && (
        <button type="button" class="account" data-testid="health" aria-haspopup="dialog" onClick={onOpenHealth}>
          <span class="account-mark"><Icon name="health" /></span>
          <span class="account-name">{t("health.title")}</span>
        </button>
      )}
      <button type="button" class="account" data-testid="settings" title={t("settings.title")} onClick={onOpenSettings}>
        <span class="avatar" aria-hidden="true">{[...app.username.value][0]?.toUpperCase()}</span>
        <span class="account-name">{app.username}</span>
        <span class="off-screen">{t("settings.title")}</span>
        <Icon name="settings" />
      </button>
    </div>
  );
}

/**
 * The same list in a drawer; the native dialog keeps focus inside and gives it back.
 * @param {{ onOpenHealth: () => void, onOpenSettings: () => void, onClose: () => void }} props
 */
export function Drawer({ onOpenHealth, onOpenSettings, onClose }) {
  return (
    <dialog {...useModal(onClose)} class="drawer" aria-label={t("list.title")}>
      <button type="button" class="quiet drawer-close" aria-label={t("list.close")} onClick={onClose}><Icon name="close" /></button>
      <Sidebar onDone={onClose} onOpenHealth={onOpenHealth} onOpenSettings={onOpenSettings} />
    </dialog>
  );
}

/** @param {{ onDone: () => void }} props */
function ConversationList({ onDone }) {
  const { conversations } = useApp();
  const groups = groupByPeriod(conversations.list.value, Date.now(), ({ key, time }) =>
    key === "month" ? formatDate(time, { year: "numeric", month: "long" }) : t(`list.${key}`),
  );
  return (
    <nav class="conversation-list" data-testid="conversation-list" aria-label={t("list.title")}>
      {groups.length === 0 && <p class="list-empty">{t("list.empty")}</p>}
      {groups.map(({ name, items }) => (
        <section key={name}>
          <h2>{name}</h2>
          <ul>{items.map((item) => <ConversationItem key={item.id} item={item} onDone={onDone} />)}</ul>
        </section>
      ))}
    </nav>
  );
}

/** @param {{ item: Summary, onDone: () => void }} props */
function ConversationItem({ item, onDone }) {
  const { conversations, answers } = useApp();
  const [asked, setAsked] = useState(/** @type {"" | "rename" | "delete"} */ (""));
  const title = item.title || t("list.untitled");
  const isCurrent = conversations.currentId.value === item.id;
  const close = () => setAsked("");

  function remove() {
    close();
    answers.stop(item.id);
    void conversations.remove(item.id);
  }

  return (
    <li class="conversation-item" data-testid="conversation-item" data-current={isCurrent}>
      <button
        type="button" class="conversation-open" aria-current={isCurrent ? "page" : undefined}
        title={`${title}\n${formatDate(item.updated, { dateStyle: "medium", timeStyle: "short" })}`}
        onClick={() => { void conversations.select(item.id); onDone(); }}
      >
        <span class="conversation-title">{title}</span>
        {answers.running.value.has(item.id) && <span class="pulse" role="img" aria-label={t("list.answering")} />}
      </button>
      <Menu
        label={t("list.actions", { title })}
        actions={[
          { icon: "edit", label: t("list.rename"), act: () => setAsked("rename") },
          { icon: "trash", label: t("list.delete"), danger: true, act: () => setAsked("delete") },
        ]}
      />
      {asked === "rename" && <Rename item={item} onClose={close} />}
      {asked === "delete" && (
        <Confirm
          title={t("delete.title")} text={t("delete.text", { title })} confirm={t("dialog.delete")} onConfirm={remove} onClose={close}
        />
      )}
    </li>
  );
}

/** @param {{ item: Summary, onClose: () => void }} props */
function Rename({ item, onClose }) {
  const { conversations } = useApp();
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => input.current?.select(), []);

  /** @param {Event} event */
  function onSubmit(event) {
    event.preventDefault();
    const title = input.current?.value.trim();
    if (title) void conversations.rename(item.id, title);
    onClose();
  }

  return (
    <Dialog title={t("rename.title")} onClose={onClose}>
      <form class="dialog-form" onSubmit={onSubmit}>
        <label class="field">
          <span>{t("rename.label")}</span>
          <input ref={input} autoFocus name="title" maxLength={200} defaultValue={item.title} autoComplete="off" />
        </label>
        <div class="dialog-foot">
          <button type="button" class="plain" onClick={onClose}>{t("dialog.cancel")}</button>
          <button type="submit" class="primary">{t("dialog.save")}</button>
        </div>
      </form>
    </Dialog>
  );
}
