/**
 * The models one can choose. Knows the list and whether it could be read; must not know conversations.
 */

import { signal } from "@preact/signals";
import { toProblem } from "../api/problem.js";

/**
 * @import { Problem } from "../types.js"
 * @typedef {ReturnType<typeof createModels>} Models
 */

/** @param {Pick<import("../api/api.js").Api, "models">} api */
export function createModels(api) {
  const list = signal(/** @type {string[]} */ ([]));
  const problem = signal(/** @type {Problem | null} */ (null));

  async function load() {
    problem.value = null;
    try {
      list.value = await api.models();
    } catch (error) {
      problem.value = toProblem(error);
    }
  }

  return { list, problem, load };
}
