// The same chunks give the same events here and in the functions: the fixture is shared with the Python tests.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { createParser } from "../../frontend/node_modules/eventsource-parser/dist/index.js";

const CASES = JSON.parse(await readFile(new URL("../fixtures/sse.json", import.meta.url), "utf8"));

for (const { name, chunks, events } of CASES) {
  test(`The page reads what the functions read: ${name}`, () => {
    const found = [];
    const parser = createParser({ onEvent: ({ event, data }) => found.push({ event: event || "message", data }) });

    chunks.forEach((chunk) => parser.feed(chunk));

    assert.deepEqual(found, events.map(({ event, data }) => ({ event, data })));
  });
}
