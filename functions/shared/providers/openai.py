"""OpenAI and everything that speaks its chat completions: Azure, Gemini, llama.cpp, vLLM, Ollama, DeepSeek, Qwen, Huawei MaaS.

Our own shape is OpenAI's, so there is little to translate: the model's name, the address, the key, and which member caps an answer. Unknown
members go through as they came. An address may have a query, such as Azure's api-version; Azure alone has a header of its own for its key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.shared import documents
from functions.shared.errors import UpstreamCut, UpstreamError
from functions.shared.outbound import Outgoing
from functions.shared.providers import Complaint, read_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from functions.shared.providers import Target
    from functions.shared.sse import Event

# OpenAI's code, and llama.cpp's type.
_TOO_LONG = ("context_length_exceeded", "exceed_context_size_error")
# Hosts of Azure's: one for OpenAI's models, two for all that it has.
_AZURE = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")


#: The answer to a question is the answer.
elsewhere = None


def to_wire(target: Target, asked: Mapping[str, Any]) -> Outgoing:
    """Return the request to send."""
    sent = {name: value for name, value in asked.items() if name != "max_tokens"}
    sent["model"] = target.model
    sent[target.output_limit] = asked["max_tokens"]
    return _post(target, "/chat/completions", sent, "text/event-stream" if asked.get("stream") else "application/json")


def to_embed(target: Target, asked: Mapping[str, Any]) -> Outgoing:
    """Return the request to send for embeddings."""
    return _post(target, "/embeddings", {**asked, "model": target.model}, "application/json")


def from_embedded(raw: bytes) -> dict[str, Any]:
    """Return the embeddings."""
    answer = read_object(raw)
    data = answer.get("data")
    if not isinstance(data, list) or not data or not all(isinstance(one, dict) and isinstance(one.get("embedding"), (list, str)) for one in data):
        raise UpstreamError("The model's server sent an answer without an embedding.")
    return answer


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
        chunk = read_object(event.data)
        if chunk.get("error") or event.event == "error":
            raise UpstreamError("The model's server broke off with an error. What came so far is not complete.")
        _follow(chunk, begun, finished)
        yield chunk
    if not finished or not begun <= finished:
        raise UpstreamCut


def from_plain(raw: bytes) -> dict[str, Any]:
    """Return the whole answer."""
    answer = read_object(raw)
    if not _choices(answer):
        raise UpstreamError("The model's server sent an answer without a choice.")
    return answer


def complaint(raw: bytes) -> Complaint:
    """Return the vendor's message in {"error": {"message": …}}, or in {"error": "…"} as some servers have it."""
    try:
        error = read_object(raw).get("error")
    except UpstreamError:
        return Complaint("")
    if not isinstance(error, dict):
        return Complaint(error if isinstance(error, str) else "")
    message = error.get("message")
    too_long = any(error.get(member) in _TOO_LONG for member in ("code", "type") if isinstance(error.get(member), str))
    return Complaint(message if isinstance(message, str) else "", too_long=too_long)


def _post(target: Target, path: str, sent: Mapping[str, Any], accept: str) -> Outgoing:
    address, mark, query = target.base_url.partition("?")
    host = address.partition("://")[2].partition("/")[0].partition(":")[0].lower()
    headers = {"content-type": "application/json", "accept": accept}
    if target.key:
        headers |= {"api-key": target.key} if host.endswith(_AZURE) else {"authorization": f"Bearer {target.key}"}
    return Outgoing("POST", f"{address.rstrip('/')}{path}{mark}{query}", headers, documents.write(sent))


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
