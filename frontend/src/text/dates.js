/**
 * Which heading of the conversation list a date belongs under. Knows calendars in the reader's own time zone;
 * must not know words: it names a key of `i18n/`, or gives the month for the browser to spell.
 */

const DAY_MS = 86_400_000;

/**
 * @param {number} time
 * @param {number} now
 * @returns {{ key: "today" | "yesterday" | "lastWeek" | "month", time: number }}
 */
export function periodOf(time, now) {
  const days = Math.round((midnight(now) - midnight(time)) / DAY_MS);
  if (days <= 0) return { key: "today", time };
  if (days === 1) return { key: "yesterday", time };
  return { key: days <= 7 ? "lastWeek" : "month", time };
}

/**
 * Summaries, newest first, under the headings they are shown under.
 * @template {{ updated: number }} Item
 * @param {Item[]} items
 * @param {number} now
 * @param {(period: ReturnType<typeof periodOf>) => string} name
 * @returns {{ name: string, items: Item[] }[]}
 */
export function groupByPeriod(items, now, name) {
  /** @type {Map<string, Item[]>} */
  const groups = new Map();
  for (const item of [...items].sort((one, other) => other.updated - one.updated)) {
    const heading = name(periodOf(item.updated, now));
    groups.set(heading, [...(groups.get(heading) ?? []), item]);
  }
  return [...groups].map(([heading, members]) => ({ name: heading, items: members }));
}

/** @param {number} time */
function midnight(time) {
  return new Date(time).setHours(0, 0, 0, 0);
}
