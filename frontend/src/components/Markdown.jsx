/**
 * Markdown as elements. Knows every token of the lexer; no HTML string is made, so a model's text can become
 * nothing but the elements named here: raw HTML is shown as text, images as their description.
 * To show another kind of token, add it to BLOCKS or INLINES.
 */

import { useMemo, useRef } from "preact/hooks";
import { decodeEntities, safeHref } from "../text/plain.js";
import { createSplitter, splitBlocks } from "../text/blocks.js";
import { t } from "../i18n/index.js";
import { CitedText } from "./Citation.jsx";
import { CodeBlock } from "./CodeBlock.jsx";
import { Formula } from "./Formula.jsx";

/**
 * @import { Token, Tokens } from "marked"
 * @import { ComponentChildren } from "preact"
 */

/** @param {{ text: string, growing: boolean }} props */
export function Markdown({ text, growing }) {
  const blocks = useBlocks(text, growing);
  return (
    <div class="prose">
      {blocks.map((token, index) => (
        <Block key={index} token={token} open={growing && index === blocks.length - 1} />
      ))}
    </div>
  );
}

/**
 * While text grows, only what was added is read.
 * @param {string} text @param {boolean} growing @returns {Token[]}
 */
function useBlocks(text, growing) {
  const state = useRef({ text: "", growing: true, splitter: createSplitter(), blocks: /** @type {Token[]} */ ([]) });
  const last = state.current;
  if (text === last.text && growing === last.growing) return last.blocks;
  if (!growing) {
    state.current = { ...last, text, growing, blocks: splitBlocks(text) };
    return state.current.blocks;
  }
  const continues = last.growing && text.startsWith(last.text);
  const splitter = continues ? last.splitter : createSplitter();
  const blocks = splitter.push(continues ? text.slice(last.text.length) : text);
  state.current = { text, growing, splitter, blocks };
  return blocks;
}

/**
 * The same token gives the same element, and the renderer skips what it has seen: that is what makes a finished
 * block free, however long the answer grows.
 * @param {{ token: Token, open: boolean }} props
 */
function Block({ token, open }) {
  return useMemo(() => <>{block(token, 0, open)}</>, [token, open]);
}

/** @type {Record<string, (token: any, open: boolean) => ComponentChildren>} */
const BLOCKS = {
  heading: (token) => heading(token),
  paragraph: (token) => <p>{inlines(token.tokens)}</p>,
  text: (token) => (token.tokens ? inlines(token.tokens) : decodeEntities(token.text)),
  code: (token, open) =>
    token.lang === "math" ? <Formula text={token.text} display /> : <CodeBlock text={token.text} language={token.lang ?? ""} open={open} />,
  blockquote: (token) => <blockquote>{token.tokens.map(child)}</blockquote>,
  list: (token) => list(token),
  table: (token) => table(token),
  hr: () => <hr />,
  html: (token) => <p class="as-written">{token.raw.trimEnd()}</p>,
  blockMath: (token) => <Formula text={token.text} display />,
};

/** @type {Record<string, (token: any) => ComponentChildren>} */
const INLINES = {
  text: (token) => (token.tokens ? inlines(token.tokens) : cited(decodeEntities(token.text))),
  escape: (token) => token.text,
  strong: (token) => <strong>{inlines(token.tokens)}</strong>,
  em: (token) => <em>{inlines(token.tokens)}</em>,
  del: (token) => <del>{inlines(token.tokens)}</del>,
  codespan: (token) => <code>{token.text}</code>,
  br: () => <br />,
  link: (token) => link(token),
  image: (token) => <span class="image-text">{token.text ? t("image", { alt: decodeEntities(token.text) }) : t("image.plain")}</span>,
  // Tables have no other way to break a line, so this one tag is understood.
  html: (token) => (/^<br\s*\/?>$/i.test(token.raw) ? <br /> : token.raw),
  checkbox: () => null,
  inlineMath: (token) => <Formula text={token.text} display={token.display} />,
};

/** @param {Token} token @param {number} index @param {boolean} [open] */
function block(token, index, open = false) {
  const draw = BLOCKS[token.type];
  if (token.type === "space" || token.type === "def") return null;
  return draw ? <Keyed key={index}>{draw(token, open)}</Keyed> : inlines([token]);
}

/** @param {Token} token @param {number} index */
const child = (token, index) => block(token, index);

/** @param {{ children: ComponentChildren }} props */
function Keyed({ children }) {
  return <>{children}</>;
}

/** @param {Token[]} tokens */
function inlines(tokens) {
  return tokens.map((token) => INLINES[token.type]?.(token) ?? (token.type === "checkbox" ? null : token.raw));
}

/** @param {string} text  most texts hold no bracket, and need no component */
const cited = (text) => (/[[【]/.test(text) ? <CitedText text={text} /> : text);

/** @param {Tokens.Heading} token  the page owns levels 1 and 2, and skips none */
function heading(token) {
  const Level = /** @type {"h3" | "h4"} */ (token.depth <= 3 ? "h3" : "h4");
  return <Level class={`depth-${token.depth}`}>{inlines(token.tokens)}</Level>;
}

/** @param {Tokens.Link} token */
function link(token) {
  const href = safeHref(token.href);
  if (!href) return inlines(token.tokens);
  return <a href={href} target="_blank" rel="noopener noreferrer nofollow">{inlines(token.tokens)}</a>;
}

/** @param {Tokens.List} token */
function list(token) {
  const items = token.items.map((item, index) => (
    <li key={index} class={item.task ? "task" : undefined}>
      {item.task && <Tick checked={Boolean(item.checked)} />}
      {item.tokens.map(child)}
    </li>
  ));
  return token.ordered ? <ol start={Number(token.start)}>{items}</ol> : <ul>{items}</ul>;
}

/** @param {{ checked: boolean }} props */
function Tick({ checked }) {
  return <span class="tick" role="img" aria-label={t(checked ? "task.done" : "task.open")} data-checked={checked} />;
}

/** @param {Tokens.Table} token */
function table(token) {
  /** @param {Tokens.TableCell} cell */
  const aligned = (cell) => (cell.align ? `align-${cell.align}` : undefined);
  return (
    <div class="table-box" tabIndex={0} role="group" aria-label={t("table")}>
      <table>
        <thead>
          <tr>{token.header.map((cell, index) => <th key={index} class={aligned(cell)}>{inlines(cell.tokens)}</th>)}</tr>
        </thead>
        <tbody>
          {token.rows.map((row, index) => (
            <tr key={index}>{row.map((cell, at) => <td key={at} class={aligned(cell)}>{inlines(cell.tokens)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
