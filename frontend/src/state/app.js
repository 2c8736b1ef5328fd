/**
 * All state of the page in one object, wired once. Knows who talks to whom; holds no rules of its own beyond
 * signing in and out. Components receive this object and nothing else.
 */

import { computed, effect, signal } from "@preact/signals";
import { createAnswers } from "./answers.js";
import { createConversations } from "./conversations.js";
import { createDrafts } from "./drafts.js";
import { createModels } from "./models.js";

/**
 * @import { Storage } from "./storage.js"
 * @typedef {ReturnType<typeof createApp>} App
 */

/**
 * @param {object} parts
 * @param {(onSessionEnded: () => void) => import("../api/api.js").Api} parts.connect
 * @param {Promise<Storage>} parts.storage
 * @param {import("./tabs.js").Tabs} parts.tabs
 * @param {import("./preferences.js").Preferences} parts.preferences
 * @param {import("./painting.js").Clock} parts.clock
 * @param {() => number} parts.now
 * @param {string} parts.firstConversation  the one the address names, "" for none
 */
export function createApp({ connect, storage, tabs, preferences, clock, now, firstConversation }) {
  const username = signal("");
  const access = signal(/** @type {"out" | "in" | "ended"} */ ("out"));
  const announcement = signal("");
  const name = signal("Twocan");

  const api = connect(() => (access.value = access.value === "in" ? "ended" : access.value));
  const models = createModels(api);
  const firstModel = () => startingModel(models.list.value, preferences.person.value.lastModel);
  const conversations = createConversations({ storage, tabs, now, firstModel });
  const drafts = createDrafts(storage);
  const answers = createAnswers({
    api, conversations, clock, now,
    defaultSystem: () => preferences.person.value.defaultSystem,
    announce: (event) => (announcement.value = `answer.${event}`),
  });
  listenToTabs(tabs, conversations, answers);
  keepModel(conversations, models, firstModel);

  /** @param {string} person @param {string} password */
  async function signIn(person, password) {
    const signedIn = await api.signIn(person, password);
    const isNew = signedIn !== username.value;
    if (isNew && username.value) leave();
    access.value = "in";
    if (isNew) {
      username.value = signedIn;
      preferences.enter(signedIn);
      void models.load();
      await conversations.start(signedIn, firstConversation);
    }
  }

  function leave() {
    answers.stopAll();
    conversations.stop();
    drafts.forget();
    username.value = "";
  }

  async function signOut() {
    const told = api.signOut();
    leave();
    access.value = "out";
    await told;
  }

  const draftKey = computed(() => {
    const conversation = conversations.current.value;
    return conversation && conversation.version > 0 ? conversation.id : `new:${username.value}`;
  });

  return {
    username, access, announcement, name, preferences, models, conversations, drafts, draftKey, answers, signIn, signOut,
    /** @param {string} key  a key of `i18n/`, said to screen readers */
    announce: (key) => (announcement.value = key),
  };
}

/** @param {string[]} available @param {string} last */
function startingModel(available, last) {
  return available.includes(last) || available.length === 0 ? last : available[0];
}

/**
 * @param {import("./tabs.js").Tabs} tabs
 * @param {import("./conversations.js").Conversations} conversations
 * @param {import("./answers.js").Answers} answers
 */
function listenToTabs(tabs, conversations, answers) {
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
 * @param {import("./conversations.js").Conversations} conversations
 * @param {import("./models.js").Models} models
 * @param {() => string} firstModel
 */
function keepModel(conversations, models, firstModel) {
  effect(() => {
    const conversation = conversations.current.value;
    const isEmpty = conversation?.messages.length === 0;
    const isKnown = conversation && models.list.value.includes(conversation.model);
    if (!conversation || isKnown || models.list.value.length === 0 || (conversation.model && !isEmpty)) return;
    conversations.update(conversation.id, () => ({ model: firstModel() }));
  });
}
