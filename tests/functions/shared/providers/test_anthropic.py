"""providers/anthropic.py: what the golden files do not show. Odd input from both sides, every refusal, every reason to stop."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.shared import documents
from functions.shared.errors import ContextTooLong, InvalidJSON, UpstreamBusy, UpstreamCut, UpstreamError, UpstreamInvalid, UpstreamTimeout
from functions.shared.providers import Complaint, Target, anthropic
from functions.shared.sse import Event

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET = Target("house", "anthropic", "https://api.anthropic.example/v1", "claude-opus-5", "sk-secret", "max_tokens")
ASKED: dict[str, Any] = {"model": "house", "messages": [{"role": "user", "content": "你好"}], "max_tokens": 50}
TOOLS = [{"type": "function", "function": {"name": "add"}}]
START = {"type": "message_start", "message": {"id": "msg_1", "model": "claude-opus-5", "usage": {"input_tokens": 3, "output_tokens": 1}}}
END = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}
LAST = {"type": "message_stop"}
# Shapes near the real ones, so that odd values reach every member that is read.
NAMES = st.sampled_from(["type", "index", "delta", "text", "thinking", "partial_json", "usage", "input_tokens", "output_tokens", "message", "error"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4) | st.just("\ud83d")
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))
KINDS = ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop", "ping", "error"]
BLOCK = JSON | st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "tool_use", "thinking"]) | JSON}, optional={"input": JSON, "id": JSON, "text": JSON}
)
MEMBERS = {"index": JSON | st.integers(0, 2), "delta": BLOCK, "content_block": BLOCK, "message": JSON, "usage": JSON, "error": JSON}
EVENTS = st.lists(st.fixed_dictionaries({"type": st.sampled_from(KINDS)}, optional=MEMBERS), max_size=8)
WHOLE = st.fixed_dictionaries({"content": JSON | st.lists(BLOCK, max_size=3), "stop_reason": JSON}, optional={"usage": JSON, "stop_details": JSON})


def events(*data: dict[str, Any] | None) -> Iterator[Event | None]:
    """Return events with this data, and None for None."""
    return (None if one is None else Event(one["type"], json.dumps(one), "") for one in data)


def chunks(*data: dict[str, Any] | None) -> list[dict[str, Any] | None]:
    """Return all chunks in these events."""
    return list(anthropic.from_wire(events(*data)))


def deltas(*data: dict[str, Any] | None) -> list[Any]:
    """Return what the choices in these events grow by."""
    return [one["choices"][0]["delta"] for one in chunks(*data) if one and one["choices"]]


def body(**members: Any) -> dict[str, Any]:
    """Return the body of a question with these members."""
    sent: dict[str, Any] = json.loads(anthropic.to_wire(TARGET, {**ASKED, **members}).body)
    return sent


def test_a_plain_question_on_the_wire() -> None:
    """These are the bytes."""
    call = anthropic.to_wire(TARGET, ASKED)

    expected = '{"model":"claude-opus-5","max_tokens":50,"messages":[{"role":"user","content":[{"type":"text","text":"你好"}]}]}'
    assert ("POST", "https://api.anthropic.example/v1/messages", expected.encode()) == (call.method, call.url, call.body)


def test_without_a_key_none_is_sent() -> None:
    """A server of one's own may want none."""
    assert "x-api-key" not in anthropic.to_wire(TARGET._replace(key=""), ASKED).headers


def test_a_question_is_not_changed_by_sending_it() -> None:
    """The caller's document stays the caller's, neighbours of one side or not."""
    asked = {**ASKED, "messages": [*ASKED["messages"], {"role": "user", "content": [{"type": "text", "text": "b"}]}], "tools": TOOLS}
    before = json.dumps(asked)
    anthropic.to_wire(TARGET, asked)

    assert before == json.dumps(asked)


