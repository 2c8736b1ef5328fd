/**
 * A streamed answer: text/event-stream in, pieces out. Knows the chunk's shape and the one law of the stream:
 * it ends with `[DONE]` or one error, and anything else was cut. A whole answer gives the same pieces at once.
 * Must not know fetch, tokens or the screen.
 * To show another field of a chunk, add a kind of `Piece` and yield it in `piecesOf`.
 */

import { createParser } from "eventsource-parser";
import { ApiError } from "./problem.js";

/**
 * @typedef {{ kind: "model" | "text" | "thinking" | "finish", value: string }} Piece
 */

/**
 * @param {Response} response
 * @returns {AsyncGenerator<Piece[], void, void>}
 */
export async function* readAnswer(response) {
  const requestId = response.headers.get("x-request-id") ?? "";
  const decoder = createAnswerDecoder(requestId);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  try {
    while (reader && !decoder.done()) {
      const { value, done } = await reader.read().catch(cut(requestId));
      if (done) break;
      yield decoder.push(value);
      decoder.check();
    }
    yield decoder.end();
    decoder.check();
  } finally {
    reader?.cancel().catch(() => null);
  }
}

/**
 * The decoder alone, free of the network: push text in any cut, then `check` for the error it carried.
 * @param {string} requestId
 */
export function createAnswerDecoder(requestId) {
  /** @type {Piece[]} */
  let pieces = [];
  /** @type {ApiError | null} */
  let failure = null;
  let finished = false;

  /** @param {string} data */
  function take(data) {
    if (finished || failure) return;
    if (data.trim() === "[DONE]") {
      finished = true;
      return;
    }
    const chunk = parse(data);
    if (chunk?.error) failure = inBand(chunk.error, requestId);
    else pieces.push(...piecesOf(chunk));
  }

  const parser = createParser({ onEvent: ({ data }) => take(data) });
  const drain = () => pieces.splice(0);

  return {
    /** @param {string} text */
    push(text) {
      parser.feed(text);
      return drain();
    },
    end() {
      // A gateway that buffers may drop the last empty line; a whole event must not be lost for that.
      parser.feed("\n\n");
      if (!finished && !failure) failure = new ApiError({ code: "interrupted", requestId });
      return drain();
    },
    /** Throws what the stream failed with, once its text is out. */
    check() {
      if (failure) throw failure;
    },
    done: () => finished,
  };
}

/**
 * The pieces of a whole answer, whose message is what all deltas make.
 * @param {any} answer
 */
export function piecesOfWhole(answer) {
  const choice = answer?.choices?.[0];
  return piecesOf({ model: answer?.model, choices: [{ ...choice, delta: choice?.message }] });
}

/**
 * @param {any} chunk
 * @returns {Piece[]}
 */
function piecesOf(chunk) {
  const choice = chunk?.choices?.[0];
  const delta = choice?.delta ?? {};
  /** @type {[Piece["kind"], unknown][]} */
  const found = [
    ["model", chunk?.model],
    // DeepSeek's name for it, and vLLM's.
    ["thinking", delta.reasoning_content ?? delta.reasoning],
    ["text", delta.content],
    ["text", delta.refusal],
    ["finish", choice?.finish_reason],
  ];
  return found.flatMap(([kind, value]) => (typeof value === "string" && value ? [{ kind, value }] : []));
}

/** @param {string} data */
function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    // Half an event can only be the stream's torn end, which `end` reports.
    return null;
  }
}

/** @param {any} error @param {string} requestId */
function inBand(error, requestId) {
  const code = String(error.code ?? error.type ?? "upstream_error");
  return new ApiError({ code, message: String(error.message ?? ""), requestId });
}

/** @param {string} requestId */
function cut(requestId) {
  return (/** @type {any} */ error) => {
    if (error?.name === "AbortError") throw error;
    throw new ApiError({ code: "interrupted", message: String(error), requestId });
  };
}
