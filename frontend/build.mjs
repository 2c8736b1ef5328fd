/**
 * Builds the page into `dist/`: everything flat, `index.html` with two placeholders for the deployer
 * (`{{base}}`, `{{api_origin}}`). Prints what the first load weighs and fails when that is over budget.
 * To add a file that is only copied, put it into `src/public/`.
 */

import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

const BUDGET = 60_000;
const here = new URL("./", import.meta.url);
const dist = new URL("dist/", here);

await rm(dist, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: here.pathname,
  entryPoints: [{ in: "src/main.jsx", out: "app" }, { in: "src/app.css", out: "app" }],
  entryNames: "[name]",
  chunkNames: "[name]-[hash]",
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome110", "firefox115", "safari16.4"],
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: true,
  metafile: true,
});
await cp(new URL("src/public/", here), dist, { recursive: true });

const first = firstLoad(metafile.outputs);
await writeFile(new URL("index.html", dist), withPreloads(await readFile(new URL("src/index.html", here), "utf8"), first));
await weigh(["index.html", "app.css", "icon.svg", ...first]);

/**
 * The entry and every chunk it imports before it can run.
 * @param {import("esbuild").Metafile["outputs"]} outputs
 */
function firstLoad(outputs) {
  const found = new Set(["dist/app.js"]);
  for (const file of found) {
    for (const { path, kind } of outputs[file].imports) if (kind === "import-statement") found.add(path);
  }
  return [...found].map((file) => file.replace("dist/", ""));
}

/** @param {string} html @param {string[]} scripts */
function withPreloads(html, scripts) {
  const links = scripts.slice(1).map((name) => `<link rel="modulepreload" href="/{{base}}/${name}">`);
  return html.replace(/ *<!-- preload -->\n/, links.map((link) => `    ${link}\n`).join(""));
}

/** @param {string[]} names */
async function weigh(names) {
  let total = 0;
  for (const name of names) {
    const size = brotliCompressSync(await readFile(new URL(name, dist))).length;
    total += size;
    console.log(`${String(size).padStart(7)}  ${name}`);
  }
  console.log(`${String(total).padStart(7)}  first load, brotli (budget ${BUDGET})`);
  if (total > BUDGET) throw new Error("the first load is over its budget");
}
