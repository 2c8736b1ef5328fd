// What the page promises in its own files: no foreign host, no inline code, both nights the same.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";

const FRONTEND = new URL("../../frontend/", import.meta.url);
const read = (name) => readFile(new URL(name, FRONTEND), "utf8");

async function filesIn(pattern) {
  return (await readdir(new URL("src/", FRONTEND), { recursive: true })).filter((name) => pattern.test(name)).map((name) => `src/${name}`);
}

test("The security policy allows own files and the one API, and nothing unsafe", async () => {
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(await read("src/index.html"))[1];

  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
  assert.match(policy, /connect-src 'self' \{\{api_origin\}\};/);
  assert.match(policy, /require-trusted-types-for 'script'; trusted-types dompurify$/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
});

test("The page has no inline script, no inline style and no foreign address", async () => {
  const html = await read("src/index.html");

  assert.doesNotMatch(html, /<style|style=|onload=|<script(?![^>]*src=)|https?:\/\//);
});

test("No style sheet reaches for another host", async () => {
  for (const name of await filesIn(/\.css$/)) assert.doesNotMatch(await read(name), /url\(|https?:/, name);
});

test("Only one file turns a string into HTML", async () => {
  const found = [];
  for (const name of await filesIn(/\.jsx?$/)) {
    if (/innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML/.test(await read(name))) found.push(name);
  }

  assert.deepEqual(found, ["src/components/sanitised.js"]);
});

test("No file keeps a token on the device", async () => {
  for (const name of await filesIn(/^api\/.*\.js$/)) assert.doesNotMatch(await read(name), /localStorage|sessionStorage|indexedDB|document\.cookie/, name);
});

test("The night one chooses and the night of the device have the same colours", async () => {
  const css = await read("src/styles/variables.css");
  const night = (start) => css.slice(css.indexOf(start)).split("{")[1].split("}")[0].split("\n").map((line) => line.trim()).filter(Boolean);

  assert.deepEqual(night(':root[data-theme="system"] {'), night(':root[data-theme="dark"] {'));
});

test("Every file begins with its map", async () => {
  for (const name of await filesIn(/\.(jsx?|css)$/)) assert.match(await read(name), /^\/\*/, name);
});

test("No file is longer than 350 lines", async () => {
  for (const name of await filesIn(/\.(jsx?|css)$/)) assert.ok((await read(name)).split("\n").length <= 350, name);
});

test("The lock names no registry", async () => {
  assert.doesNotMatch(await read("package-lock.json"), /"resolved"/);
});
