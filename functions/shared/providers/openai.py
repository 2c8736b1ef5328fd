"""OpenAI and everything that speaks its chat completions: llama.cpp, vLLM, Ollama, DeepSeek, Qwen, Huawei MaaS.

Our own shape is OpenAI's, so there is little to translate: the model's name, the address, the key, and which member caps an answer. Unknown
members go through as they came.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any

from functions.shared import documents
from functions.shared.errors import UpstreamCut, UpstreamError
from functions.shared.outbound import Outgoing
from functions.shared.providers import Complaint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from functions.shared.providers import Target
    from functions.shared.sse import Event

# OpenAI's code, and llama.cpp's type.
_TOO_LONG = ("context_length_exceeded", "exceed_context_size_error")


def to_wire(target: Target, asked: Mapping[str, Any]) -> Outgoing:
    """Return the request to send."""
    sent = {name: value for name, value in asked.items() if name != "max_tokens"}
    sent["model"] = target.model
    sent[target.output_limit] = asked["max_tokens"]
    headers = {"content-type": "application/json", "accept": "text/event-stream" if asked.get("stream") else "application/json"}
    if target.key:
        headers["authorization"] = f"Bearer {target.key}"
    return Outgoing("POST", f"{target.base_url}/chat/completions", headers, documents.write(sent))


def from_wire(events: Iterable[Event | None]) -> Iterator[dict[str, Any] | None]:
    """Yield chunks until [DONE]. A stream that ends without it was whole only if a finish_reason came: some servers forget [DONE]."""
    begun: set[int] = set()
    finished: set[int] = set()
    for event in events:
        if event is None or not event.data:
            # An event without data is how some servers keep a connection alive.
            yield None
            continue
        if event.data == "[DONE]":
            return
        chunk = _object(event.data)
        if chunk.get("error") or event.event == "error":
            raise UpstreamError("The model's server broke off with an error. What came so far is not complete.")
        _follow(chunk, begun, finished)
        yield chunk
    if not finished or not begun <= finished:
        raise UpstreamCut


def from_plain(raw: bytes) -> dict[str, Any]:
    """Return the whole answer."""
    answer = _object(raw)
    if not _choices(answer):
        raise UpstreamError("The model's server sent an answer without a choice.")
    return answer


def complaint(raw: bytes) -> Complaint:
    """Return the vendor's message in {"error": {"message": …}}, or in {"error": "…"} as some servers have it."""
    try:
        error = _object(raw).get("error")
    except UpstreamError:
        return Complaint("")
    if not isinstance(error, dict):
        return Complaint(error if isinstance(error, str) else "")
    message = error.get("message")
    too_long = any(error.get(member) in _TOO_LONG for member in ("code", "type") if isinstance(error.get(member), str))
    return Complaint(message if isinstance(message, str) else "", too_long=too_long)


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        value = _decoded(text if isinstance(text, str) else text.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        # Not `from error`: a decoder's message quotes the text.
        raise UpstreamError("The model's server did not answer in JSON.") from None
    if not isinstance(value, dict):
        raise UpstreamError("The model's server did not answer with a JSON object.")
    return value


def _decoded(text: str) -> Any:
    value = _DECODER.decode(text)
    if "\\ud" not in text and "\\uD" not in text:
        return value
    # Some servers cut an emoji in two, half in each chunk: no UTF-8 can carry a half on.
    return _DECODER.decode(_HALF.sub("\ufffd", json.dumps(value, ensure_ascii=False)))


def _finite(digits: str) -> float:
    """Return a number that can be written again: neither NaN nor Infinity, by name or by overflow."""
    number = float(digits)
    if not isfinite(number):
        raise ValueError
    return number


#: A surrogate that is alone: pairs are one character once they are decoded.
_HALF = re.compile("[\ud800-\udfff]")
# Made once, as in `documents`. What it accepts can be written again.
_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)


def _follow(chunk: dict[str, Any], begun: set[int], finished: set[int]) -> None:
    """Note which answers are under way and which have ended: of several, one that has ended says nothing of the others."""
    choices = chunk.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            index = choice.get("index")
            (finished if choice.get("finish_reason") else begun).add(index if isinstance(index, int) else 0)


def _choices(answer: dict[str, Any]) -> list[dict[str, Any]]:
    choices = answer.get("choices")
    return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
