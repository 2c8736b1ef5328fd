"""OpenAI and everything that speaks its chat completions: llama.cpp, vLLM, Ollama, DeepSeek, Qwen, Huawei MaaS.

Our own shape is OpenAI's, so there is little to translate: the model's name, the address, the key, and which member caps an answer. Unknown
members go through as they came.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from functions.shared import documents
from functions.shared.errors import UpstreamCut, UpstreamError
from functions.shared.outbound import Outgoing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from functions.shared.providers import Target
    from functions.shared.sse import Event


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
    finished = False
    for event in events:
        if event is None:
            yield None
            continue
        if event.data == "[DONE]":
            return
        chunk = _object(event.data)
        if chunk.get("error"):
            raise UpstreamError("The model's server broke off with an error. What came so far is not complete.")
        finished = finished or any(choice.get("finish_reason") for choice in _choices(chunk))
        yield chunk
    if not finished:
        raise UpstreamCut


def from_plain(raw: bytes) -> dict[str, Any]:
    """Return the whole answer."""
    answer = _object(raw)
    if not _choices(answer):
        raise UpstreamError("The model's server sent an answer without a choice.")
    return answer


def complaint(raw: bytes) -> str:
    """Return the vendor's message in {"error": {"message": …}}, or in {"error": "…"} as some servers have it."""
    try:
        error = _object(raw).get("error")
    except UpstreamError:
        return ""
    message = error.get("message") if isinstance(error, dict) else error
    return message if isinstance(message, str) else ""


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        # Not `from error`: a decoder's message quotes the text.
        raise UpstreamError("The model's server did not answer in JSON.") from None
    if not isinstance(value, dict):
        raise UpstreamError("The model's server did not answer with a JSON object.")
    return value


def _choices(answer: dict[str, Any]) -> list[dict[str, Any]]:
    choices = answer.get("choices")
    return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
