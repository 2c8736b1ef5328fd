"""providers/openai.py: OpenAI's words are ours, but for the model's name, the address, the key and the member that caps an answer."""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from functions.shared.errors import UpstreamCut, UpstreamError
from functions.shared.providers import Complaint, Target, openai
from functions.shared.sse import Event

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET = Target("house", "openai", "https://models.example/v1", "vendor/model-7", "sk-secret", "max_tokens")
ASKED: dict[str, Any] = {"model": "house", "messages": [{"role": "user", "content": "你好"}], "max_tokens": 50}
TOOLS = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}}]
IMAGE = [{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]


def events(*data: str | None) -> Iterator[Event | None]:
    """Return unnamed events with this data, and None for None."""
    return (None if one is None else Event("message", one, "") for one in data)


def chunk(text: str = "", finish: str | None = None, **members: Any) -> dict[str, Any]:
    """Return a chunk as a vendor sends it."""
    return {"id": "c1", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}], **members}


def read(*data: str | None) -> list[dict[str, Any] | None]:
    """Return all chunks in events with this data."""
    return list(openai.from_wire(events(*data)))


def test_a_plain_question_on_the_wire() -> None:
    """These are the bytes."""
    call = openai.to_wire(TARGET, ASKED)

    assert (call.method, call.url) == ("POST", "https://models.example/v1/chat/completions")
    assert call.headers == {"content-type": "application/json", "accept": "application/json", "authorization": "Bearer sk-secret"}
    assert '{"model":"vendor/model-7","messages":[{"role":"user","content":"你好"}],"max_tokens":50}'.encode() == call.body


def test_a_streamed_question_asks_for_events() -> None:
    """The vendor reads `stream`, what lies between may read the header."""
    call = openai.to_wire(TARGET, {**ASKED, "stream": True})

    assert (call.headers["accept"], json.loads(call.body)["stream"]) == ("text/event-stream", True)


def test_without_a_key_none_is_sent() -> None:
    """A server of one's own may want none, and an empty one would be wrong."""
    assert "authorization" not in openai.to_wire(TARGET._replace(key=""), ASKED).headers


@pytest.mark.parametrize("host", ["openai.azure.com.example.org", "example.org/openai.azure.com", "notopenai.azure.com.cn"])
def test_only_azure_is_told_the_key_in_its_own_way(host: str) -> None:
    """A host that looks like one of Azure's is any other."""
    assert "Bearer sk-secret" == openai.to_wire(TARGET._replace(base_url=f"https://{host}/v1"), ASKED).headers["authorization"]


def test_azure_is_azure_in_capitals_and_with_a_port() -> None:
    """Names of hosts have no case."""
    headers = openai.to_wire(TARGET._replace(base_url="https://Mine.OpenAI.Azure.com:443/openai/v1"), ASKED).headers

    assert ("sk-secret", False) == (headers["api-key"], "authorization" in headers)


def test_the_cap_has_the_name_that_the_vendor_wants() -> None:
    """One of the two, never both."""
    sent = json.loads(openai.to_wire(TARGET._replace(output_limit="max_completion_tokens"), ASKED).body)

    assert {"model": "vendor/model-7", "messages": ASKED["messages"], "max_completion_tokens": 50} == sent


@pytest.mark.parametrize(
    "members",
    [
        {"tools": TOOLS, "tool_choice": "auto", "parallel_tool_calls": False},
        {"messages": [{"role": "user", "content": IMAGE}]},
        {"messages": [{"role": "assistant", "content": None, "tool_calls": [{"id": "t", "type": "function"}]}]},
        {"stream": True, "stream_options": {"include_usage": True}},
        {"temperature": 0, "seed": None, "a_field_of_next_year": {"deep": [1, "é", None]}},
    ],
    ids=["tools", "image", "tool-call", "usage", "unknown"],
)
def test_members_go_through_as_they_came(members: dict[str, Any]) -> None:
    """Whatever Twocan does not depend on is the vendor's affair."""
    asked = {**ASKED, **members}

    assert {**asked, "model": "vendor/model-7"} == json.loads(openai.to_wire(TARGET, asked).body)


