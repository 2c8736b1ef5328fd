// Titles, dates, addresses, entities, keys and the decision to follow the answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { groupByPeriod, periodOf } from "../../frontend/src/text/dates.js";
import { afterScroll, isAtBottom } from "../../frontend/src/text/follow.js";
import { sendsOn } from "../../frontend/src/text/keys.js";
import { decodeEntities, safeHref } from "../../frontend/src/text/plain.js";
import { makeTitle } from "../../frontend/src/text/title.js";
import { createTyped } from "../../frontend/src/text/typed.js";

test("A short question is its own title", () => {
  assert.equal(makeTitle("Why is the sky blue?"), "Why is the sky blue?");
});

test("A title is the first line that says something, without Markdown marks", () => {
  assert.equal(makeTitle("\n\n## **Plan** a `trip`\nto the sea"), "Plan a trip");
});

test("A long title ends at a word", () => {
  assert.equal(makeTitle("Please explain the difference between concurrency and parallelism"), "Please explain the difference between…");
});

test("A long Chinese title is cut by width, since it has no spaces", () => {
  assert.equal(makeTitle("天".repeat(60)), `${"天".repeat(22)}…`);
});

test("A megabyte makes a title as quickly as a line", () => {
  assert.ok(makeTitle("x".repeat(1_000_000)).length <= 45);
});

test("A question of marks alone has no title", () => {
  assert.equal(makeTitle("###\n"), "");
});

const NOON = new Date(2025, 5, 15, 12).getTime();
const daysAgo = (days) => new Date(2025, 5, 15 - days, 23, 59).getTime();

test("Yesterday ends at midnight and not after 24 hours", () => {
  assert.equal(periodOf(daysAgo(1), NOON).key, "yesterday");
  assert.equal(periodOf(new Date(2025, 5, 15, 0, 1).getTime(), NOON).key, "today");
});

test("A week ago is the last week, and more is a month", () => {
  assert.equal(periodOf(daysAgo(7), NOON).key, "lastWeek");
  assert.equal(periodOf(daysAgo(8), NOON).key, "month");
});

test("A clock that runs ahead is still today", () => {
  assert.equal(periodOf(NOON + 3_600_000 * 30, NOON).key, "today");
});

test("Conversations are grouped newest first", () => {
  const groups = groupByPeriod([{ updated: daysAgo(1) }, { updated: NOON }, { updated: NOON + 1 }], NOON, ({ key }) => key);

  assert.deepEqual(groups, [
    { name: "today", items: [{ updated: NOON + 1 }, { updated: NOON }] },
    { name: "yesterday", items: [{ updated: daysAgo(1) }] },
  ]);
});

const box = (scrollTop, scrollHeight = 1000) => ({ scrollTop, clientHeight: 400, scrollHeight });

test("A pixel lost to zooming is still the bottom", () => {
  assert.ok(isAtBottom(box(599.4)));
  assert.ok(!isAtBottom(box(500)));
});

test("Moving up stops the following", () => {
  assert.equal(afterScroll({ following: true, top: 600 }, box(550)).following, false);
});

test("Text that grows below does not stop the following", () => {
  assert.equal(afterScroll({ following: true, top: 600 }, box(600, 1400)).following, true);
});

test("Moving down without reaching the bottom does not start it", () => {
  assert.equal(afterScroll({ following: false, top: 100 }, box(300)).following, false);
});

test("Reaching the bottom starts it again", () => {
  assert.equal(afterScroll({ following: false, top: 100 }, box(600)).following, true);
});

const key = (parts) => ({ key: "Enter", shiftKey: false, isComposing: false, keyCode: 13, ...parts });

test("Enter sends", () => assert.ok(sendsOn(key({}))));
test("Shift and Enter break the line", () => assert.ok(!sendsOn(key({ shiftKey: true }))));
test("Enter that ends a composition never sends", () => {
  assert.ok(!sendsOn(key({ isComposing: true })));
  assert.ok(!sendsOn(key({ keyCode: 229 })));
});

test("Only web and mail addresses become links", () => {
  assert.equal(safeHref("https://example.org/a?b=1&amp;c=2"), "https://example.org/a?b=1&c=2");
  assert.equal(safeHref("mailto:a@example.org"), "mailto:a@example.org");
});

for (const address of ["javascript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "JaVaScRiPt&#58;alert(1)", "data:text/html,x", "vbscript:x", "/relative", "//host/path", "blob:https://example.org/1", ""]) {
  test(`No link is made of ${JSON.stringify(address)}`, () => {
    assert.equal(safeHref(address), "");
  });
}

test("Entities are decoded once and unknown ones stay as written", () => {
  assert.equal(decodeEntities("a &amp;lt; b &copy; &#65;&#x42; &unheard; &#0; &toString;"), "a &lt; b © AB &unheard; &#0; &toString;");
});

test("Letters typed within a breath are one word, and a pause begins a new one", () => {
  const typed = createTyped();
  const rows = ["claude", "chat", "gpt"].map((value) => ({ value }));
  const type = (key, timeStamp) => typed({ key, timeStamp }, rows);

  assert.deepEqual([type("C", 0), type("h", 600), type("g", 2000), type("z", 2100), type("Shift", 2200)], [0, 1, 2, undefined, undefined]);
});
