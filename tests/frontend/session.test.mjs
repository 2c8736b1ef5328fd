// Tokens: renewed in time, never twice at once, and asked for again without losing the call.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../frontend/src/api/problem.js";
import { Session } from "../../frontend/src/api/session.js";

function build(answers = {}) {
  const world = { time: 0, calls: [], ended: 0, admin: [] };
  let count = 0;
  const send = async (path, { body }) => {
    world.calls.push([path, body]);
    await Promise.resolve();
    if (answers[path]) return answers[path]();
    count += 1;
    return Response.json({ access_token: `a${count}`, refresh_token: `r${count}`, expires_in: 900, username: body.username ?? "anna", admin: count === 1 });
  };
  const onAdmin = (isAdmin) => world.admin.push(isAdmin);
  world.session = new Session({ send, now: () => world.time, onEnded: () => (world.ended += 1), onAdmin });
  return world;
}

const refuse = (status, code) => () => {
  throw new ApiError({ code, status });
};

test("A fresh token is used as it is", async () => {
  const { session, calls } = build();
  await session.signIn("anna", "secret");

  assert.equal(await session.bearer(), "a1");
  assert.equal(calls.length, 1);
});

test("A token about to expire is renewed first", async () => {
  const world = build();
  await world.session.signIn("anna", "secret");
  world.time = 880_000;

  assert.equal(await world.session.bearer(), "a2");
  assert.deepEqual(world.calls[1], ["/auth/refresh", { refresh_token: "r1" }]);
});

test("Many calls at once share one renewal, so no refresh token is sent twice", async () => {
  const world = build();
  await world.session.signIn("anna", "secret");
  world.time = 880_000;

  const tokens = await Promise.all([1, 2, 3, 4].map(() => world.session.bearer()));

  assert.deepEqual(tokens, ["a2", "a2", "a2", "a2"]);
  assert.equal(world.calls.length, 2);
});

test("A token refused after another call renewed it costs no second renewal", async () => {
  const world = build();
  await world.session.signIn("anna", "secret");

  await Promise.all([world.session.refused("a1"), world.session.refused("a1")]);
  await world.session.refused("a1");

  assert.equal(world.calls.length, 2);
});

test("A refused renewal asks for the password and the waiting call goes on with the new token", async () => {
  const world = build({ "/auth/refresh": refuse(401, "session_ended") });
  await world.session.signIn("anna", "secret");
  world.time = 2_000_000;

  const waiting = world.session.bearer();
  await new Promise(setImmediate);
  assert.equal(world.ended, 1);
  await world.session.signIn("anna", "secret");

  assert.equal(await waiting, "a2");
});

test("A lost network during renewal does not end the session", async () => {
  const world = build({ "/auth/refresh": refuse(0, "network") });
  await world.session.signIn("anna", "secret");
  world.time = 2_000_000;

  await assert.rejects(world.session.bearer(), { message: "network" });
  assert.equal(world.ended, 0);
});

test("A token that is still good outlives a renewal the network swallowed", async () => {
  const world = build({ "/auth/refresh": refuse(0, "network") });
  await world.session.signIn("anna", "secret");
  world.time = 880_000;

  assert.equal(await world.session.bearer(), "a1");
});

test("What one person asked never goes out in another's name", async () => {
  const world = build({ "/auth/refresh": refuse(401, "session_ended") });
  await world.session.signIn("anna", "secret");
  world.time = 2_000_000;
  const waiting = world.session.bearer();
  await new Promise(setImmediate);

  await Promise.all([assert.rejects(waiting, { message: "session_ended" }), world.session.signIn("bob", "secret")]);
});

test("Signing out forgets the tokens and fails what waits", async () => {
  const { session } = build();
  await session.signIn("anna", "secret");

  assert.equal(session.forget(), "a1");
  const waiting = session.bearer();
  session.forget();
  await assert.rejects(waiting, { message: "session_ended" });
});

test("A renewal that arrives after signing out brings no session back", async () => {
  const world = build();
  await world.session.signIn("anna", "secret");

  const renewal = world.session.refused("a1");
  world.session.forget();
  await renewal;

  assert.equal(world.session.forget(), "");
});

test("A stopped call stops waiting for a password", async () => {
  const { session } = build();
  const controller = new AbortController();
  const waiting = session.bearer(controller.signal);

  controller.abort();

  await assert.rejects(waiting, { name: "AbortError" });
});

test("Who is an admin is said with every pair of tokens, and nobody is one without any", async () => {
  const world = build();
  await world.session.signIn("anna", "secret");
  await world.session.refused("a1");
  world.session.forget();

  assert.deepEqual(world.admin, [true, false, false]);
});

test("Only the server's plain yes makes an admin", async () => {
  const body = { access_token: "a", refresh_token: "r", expires_in: 900, username: "anna", admin: "false" };
  const world = build({ "/auth/login": () => Response.json(body) });
  await world.session.signIn("anna", "secret");

  assert.deepEqual(world.admin, [false]);
});
