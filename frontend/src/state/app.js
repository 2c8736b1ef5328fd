/**
 * All state of the page in one object, wired once. Knows who talks to whom; holds no rules of its own beyond
 * signing in and out. Components receive this object and nothing else.
 */

import { computed, effect, signal } from "@preact/signals";
import { Answers } from "./answers.js";
import { Conversations } from "./conversations.js";
import { Documents } from "./documents.js";
import { createDrafts } from "./drafts.js";
import { createModels } from "./models.js";

/**
 * @import { Storage } from "./storage.js"
 *
 * @typedef {object} Parts
 * @property {(listeners: { onSessionEnded: () => void, onAdmin: (isAdmin: boolean) => void }) => import("../api/api.js").Api} connect
 * @property {Promise<Storage>} storage
 * @property {import("./tabs.js").Tabs} tabs
 * @property {import("./preferences.js").Preferences} preferences
 * @property {import("./painting.js").Clock} clock
 * @property {() => number} now
 * @property {() => string} addressed  the conversation the address names, "" for none
 */

// Screen readers miss a change that follows another at once.
const ANNOUNCE_MS = 50;

export class App {
  name = signal("Twocan");
  username = signal("");
  /** "ended": signed in once, but the server wants a password again. */
  access = signal(/** @type {"out" | "in" | "ended"} */ ("out"));
  /** What the server said with the last tokens: only then is there anything of an admin's on the page. */
  isAdmin = signal(false);
  /** A key of `i18n/`, said to screen readers. */
  announcement = signal("");

  /** @param {Parts} parts */
  constructor({ connect, storage, tabs, preferences, clock, now, addressed }) {
    this.preferences = preferences;
    this.addressed = addressed;
    this.clock = clock;
    this.api = connect({ onSessionEnded: () => this.#onSessionEnded(), onAdmin: (isAdmin) => (this.isAdmin.value = isAdmin) });
    this.models = createModels(this.api);
    const firstModel = () => startingModel(this.models.list.value, preferences.person.value.lastModel);
    this.conversations = new Conversations({ storage, tabs, now, firstModel });
    this.drafts = createDrafts(storage);
    this.documents = new Documents({ api: this.api, storage, conversations: this.conversations });
    this.answers = new Answers({
      api: this.api,
      conversations: this.conversations,
      clock,
      now,
      firstModel: () => this.models.ready().then(firstModel),
      streams: this.models.streams,
      defaultSystem: () => preferences.person.value.defaultSystem,
      ground: (conversation, stopped) => this.documents.ground(conversation, stopped),
      announce: (event) => this.announce(`answer.${event}`),
    });
    listenToTabs(tabs, this);
    keepModel(this, firstModel);
  }

  /** Where the text being typed belongs; a conversation that is not stored yet shares one place. */
  draftKey = computed(() => {
    const conversation = this.conversations.current.value;
    return conversation && conversation.version > 0 ? conversation.id : `new:${this.username.value}`;
  });

  /** @param {string} username @param {string} password */
  async signIn(username, password) {
    const person = await this.api.signIn(username, password);
    this.access.value = "in";
    if (person === this.username.value) return;
    if (this.username.value) this.#leave();
    this.username.value = person;
    this.preferences.enter(person);
    void this.models.load();
    await this.conversations.start(person, this.addressed());
  }

  /** Attach files to the conversation that is shown. @param {Iterable<File>} files */
  async attach(files) {
    const conversation = this.conversations.current.value;
    const key = this.draftKey.value;
    if (!conversation) return;
    await this.documents.add(conversation.id, files);
    const isSame = this.conversations.currentId.value === conversation.id;
    if (!isSame || key === this.draftKey.value) return;
    // A file made a conversation of its own of it; what was typed goes with it.
    this.drafts.write(this.draftKey.value, this.username.value, this.drafts.of(key).value);
    this.drafts.write(key, this.username.value, "");
  }

  async signOut() {
    const told = this.api.signOut();
    this.#leave();
    this.access.value = "out";
    await told;
  }

  /** @param {string} key */
  announce(key) {
    // Emptied first: the same words twice in a row would be no change, and nothing would be said.
    this.announcement.value = "";
    this.clock.later(() => (this.announcement.value = key), ANNOUNCE_MS);
  }

  #leave() {
    this.answers.stopAll();
    this.conversations.stop();
    this.drafts.forget();
    this.documents.clear();
    this.announcement.value = "";
    this.username.value = "";
  }

  #onSessionEnded() {
    if (this.access.value === "in") this.access.value = "ended";
  }
}

/** @param {string[]} available @param {string} last */
function startingModel(available, last) {
  return available.includes(last) || available.length === 0 ? last : available[0];
}

/** @param {import("./tabs.js").Tabs} tabs @param {App} app */
function listenToTabs(tabs, { conversations, answers }) {
  tabs.listen(({ kind, id }) => {
    const isOurs = answers.running.value.has(id);
    if (kind === "asking" && isOurs) tabs.tell({ kind: "alive", id });
    if (kind === "removed") {
      answers.stop(id);
      conversations.forget(id);
    }
    if ((kind === "changed" || kind === "alive") && !isOurs) void conversations.reload(id, true);
  });
}

/**
 * A conversation begun before the list of models was there gets its model when the list comes.
 * @param {App} app @param {() => string} firstModel
 */
function keepModel({ conversations, models }, firstModel) {
  effect(() => {
    const conversation = conversations.current.value;
    if (!conversation || models.list.value.length === 0 || models.list.value.includes(conversation.model)) return;
    const isUntouched = conversation.messages.length === 0 || !conversation.model;
    if (isUntouched) conversations.update(conversation.id, () => ({ model: firstModel() }));
  });
}
