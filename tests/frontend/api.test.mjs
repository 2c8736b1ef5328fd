// Calls: one retry after a refusal, and every kind of failure as a problem that can be shown.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Api } from "../../frontend/src/api/api.js";

const LOGIN = { access_token: "a1", refresh_token: "r1", expires_in: 900, username: "anna" };

async function signedIn(answer) {
  const calls = [];
  const fetch = async (url, init) => {
    const path = new URL(url).pathname;
    calls.push({ path, init });
    if (path === "/auth/login") return Response.json(LOGIN);
    if (path === "/auth/refresh") return Response.json({ ...LOGIN, access_token: "a2", refresh_token: "r2" });
    return answer(path, init, calls.length);
  };
  const api = new Api({ origin: Promise.resolve("http://api.test"), fetch, now: () => 0, onSessionEnded: () => null, onAdmin: () => null });
  await api.signIn("anna", "secret");
  return { api, calls };
}

async function problemOf(promise) {
  const error = await promise.then(() => null, (reason) => reason);
  return error?.problem;
}

test("No cookie travels and every call carries the token", async () => {
  const { api, calls } = await signedIn(() => Response.json({ data: [{ id: "m" }] }));

  assert.deepEqual((await api.models()).map(({ id }) => id), ["m"]);
  assert.equal(calls.at(-1).init.credentials, "omit");
  assert.equal(calls.at(-1).init.headers.Authorization, "Bearer a1");
});

test("A refused token is renewed once and the call repeated once", async () => {
  const { api, calls } = await signedIn((_, init) =>
    init.headers.Authorization === "Bearer a1" ? new Response("{}", { status: 401 }) : Response.json({ data: [] }),
  );

  assert.deepEqual(await api.models(), []);
  assert.deepEqual(calls.map(({ path }) => path), ["/auth/login", "/v1/models", "/auth/refresh", "/v1/models"]);
});

test("A second refusal is told and not repeated", async () => {
  const { api, calls } = await signedIn(() => new Response("{}", { status: 401 }));

  assert.equal((await problemOf(api.models())).code, "unauthenticated");
  assert.equal(calls.filter(({ path }) => path === "/v1/models").length, 2);
});

test("The server's code, message, request id and waiting time reach the problem", async () => {
  const headers = { "x-request-id": "r9", "retry-after": "7" };
  const body = { error: { message: "slow down", type: "t", code: "rate_limited" } };
  const { api } = await signedIn(() => Response.json(body, { status: 429, headers }));

  const expected = { code: "rate_limited", message: "slow down", status: 429, requestId: "r9", retryAfter: 7 };
  assert.deepEqual(await problemOf(api.models()), expected);
});

test("An HTML error page of some proxy becomes an ordinary problem", async () => {
  const { api } = await signedIn(() => new Response("<h1>Bad gateway</h1>", { status: 502 }));

  assert.equal((await problemOf(api.models())).code, "upstream_error");
});

test("An HTML page with status 200 is not taken for the API", async () => {
  const { api } = await signedIn(() => new Response("<h1>Welcome</h1>"));

  assert.equal((await problemOf(api.models())).code, "not_the_api");
});

test("No answer at all is a network problem", async () => {
  const { api } = await signedIn(() => {
    throw new TypeError("failed to fetch");
  });

  assert.equal((await problemOf(api.models())).code, "network");
});

test("A question asks for a stream with usage", async () => {
  const { api, calls } = await signedIn(() => new Response("data: [DONE]\n\n"));

  for await (const batch of api.chat({ model: "m", messages: [] }, new AbortController().signal, true)) assert.deepEqual(batch, []);

  const expected = { model: "m", messages: [], stream: true, stream_options: { include_usage: true } };
  assert.deepEqual(JSON.parse(calls.at(-1).init.body), expected);
});

async function whole(api) {
  const batches = [];
  for await (const batch of api.chat({ model: "m", messages: [] }, new AbortController().signal, false)) batches.push(batch);
  return batches;
}

test("A model that cannot stream is asked for a whole answer, which comes as one batch", async () => {
  const answer = { model: "m", choices: [{ message: { content: "Hello" }, finish_reason: "stop" }] };
  const { api, calls } = await signedIn(() => Response.json(answer));

  const batches = await whole(api);

  const values = batches.map((batch) => batch.map(({ value }) => value));
  assert.deepEqual(values, [["m", "Hello", "stop"]]);
  assert.deepEqual(JSON.parse(calls.at(-1).init.body), { model: "m", messages: [] });
});

test("A whole answer that is refused, or is none, is a problem", async () => {
  const told = [Response.json({ error: { code: "upstream_error" } }, { status: 502 }), new Response("<h1>Welcome</h1>")];
  const { api } = await signedIn(() => told.shift());

  assert.equal((await problemOf(whole(api))).code, "upstream_error");
  assert.equal((await problemOf(whole(api))).code, "not_the_api");
});

test("Signing out tells the server once, with the token it ends", async () => {
  const { api, calls } = await signedIn(() => new Response(null, { status: 204 }));

  await api.signOut();
  await api.signOut();

  assert.deepEqual(calls.slice(1).map(({ path, init }) => [path, init.headers.Authorization]), [["/auth/logout", "Bearer a1"]]);
});

test("Passages are asked for with the documents, and an answer without any is none", async () => {
  const told = [{ passages: [{ document: "a.txt", page: null, start: 0, end: 2, text: "Hi", score: 1 }] }, {}];
  const { api, calls } = await signedIn(() => Response.json(told.shift()));
  const body = { question: "q", documents: [{ name: "a.txt", type: "text/plain", data: "SGk=" }], limit: 6 };
  const { signal } = new AbortController();

  assert.deepEqual((await api.passages(body, signal)).map(({ text }) => text), ["Hi"]);
  assert.deepEqual(await api.passages(body, signal), []);
  assert.deepEqual([calls.at(-1).path, JSON.parse(calls.at(-1).init.body)], ["/v1/passages", body]);
});

test("The models' health is asked for with the token", async () => {
  const { api, calls } = await signedIn(() => Response.json({ data: [] }));

  assert.deepEqual(await api.health(new AbortController().signal), { data: [] });
  assert.deepEqual([calls.at(-1).path, calls.at(-1).init.headers.Authorization], ["/admin/models", "Bearer a1"]);
});