@pytest.mark.parametrize("name", ["temperature", "top_p", "seed", "logit_bias", "presence_penalty", "user", "metadata", "a_field_of_next_year"])
def test_what_changes_only_the_taste_is_left_out(name: str) -> None:
    """The API refuses what it does not know."""
    assert body() == body(**{name: 1})


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"functions": [{"name": "add"}]}, "`functions`"),
        ({"logprobs": True}, "`logprobs`"),
        ({"audio": {"voice": "alloy"}}, "`audio`"),
        ({"n": 2}, "`n`"),
        ({"tools": {"type": "function"}}, "`tools` must be a list"),
        ({"tools": [{"type": "custom", "custom": {"name": "add"}}]}, "type function"),
        ({"tools": [None]}, "type function"),
        ({"tools": TOOLS, "tool_choice": "sometimes"}, "`tool_choice`"),
        ({"tools": TOOLS, "tool_choice": {"type": "allowed_tools"}}, "`tool_choice`"),
        ({"tools": TOOLS, "tool_choice": []}, "`tool_choice`"),
        ({"reasoning_effort": "heroic"}, "none, minimal, low, medium, high, xhigh, max"),
        ({"reasoning_effort": []}, "`reasoning_effort`"),
        ({"response_format": {"type": "json_object"}}, "json_schema"),
        ({"response_format": {"type": "json_schema", "json_schema": 1}}, "json_schema"),
    ],
    ids=lambda value: json.dumps(value)[:40] if isinstance(value, dict) else "",
)
def test_what_a_caller_would_miss_is_refused(members: dict[str, Any], words: str) -> None:
    """It is never dropped in silence."""
    with pytest.raises(UpstreamInvalid, match=words):
        body(**members)


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


@pytest.mark.parametrize(
    "message",
    [
        {"role": "function", "name": "add", "content": "2"},
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": ""}}]},
        {"role": "user", "content": [{"type": "file", "file": {}}]},
        {"role": "user", "content": [{"type": "text", "text": 1}]},
        {"role": "user", "content": [None]},
        {"role": "system", "content": [IMAGE]},
        {"role": "assistant", "content": [IMAGE]},
        {"role": "assistant", "audio": {"id": "a"}},
        {"role": "assistant", "function_call": {"name": "add"}},
        {"role": "assistant", "tool_calls": {"id": "t"}},
        {"role": "assistant", "tool_calls": [{"id": "t", "function": {"name": "add", "arguments": "{"}}]},
        {"role": "assistant", "tool_calls": [{"id": "t", "function": {"name": "add", "arguments": "[]"}}]},
    ],
    ids=lambda message: json.dumps(message)[:60],
)
def test_a_message_that_cannot_be_carried_is_refused(message: dict[str, Any]) -> None:
    """Before it costs anything, and by a sentence."""
    with pytest.raises(UpstreamInvalid, match=r"\w \w.*\."):
        body(messages=[message])


@pytest.mark.parametrize("url", ["", "http://a.example/a.png", "data:image/png,AA", "data:text/plain;base64,AA", "ftp://a", "iVBORw0KGgo="])
def test_an_image_from_elsewhere_is_refused(url: str) -> None:
    """The API fetches from https only, and reads base64 of four formats."""
    with pytest.raises(UpstreamInvalid, match="JPEG, PNG, GIF or WebP"):
        body(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}])


@pytest.mark.parametrize("kind", ["image/jpg", "image/jpeg", "IMAGE/JPEG"])
def test_a_jpeg_has_one_name(kind: str) -> None:
    """Browsers and scripts have several."""
    sent = body(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"data:{kind};base64,AA=="}}]}])

    assert {"type": "base64", "media_type": "image/jpeg", "data": "AA=="} == sent["messages"][0]["content"][0]["source"]


