/**
 * The models one can choose. Knows the list and whether it could be read; must not know conversations.
 */

import { computed, signal } from "@preact/signals";
import { ApiError, toProblem } from "../api/problem.js";

/**
 * @import { Model, Problem } from "../types.js"
 * @typedef {ReturnType<typeof createModels>} Models
 */

/** @param {Pick<import("../api/api.js").Api, "models">} api */
export function createModels(api) {
  const all = signal(/** @type {Model[]} */ ([]));
  /** Their names alone. */
  const list = computed(() => all.value.map(({ id }) => id));
  const problem = signal(/** @type {Problem | null} */ (null));
  /** The list was read, and the owner has set up no model. */
  const isEmpty = signal(false);

  /** The last try to read the list: what prevented it, or null. @type {Promise<unknown>} */
  let reading = Promise.resolve(null);

  async function read() {
    problem.value = null;
    try {
      all.value = await api.models();
      isEmpty.value = list.value.length === 0;
      return isEmpty.value ? new ApiError({ code: "no_model" }) : null;
    } catch (error) {
      problem.value = toProblem(error);
      return error;
    }
  }

  function load() {
    reading = read();
    return reading;
  }

  /** Waits for the list, and asks for it again if it could not be read. Rejects with what prevents it, or if it is empty. */
  async function ready() {
    const error = list.value.length > 0 ? null : await (problem.value || isEmpty.value ? load() : reading);
    if (error) throw error;
  }

  /** Whether a model may be asked for a stream: unless it is told that it cannot. @param {string} model */
  const streams = (model) => !all.value.some(({ id, streaming }) => id === model && streaming === false);

  return { all, list, isEmpty, problem, load, ready, streams };
}
