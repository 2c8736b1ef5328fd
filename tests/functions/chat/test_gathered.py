"""gathered.py: what the chunks of a stream make together."""

from __future__ import annotations

from typing import Any

import pytest

from functions.chat.gathered import gathered


def chunk(delta: dict[str, Any], finish: str | None = None, index: int = 0, **members: Any) -> dict[str, Any]:
    """Return a chunk with one choice."""
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 5, "model": "m", "choices": [choice], **members}


def called(index: int, **members: Any) -> dict[str, Any]:
    """Return the delta of a piece of a tool call."""
    return {"tool_calls": [{"index": index, **members}]}


def message(*chunks: dict[str, Any] | None) -> dict[str, Any]:
    """Return the message of the only choice."""
    (choice,) = gathered(chunks)["choices"]
    found: dict[str, Any] = choice["message"]
    return found


def test_text_becomes_one_completion() -> None:
    """With what the chunks say of themselves; silence says nothing."""
    whole = gathered([chunk({"role": "assistant", "content": "Hel"}), None, chunk({"content": "lo"}), chunk({}, "stop")])

    choice = {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
    assert {"id": "c1", "object": "chat.completion", "created": 5, "model": "m", "choices": [choice]} == whole


def test_the_last_usage_stands() -> None:
    """Wherever it came: on a chunk of its own, or early and again."""
    early, late = {"prompt_tokens": 7, "completion_tokens": 0}, {"prompt_tokens": 7, "completion_tokens": 2}

    assert late == gathered([chunk({"content": "x"}, usage=early), {"id": "c1", "choices": [], "usage": late}])["usage"]
    assert early == gathered([chunk({"content": "x"}, usage=early), chunk({}, "stop", usage=None)])["usage"]


@pytest.mark.parametrize("name", ["content", "refusal", "reasoning_content", "reasoning"])
def test_texts_grow(name: str) -> None:
    """Each on its own."""
    assert message(chunk({name: "a"}), chunk({name: None}), chunk({name: ""}), chunk({name: "b"}))[name] == "ab"


def test_an_answer_without_text_has_none() -> None:
    """As OpenAI has it where a model only calls tools."""
    assert message(chunk({}, "stop")) == {"role": "assistant", "content": None}


def test_a_finish_stays() -> None:
    """A chunk after it, for usage say, does not take it back."""
    assert [one["finish_reason"] for one in gathered([chunk({}, "length"), chunk({})])["choices"]] == ["length"]


def test_several_answers_are_told_apart() -> None:
    """However mixed they come, in the order of their numbers."""
    whole = gathered(
        [chunk({"content": "b"}, index=1), chunk({"content": "a"}), chunk({"content": "B"}, "stop", 1), chunk({"content": "A"}, "length")]
    )

    assert [(0, "aA", "length"), (1, "bB", "stop")] == [(one["index"], one["message"]["content"], one["finish_reason"]) for one in whole["choices"]]


def test_tool_calls_grow() -> None:
    """Name and id come once, arguments in pieces, one call after the other."""
    pieces = [
        called(0, id="t1", type="function", function={"name": "add", "arguments": ""}),
        called(0, function={"arguments": '{"a"'}),
        called(0, function={"arguments": ": 1}"}),
        called(1, id="t2", type="function", function={"name": "now", "arguments": "{}"}),
    ]

    add = {"id": "t1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    now = {"id": "t2", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    assert [add, now] == message(*map(chunk, pieces), chunk({}, "tool_calls"))["tool_calls"]


def test_nothing_is_no_answer() -> None:
    """No choice is invented."""
    assert gathered([]) == {"object": "chat.completion", "choices": []}
