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
 * @typedef {object} Model  What is told of one public name; null is not known.
 * @property {string} id
 * @property {string[]} vendors
 * @property {number | null} context  tokens
 * @property {boolean | null} vision
 * @property {boolean | null} tools
 * @property {boolean | null} streaming  false: answers whole or not at all
 * @property {{ input: number, output: number, date: string } | null} price  US dollars for a million tokens
 * @property {{ strategy: string, models: string[] } | null} route  the models behind a name that is none itself
 *
 * @typedef {object} ModelHealth  How one configured model was of late.
 * @property {string} id
 * @property {string} vendor
 * @property {string} model  what its vendor calls it
 * @property {string} host
 * @property {string[]} routes  the names that lead to it besides its own
 * @property {"ready" | "failing" | "left_alone" | "unknown"} state
 * @property {number} wait  seconds for which it is still left alone
 * @property {number} asked
 * @property {number} failed
 * @property {{ p50: number, p95: number } | null} firstToken  milliseconds
 * @property {{ code: string, at: number } | null} lastError  in seconds since 1970, by the server's clock
 *
 * @typedef {object} Health  What an admin is told of the models.
 * @property {number} at  in seconds since 1970, by the server's clock
 * @property {number} period  seconds that are counted
 * @property {boolean} isShared  of all instances, not only of the one that answered
 * @property {number} instances
 * @property {ModelHealth[]} models
 *
 * @typedef {object} Message
 * @property {string} id
 * @property {"user" | "assistant"} role
 * @property {string} text
 * @property {string} thinking
 * @property {MessageState} state
 * @property {string} model  which one answers; where a route was asked, the one it leads to
 * @property {string} finish  the model's reason to stop, "" until known
 * @property {Problem | null} problem
 * @property {number} created
 * @property {Passage[]} [passages]  what an answer was given to cite, [1] first
 * @property {boolean} [goesOn]  a question that only asks another model to go on with the answer before it
 *
 * @typedef {object} DocumentRef  A file attached to a conversation, without what is in it.
 * @property {string} id
 * @property {string} name  once in its conversation: passages are told by it
 * @property {string} type
 * @property {number} size  bytes
 *
 * @typedef {DocumentRef & { conversation: string, user: string, data: string }} Document  with its bytes in base64
 *
 * @typedef {object} Passage  Offsets count characters, not UTF-16 units, of the document or of the PDF's page.
 * @property {string} document
 * @property {number | null} page
 * @property {number} start
 * @property {number} end
 * @property {string} text
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
 * @property {DocumentRef[]} documents
 * @property {number} version  0 = never stored
 *
 * @typedef {Pick<Conversation, "id" | "user" | "title" | "updated">} Summary
 */

export {};