@pytest.mark.parametrize("content", [None, "", " \n", [], [{"type": "text", "text": ""}]], ids=["null", "empty", "blank", "no-parts", "empty-part"])
def test_blank_texts_are_left_out(content: Any) -> None:
    """The API refuses them, and turns without a block."""
    sent = body(messages=[*ASKED["messages"], {"role": "assistant", "content": content}, {"role": "user", "content": "b"}])

    assert [("user", ["你好", "b"])] == [(turn["role"], [block["text"] for block in turn["content"]]) for turn in sent["messages"]]


def test_a_tool_may_answer_with_an_image() -> None:
    """Its result has blocks of its own."""
    sent = body(messages=[{"role": "tool", "tool_call_id": "t", "content": [IMAGE]}])

    assert ["image"] == [block["type"] for block in sent["messages"][0]["content"][0]["content"]]


@pytest.mark.parametrize(("stop", "sent"), [("a", ["a"]), (["a", "b"], ["a", "b"]), ([], None), (None, None), ("", None)])
def test_a_stop_is_a_list(stop: Any, sent: Any) -> None:
    """Nothing is sent for none."""
    assert sent == body(stop=stop).get("stop_sequences")


def test_without_tools_nothing_is_said_of_choosing_one() -> None:
    """The API refuses a choice of nothing."""
    assert body() == body(tool_choice="auto", parallel_tool_calls=False, tools=[])


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("tool_use", "tool_calls"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("pause_turn", "length"),
        ("refusal", "content_filter"),
        ("a_reason_of_next_year", "stop"),
    ],
)
def test_every_reason_to_stop_is_ours(reason: str, finish: str) -> None:
    """The same in a stream and in a whole answer."""
    streamed = chunks(START, {"type": "message_delta", "delta": {"stop_reason": reason}})
    answered = anthropic.from_plain(json.dumps({"content": [], "stop_reason": reason}).encode())

    assert [finish, finish] == [streamed[1] and streamed[1]["choices"][0]["finish_reason"], answered["choices"][0]["finish_reason"]]


def test_what_says_nothing_is_silence() -> None:
    """Whoever reads the chunks looks at the clock."""
    silent = [None, {"type": "ping"}, {"type": "content_block_stop", "index": 0}, {"type": "next_year"}, {"type": "content_block_delta", "index": 0}]

    assert [None] * 5 == chunks(START, *silent, END)[1:6]
    assert [None] == list(anthropic.from_wire([Event("ping", "", ""), *events(END)]))[:1]


def test_nothing_is_read_after_the_end() -> None:
    """What comes after message_stop belongs to no answer."""
    sent = events(END, LAST, {"type": "error"})

    assert (2, 1) == (len(list(anthropic.from_wire(sent))), len(list(sent)))


@pytest.mark.parametrize("sent", [[], [START], [START, LAST], [LAST], [START, {"type": "message_delta", "delta": {"stop_reason": None}}]])
def test_an_end_without_a_reason_is_a_cut(sent: list[dict[str, Any]]) -> None:
    """Half an answer is never passed off as a whole one."""
    with pytest.raises(UpstreamCut):
        chunks(*sent)


def test_a_forgotten_end_is_forgiven_after_a_reason() -> None:
    """What stopped for a reason is whole, and is counted."""
    last = chunks(START, END)[-1]

    assert last
    assert ([], {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}) == (last["choices"], last["usage"])


@pytest.mark.parametrize("usage", [None, 1, {}, {"input_tokens": "3"}, {"input_tokens": -1}, {"input_tokens": True}, {"input_tokens": 10**4000}])
def test_counts_that_are_none_are_not_told(usage: Any) -> None:
    """A number that nobody could have counted is none, either."""
    answer = {"content": [], "stop_reason": "end_turn", "usage": usage}

    assert "usage" not in anthropic.from_plain(json.dumps(answer).encode())


