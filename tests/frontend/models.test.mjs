// The list of models: read once, read again when that failed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../frontend/src/api/problem.js";
import { readModel } from "../../frontend/src/api/model.js";
import { createModels } from "../../frontend/src/state/models.js";

const named = (...names) => names.map((id) => readModel({ id }));

test("Whoever waits for the list has it as soon as it was read, without asking again", async () => {
  const asked = [];
  const models = createModels({ models: async () => (asked.push(1), named("a", "b")) });

  void models.load();
  await Promise.all([models.ready(), models.ready()]);

  assert.deepEqual([models.list.value, asked.length], [["a", "b"], 1]);
});

test("Whoever waits for a list that cannot be read learns why, and who waits next has it read again", async () => {
  const answers = [() => Promise.reject(new ApiError({ code: "internal_error" })), async () => named("a")];
  const models = createModels({ models: () => answers.shift()() });

  void models.load();
  await assert.rejects(models.ready(), (error) => error.problem.code === "internal_error");
  const problem = models.problem.value;
  await models.ready();

  assert.equal(problem.code, "internal_error");
  assert.deepEqual([models.list.value, models.problem.value], [["a"], null]);
});

test("An empty list is said to be one, and who waits next has it read again", async () => {
  const answers = [async () => [], async () => named("a")];
  const models = createModels({ models: () => answers.shift()() });

  void models.load();
  await assert.rejects(models.ready(), (error) => error.problem.code === "no_model");
  const empty = [models.isEmpty.value, models.problem.value];
  await models.ready();

  assert.deepEqual(empty, [true, null]);
  assert.deepEqual([models.isEmpty.value, models.list.value], [false, ["a"]]);
});

test("A model is asked for a stream unless it is told that it cannot", async () => {
  const told = { yes: true, no: false, unsaid: null };
  const entries = Object.entries(told).map(([id, streaming]) => readModel({ id, capabilities: { streaming } }));
  const models = createModels({ models: async () => entries });
  const before = models.streams("no");

  await models.load();

  assert.deepEqual(["yes", "no", "unsaid", "gone"].map(models.streams), [true, false, true, true]);
  assert.equal(before, true);
});