def test_a_question_is_not_changed_by_sending_it() -> None:
    """The caller's document stays the caller's."""
    before = json.dumps(ASKED)
    openai.to_wire(TARGET, ASKED)

    assert before == json.dumps(ASKED)


@pytest.mark.parametrize(
    "sent",
    [
        chunk("Hel"),
        chunk(usage={"prompt_tokens": 1, "completion_tokens": 2}),
        {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]}}]},
        {"choices": [{"delta": {"reasoning_content": "hm"}}], "next_year": [1]},
        {"choices": [], "usage": {"total_tokens": 3}},
        {"choices": None},
        {"error": None, "choices": []},
        {"choices": "none", "error": {}},
        {"choices": [None, 1, "a", [], {}, {"delta": None}, {"delta": "x"}]},
        {},
    ],
    ids=["text", "usage", "tools", "unknown", "usage-only", "null", "no-error", "junk", "junk-list", "empty"],
)
def test_chunks_go_through_as_they_came(sent: dict[str, Any]) -> None:
    """Their form is the vendor's affair too."""
    assert [sent] == read(json.dumps(sent), "[DONE]")


def test_silence_goes_through() -> None:
    """Whoever reads the chunks looks at the clock."""
    assert [None, chunk("a"), None] == read(None, json.dumps(chunk("a")), None, "[DONE]")


def test_an_event_without_data_is_silence() -> None:
    """Some servers keep a connection alive by it; it is no broken JSON."""
    assert [None, chunk("a")] == read("", json.dumps(chunk("a")), "[DONE]")


def test_nothing_is_read_after_the_end() -> None:
    """What a server sends after [DONE] belongs to no answer."""
    sent = events("[DONE]", "{nonsense")

    assert (list(openai.from_wire(sent)), len(list(sent))) == ([], 1)


def test_a_forgotten_done_is_forgiven_after_a_finish_reason() -> None:
    """Some servers close the connection instead; what finished is whole."""
    sent = [chunk("a"), chunk("", "stop"), {"choices": [], "usage": {"total_tokens": 1}}]

    assert sent == read(*map(json.dumps, sent))


@pytest.mark.parametrize("sent", [[], [chunk("a")], [chunk("a"), chunk("b")], [{"choices": None}]], ids=["nothing", "one", "two", "null"])
def test_an_end_without_either_is_a_cut(sent: list[dict[str, Any]]) -> None:
    """Half an answer is never passed off as a whole one; what came is passed on first."""
    chunks = openai.from_wire(events(*map(json.dumps, sent)))

    assert sent == [next(chunks) for _ in sent]
    with pytest.raises(UpstreamCut):
        next(chunks)


@pytest.mark.parametrize("error", ["overloaded", {"message": "sk-secret is tired", "code": 500}, [1], 1], ids=["text", "object", "list", "number"])
def test_an_error_in_the_stream_is_an_upstream_error(error: Any) -> None:
    """The vendor's words are not passed on."""
    with pytest.raises(UpstreamError, match="broke off with an error") as refused:
        read(json.dumps({"error": error}))

    assert "sk-secret" not in refused.value.message


NO_JSON = ["{", "hello secret", "[DONE", "'a'", '{"a": secret}', "\ufeff{}", '{"a": NaN}', '{"a": -Infinity}', '{"a": 1e999}', "[" * 100_000]
NO_OBJECT = ["[]", "null", "1", '"secret"', "true"]


@pytest.mark.parametrize("data", NO_JSON + NO_OBJECT, ids=lambda data: ascii(data[:16]))
def test_a_chunk_that_is_no_object_is_an_upstream_error(data: str) -> None:
    """The error quotes nothing: a trace of it is safe to show."""
    with pytest.raises(UpstreamError, match="did not answer") as refused:
        read(data)

    assert "secret" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("raw", [*(one.encode() for one in NO_JSON + NO_OBJECT), b"", b"<html>", b"\x1f\x8b\x08"], ids=lambda raw: ascii(raw[:16]))
