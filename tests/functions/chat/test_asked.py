"""asked.py: what a chat request must be before it costs anything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.chat import asked
from functions.chat.asked import Sizes
from functions.shared.errors import InvalidJSON, InvalidRequest, RequestTooLarge, TextTooLarge

SIZES = Sizes(body=4_194_304, text=262_144, output=8_192)
HELLO = {"model": "house", "messages": [{"role": "user", "content": "hi"}]}


def read(sizes: Sizes = SIZES, **members: Any) -> dict[str, Any]:
    """Return what is read from a good request with these members."""
    return asked.read(json.dumps({**HELLO, **members}).encode(), sizes)[0]


def message(content: Any) -> list[dict[str, Any]]:
    """Return one message."""
    return [{"role": "user", "content": content}]


def test_a_small_request_is_read() -> None:
    """What it lacks is the cap, and nothing else is added."""
    assert read() == {**HELLO, "max_tokens": 8_192}


@pytest.mark.parametrize(
    "members",
    [
        {"temperature": 0.5, "stop": None, "next_year": {"deep": [1, {"é": None}]}},
        {"messages": [{"role": "assistant", "content": None, "tool_calls": [{"id": "t"}]}, {"role": "tool", "tool_call_id": "t", "content": ""}]},
        {"messages": [{"role": "assistant", "refusal": "no"}]},
        {"messages": message([{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {"url": "https://x"}}, 7])},
        {"stream": True, "stream_options": {"include_usage": True}},
        {"stream": None},
        {"messages": [{"role": "next-year", "content": "x", "name": "y"}]},
    ],
    ids=["unknown", "tools", "no-content", "image", "stream", "null-stream", "role"],
)
def test_other_members_stay_as_they_are(members: dict[str, Any]) -> None:
    """What Twocan does not depend on is the affair of the model's server."""
    assert {**HELLO, **members, "max_tokens": 8_192} == read(**members)


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 7}, "model"),
        ({"model": ["house"]}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": {}}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": ["hi"]}, "messages.0"),
        ({"messages": [None]}, "messages.0"),
        ({"messages": [*message("hi"), {"content": "x"}]}, "messages.1"),
        ({"messages": [{"role": None, "content": "x"}]}, "messages.0"),
        ({"messages": [{"role": 1, "content": "x"}]}, "messages.0"),
        ({"messages": message(7)}, "messages.0.content"),
        ({"messages": message({"text": "x"})}, "messages.0.content"),
        ({"messages": [*message("hi"), *message(True)]}, "messages.1.content"),
        ({"stream": "true"}, "stream"),
        ({"stream": 1}, "stream"),
        ({"stream": {}}, "stream"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_a_request_of_another_form_is_refused(members: dict[str, Any], param: str) -> None:
    """The error names the member that is wrong."""
    with pytest.raises(InvalidRequest) as refused:
        read(**members)

    assert (400, param) == (refused.value.status, refused.value.param)


@pytest.mark.parametrize("absent", HELLO)
def test_neither_model_nor_messages_may_be_left_out(absent: str) -> None:
    """There is no default model: what it costs differs."""
    raw = json.dumps({name: value for name, value in HELLO.items() if name != absent}).encode()

    with pytest.raises(InvalidRequest) as refused:
        asked.read(raw, SIZES)
    assert absent == refused.value.param


@pytest.mark.parametrize(
    ("members", "cap"),
    [
        ({}, 8_192),
        ({"max_tokens": None, "max_completion_tokens": None}, 8_192),
        ({"max_tokens": 1}, 1),
        ({"max_tokens": 8_192}, 8_192),
        ({"max_tokens": 8_193}, 8_192),
        ({"max_tokens": 10**30}, 8_192),
        ({"max_completion_tokens": 5}, 5),
        ({"max_completion_tokens": 9_000}, 8_192),
        ({"max_tokens": 7, "max_completion_tokens": 5}, 5),
        ({"max_tokens": 5, "max_completion_tokens": 7}, 5),
        ({"max_tokens": None, "max_completion_tokens": 7}, 7),
    ],
    ids=json.dumps,
)
def test_an_answer_is_capped_under_one_name(members: dict[str, Any], cap: int) -> None:
    """The smallest of all limits counts, as a whole number, and stands in one member."""
    found = read(**members)

    assert (cap, int, False) == (found["max_tokens"], type(found["max_tokens"]), "max_completion_tokens" in found)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("value", [0, -1, 1.0, 1.5, True, False, "5", [5], {}], ids=json.dumps)
def test_a_cap_is_a_whole_number_from_one(name: str, value: Any) -> None:
    """A server may take 0, -1 or nonsense for no cap at all."""
    with pytest.raises(InvalidRequest) as refused:
        read(**{name: value})

    assert name == refused.value.param


@pytest.mark.parametrize("name", ["n", "best_of"])
@pytest.mark.parametrize("count", [9, 1_000_000], ids=["nine", "million"])
def test_the_cap_cannot_be_multiplied(name: str, count: int) -> None:
    """Each of several answers may have the full length, so there may be only a few of them."""
    with pytest.raises(InvalidRequest) as caught:
        asked.read(json.dumps({**HELLO, name: count}).encode(), Sizes(4_194_304, 262_144, 8_192))

    assert caught.value.param == name


def test_the_cap_cannot_be_gone_around_by_a_servers_own_name() -> None:
    """llama.cpp obeys n_predict over max_tokens: it is the same cap to us, and does not go through."""
    assert read(n_predict=1_000_000) == {**HELLO, "max_tokens": 8_192}


def test_text_is_counted_in_bytes_up_to_the_limit_itself() -> None:
    """A Chinese character is three; the one that goes over is refused."""
    fits = "天" * 87_380 + "a"  # 262,141 bytes, and the role's four letters
    sizes = SIZES._replace(text=len(fits.encode()) + len("user"))

    assert fits == read(sizes, messages=message(fits))["messages"][0]["content"]
    with pytest.raises(TextTooLarge) as refused:
        read(sizes, messages=message(fits + "a"))
    assert (refused.value.status, refused.value.param, refused.value.code) == (413, "messages", "text_too_large")


def test_the_default_limit_holds_87000_chinese_characters() -> None:
    """256 KB of text are 87,380 of them, less a few bytes for the role."""
    assert read(messages=message("天" * 87_380))
    with pytest.raises(TextTooLarge):
        read(messages=message("天" * 87_381))


@pytest.mark.parametrize(
    "messages",
    [
        message([{"type": "text", "text": "x" * 200}]),
        message([{"type": "next-year", "deep": {"in": [{"a": "x" * 200}]}}]),
        [{"role": "assistant", "content": None, "tool_calls": [{"function": {"arguments": "x" * 200}}]}],
        [{"role": "user", "content": "x", "name": "x" * 200}],
        [{"role": "x" * 200, "content": ""}],
        [*message("x" * 100), *message("x" * 100)],
    ],
    ids=["part", "deep", "tool-call", "name", "role", "two"],
)
def test_text_counts_wherever_it_stands(messages: list[dict[str, Any]]) -> None:
    """All of it goes to the model and costs."""
    with pytest.raises(TextTooLarge):
        read(SIZES._replace(text=199), messages=messages)


@pytest.mark.parametrize("member", ["image_url", "input_audio", "file"])
def test_pictures_and_sounds_are_no_text(member: str) -> None:
    """They are data, which the body's limit bounds."""
    part = {"type": member, member: {"url": "data:;base64," + "A" * 1_000}}

    assert read(SIZES._replace(text=100), messages=message([part]))["messages"][0]["content"] == [part]


def test_a_body_may_have_its_limit_and_no_byte_more() -> None:
    """It is refused before it is read at all."""
    raw = json.dumps(HELLO).encode()

    assert HELLO["model"] == asked.read(raw.ljust(SIZES.body), SIZES)[0]["model"]
    with pytest.raises(RequestTooLarge) as refused:
        asked.read(b"{".ljust(SIZES.body + 1), SIZES)
    assert (refused.value.status, refused.value.code) == (413, "request_too_large")


@pytest.mark.parametrize(
    "more",
    ['"x":' + "[" * 101 + "]" * 101, '"x":1,"x":2', '"model":"a"', '"x":NaN', '"x":1e999', r'"x":"\ud800"', '"x":' + "9" * 5_000],
    ids=["deep", "twice", "model-twice", "nan", "overflow", "surrogate", "digits"],
)
def test_what_cannot_be_passed_on_faithfully_is_refused(more: str) -> None:
    """Two readers must not see two requests, and what is read must be writable."""
    raw = json.dumps(HELLO)[:-1] + f",{more}}}"

    with pytest.raises(InvalidJSON):
        asked.read(raw.encode(), SIZES)


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"hello", b"{", b'{"model": "\xff"}'], ids=ascii)
def test_a_body_is_one_json_object(raw: bytes) -> None:
    """Nothing else is a request."""
    with pytest.raises(InvalidJSON):
        asked.read(raw, SIZES)


def test_no_error_quotes_what_was_asked() -> None:
    """Errors reach logs and screens that the question must not."""
    with pytest.raises(InvalidRequest) as refused:
        read(messages=[{"role": "user", "content": "hush"}, {"role": 1, "content": "hush"}])

    assert "hush" not in str(refused.value)
