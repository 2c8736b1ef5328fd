/**
 * What may be attached. Knows the API's limits: a request with all documents of a conversation must stay below 4 MiB,
 * and base64 makes three bytes four.
 */

export const MOST_BYTES = 3_000_000;
export const MOST_FILES = 20;
/** For the file chooser: endings, and types for devices that go by them. */
export const ACCEPT = ".txt,.md,.markdown,.pdf,text/plain,text/markdown,application/pdf";