def test_a_plain_answer_that_is_no_object_is_an_upstream_error(raw: bytes) -> None:
    """HTML, nothing, and what is compressed too."""
    with pytest.raises(UpstreamError, match="did not answer"):
        openai.from_plain(raw)


def test_a_plain_answer_goes_through_as_it_came() -> None:
    """Usage and unknown members too."""
    answer = {"choices": [{"message": {"content": "你"}}], "usage": {"total_tokens": 1}, "next_year": 1}

    assert answer == openai.from_plain(json.dumps(answer).encode())


@pytest.mark.parametrize("choices", [None, [], {}, "x", [1, None]], ids=["null", "empty", "map", "text", "junk"])
def test_a_plain_answer_has_a_choice(choices: Any) -> None:
    """An answer without one would look whole."""
    with pytest.raises(UpstreamError, match="without a choice"):
        openai.from_plain(json.dumps({"choices": choices}).encode())


@pytest.mark.parametrize(
    ("written", "text"),
    [(r"\ud83d", "\ufffd"), (r"a\uDE00b", "a\ufffdb"), (r"\ude00\ud83d", "\ufffd\ufffd"), (r"\ud83d\ude00", "😀"), (r"\\ud83d", r"\ud83d")],
    ids=["high", "low", "turned", "pair", "escaped"],
)
def test_half_an_emoji_can_be_written_again(written: str, text: str) -> None:
    """Some servers cut one in two, half in each chunk: the answer goes on, without it."""
    raw = f'{{"choices":[{{"delta":{{"content":"{written}"}}}}]}}'
    expected = {"choices": [{"delta": {"content": text}}]}

    assert ([expected], expected) == (read(raw, "[DONE]"), openai.from_plain(raw.encode()))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b'{"error": {"message": "too long", "code": 1}}', "too long"),
        (b'{"error": "too long"}', "too long"),
        (rb'{"error": "half \ud83d"}', "half \ufffd"),
        (b'{"error": {"message": 7}}', ""),
        (b'{"error": {}}', ""),
        (b'{"error": null}', ""),
        (b'{"detail": "too long"}', ""),
        (b"[]", ""),
        (b"<html>too long</html>", ""),
        (b"", ""),
        (b"\xff", ""),
    ],
    ids=["object", "text", "half-an-emoji", "number", "empty", "null", "elsewhere", "list", "html", "nothing", "no-utf8"],
)
def test_a_complaint_is_a_text_or_nothing(raw: bytes, text: str) -> None:
    """Whatever a vendor answers to a request that it does not accept."""
    assert Complaint(text) == openai.complaint(raw)


@pytest.mark.parametrize(
    "error", [{"code": "context_length_exceeded", "message": "m"}, {"code": 400, "type": "exceed_context_size_error", "message": "m"}]
)
def test_a_conversation_that_is_too_long_is_told_apart(error: dict[str, Any]) -> None:
    """In OpenAI's word for it, and in llama.cpp's: nobody can mend that by trying again."""
    assert Complaint("m", too_long=True) == openai.complaint(json.dumps({"error": error}).encode())


def test_one_finished_answer_of_two_is_no_whole_stream() -> None:
    """With n > 1 each answer ends for itself: a stream that ends before all of them have is cut."""
    first = {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]}
    second = {"choices": [{"index": 1, "delta": {"content": "b"}, "finish_reason": None}]}

    with pytest.raises(UpstreamCut):
        read(json.dumps(first), json.dumps(second))


def test_an_event_named_error_is_an_error_whatever_follows() -> None:
    """Some servers name the event and put no `error` into its data."""
    sent = iter([Event("message", json.dumps(chunk("hi")), ""), Event("error", '{"message": "out of memory"}', ""), Event("message", "[DONE]", "")])

    with pytest.raises(UpstreamError, match="broke off"):
        list(openai.from_wire(sent))
