/**
 * The nouns every other file speaks of. Knows only shapes; holds no behaviour.
 * To add a field to a stored record, add it here, give it a value in `state/records.js`, and raise the
 * database's version in `db.js` only if old records cannot be read without it.
 *
 * @typedef {"streaming" | "complete" | "stopped" | "interrupted" | "error"} MessageState
 *
 * @typedef {object} Problem  An error as plain data, so that it can be stored with the answer it ended.
 * @property {string} code
 * @property {string} message
 * @property {number} status  0 when nothing answered
 * @property {string} requestId
 * @property {number} retryAfter  seconds; 0 when unknown
 *
 * @typedef {object} Message
 * @property {string} id
 * @property {"user" | "assistant"} role
 * @property {string} text
 * @property {string} thinking
 * @property {MessageState} state
 * @property {string} model
 * @property {string} finish  the model's reason to stop, "" until known
 * @property {Problem | null} problem
 * @property {number} created
 *
 * @typedef {object} Conversation
 * @property {string} id
 * @property {string} user
 * @property {string} title
 * @property {boolean} titled  named by hand, so a new first question must not rename it
 * @property {number} created
 * @property {number} updated
 * @property {string} model
 * @property {string} system
 * @property {Message[]} messages
 * @property {number} version  0 = never stored
 *
 * @typedef {Pick<Conversation, "id" | "user" | "title" | "updated">} Summary
 */

export {};
