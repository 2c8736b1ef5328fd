"""A streamed answer as a whole one, for callers that do not stream of vendors that only do. Pure: OpenAI's chunks in, OpenAI's completion out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

# Members of a delta that grow with each chunk; the others stand as they came last.
_GROWING = ("content", "refusal", "reasoning_content", "reasoning")


def gathered(chunks: Iterable[dict[str, Any] | None]) -> dict[str, Any]:
    """Return the completion that these chunks make."""
    whole: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        if chunk is None:
            continue
        whole |= {name: value for name, value in chunk.items() if name != "choices" and value is not None}
        for one in chunk.get("choices") or ():
            _add(choices.setdefault(one.get("index", 0), _empty(one.get("index", 0))), one)
    return {**whole, "object": "chat.completion", "choices": [choices[index] for index in sorted(choices)]}


def _empty(index: int) -> dict[str, Any]:
    return {"index": index, "message": {"role": "assistant", "content": None}, "finish_reason": None}


def _add(choice: dict[str, Any], piece: dict[str, Any]) -> None:
    delta = piece.get("delta") or {}
    message = choice["message"]
    for name in _GROWING:
        if delta.get(name):
            message[name] = (message.get(name) or "") + delta[name]
    for call in delta.get("tool_calls") or ():
        _add_call(message.setdefault("tool_calls", []), call)
    choice["finish_reason"] = piece.get("finish_reason") or choice["finish_reason"]


def _add_call(calls: list[dict[str, Any]], piece: dict[str, Any]) -> None:
    """Add a piece to the tool call of its index, which comes in order."""
    if piece.get("index", 0) >= len(calls):
        calls.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
    call, function = calls[-1], piece.get("function") or {}
    call["id"] = piece.get("id") or call["id"]
    call["function"]["name"] = function.get("name") or call["function"]["name"]
    call["function"]["arguments"] += function.get("arguments") or ""