def test_blocks_may_begin_with_what_they_hold() -> None:
    """Some servers send a short block whole."""
    tool = {"type": "tool_use", "id": "t", "name": "add", "input": {"a": 1}}
    begun = [{"type": "content_block_start", "index": n, "content_block": one} for n, one in enumerate(({"type": "text", "text": "Hi"}, tool))]
    call = {"index": 0, "id": "t", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}

    assert [{"content": "Hi"}, {"tool_calls": [call]}] == deltas(*begun, {"type": "content_block_stop", "index": 1}, END)[:2]
    assert 3 == len(deltas(*begun, {"type": "content_block_stop", "index": 1}, END))


def test_tools_that_run_at_the_vendors_say_nothing() -> None:
    """Nobody here could answer such a call."""
    begun = {"type": "content_block_start", "index": 0, "content_block": {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}}
    grown = {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"query":'}}

    assert [{}] == deltas(begun, grown, {"type": "content_block_stop", "index": 0}, END)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, UpstreamBusy),
        ({"type": "rate_limit_error", "message": ""}, UpstreamBusy),
        ({"type": "timeout_error"}, UpstreamTimeout),
        ({"type": "invalid_request_error", "message": "prompt is too long: 3 tokens > 2 maximum"}, ContextTooLong),
        ({"type": "api_error", "message": "sk-secret is tired"}, UpstreamError),
        ({"type": ["api_error"]}, UpstreamError),
        ("tired", UpstreamError),
        (None, UpstreamError),
    ],
    ids=lambda value: json.dumps(value)[:30] if not isinstance(value, type) else value.__name__,
)
@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_an_error_within_an_answer_says_what_it_means(error: Any, kind: type[UpstreamError], streamed: bool) -> None:
    """And does not pass on the vendor's words."""
    sent = {"type": "error", "error": error}

    with pytest.raises(UpstreamError) as refused:
        chunks(START, sent) if streamed else anthropic.from_plain(json.dumps(sent).encode())
    assert (kind, False) == (type(refused.value), "sk-secret" in refused.value.message)


@pytest.mark.parametrize("answer", [{}, {"content": "Hi"}, {"content": []}, {"content": [], "stop_reason": None}], ids=json.dumps)
def test_a_whole_answer_has_content_and_a_reason(answer: dict[str, Any]) -> None:
    """An answer without them would look whole."""
    with pytest.raises(UpstreamError, match="without content"):
        anthropic.from_plain(json.dumps(answer).encode())


@pytest.mark.parametrize("raw", [b"", b"[]", b"<html>413</html>", b'{"error": "e"}', b'{"error": {"message": 7}}'], ids=ascii)
def test_a_complaint_may_have_no_words(raw: bytes) -> None:
    """What stands before the API may answer in HTML."""
    assert Complaint("") == anthropic.complaint(raw)


@given(sent=EVENTS)
def test_no_event_is_too_strange(sent: list[dict[str, Any]]) -> None:
    """Whatever has the form of an event is chunks that can be written, or an UpstreamError."""
    with suppress(UpstreamError):
        assert all(one is None or documents.write(one) for one in chunks(*sent))


@given(answer=WHOLE)
def test_no_whole_answer_is_too_strange(answer: dict[str, Any]) -> None:
    """As with events."""
    with suppress(UpstreamError):
        assert documents.write(anthropic.from_plain(json.dumps(answer).encode()))


@given(
    messages=st.lists(
        st.fixed_dictionaries(
            {"role": st.sampled_from(["user", "assistant", "tool", "system"])},
            optional={"content": st.none() | st.text() | st.lists(JSON), "tool_calls": JSON, "refusal": JSON},
        ),
        min_size=1,
    )
)
def test_no_question_is_too_strange(messages: list[dict[str, Any]]) -> None:
    """It is sent, or refused by a sentence; turns always alternate."""
    with suppress(UpstreamInvalid, InvalidJSON):
        asked = documents.parse(json.dumps({"messages": messages}).encode())
        sides = [turn["role"] for turn in body(**asked)["messages"]]

        assert all(one != other for one, other in pairwise(sides))
