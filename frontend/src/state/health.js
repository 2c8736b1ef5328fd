/**
 * How the models are, read anew while somebody looks. Knows when to ask and what to keep when that fails; must not know
 * the screen: who shows it says `tick` every second in which it can be seen, and `stop` at the end.
 */

import { signal } from "@preact/signals";
import { readHealth } from "../api/health.js";
import { toProblem } from "../api/problem.js";

/** @import { Health, Problem } from "../types.js" */

const EVERY_MS = 10_000;

/**
 * @param {object} parts
 * @param {Pick<import("../api/api.js").Api, "health">} parts.api
 * @param {() => number} parts.now
 */
export function createHealth({ api, now }) {
  const report = signal(/** @type {Health | null} */ (null));
  const problem = signal(/** @type {Problem | null} */ (null));
  const isReading = signal(false);
  /** Whole seconds since the report came. */
  const age = signal(0);
  const stopping = new AbortController();
  let asked = 0;
  let came = 0;

  async function read() {
    if (isReading.value) return;
    isReading.value = true;
    asked = now();
    try {
      const told = readHealth(await api.health(stopping.signal));
      came = now();
      report.value = told;
      problem.value = null;
      age.value = 0;
    } catch (error) {
      if (!stopping.signal.aborted) note(ownProblem(toProblem(error)));
    }
    isReading.value = false;
  }

  /** @param {Problem} found */
  function note(found) {
    // The figures are not for whoever is no admin any more.
    if (found.code === "forbidden") report.value = null;
    // The same trouble again is no news: a screen reader would say it every ten seconds.
    if (problem.value?.code !== found.code) problem.value = found;
  }

  async function tick() {
    age.value = Math.floor((now() - came) / 1000);
    if (now() - asked >= EVERY_MS) await read();
  }

  return { report, problem, isReading, age, read, tick, stop: () => stopping.abort() };
}

/**
 * This call asks no model: what sounds like a model's trouble is a gateway's that has no words of its own.
 * @param {Problem} problem @returns {Problem}
 */
function ownProblem(problem) {
  return problem.code.startsWith("upstream_") ? { ...problem, code: "unexpected" } : problem;
}
