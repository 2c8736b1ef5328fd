"""providers/bedrock.py: Converse as AWS's own client writes and reads it; the golden files show the ordinary, this the odd."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.shared import documents, eventstream
from functions.shared.errors import ContextTooLong, UpstreamBusy, UpstreamCut, UpstreamError, UpstreamInvalid
from functions.shared.providers import Complaint, Target, bedrock
from functions.shared.sse import Event
from tests.fakes import eventstream as wire
from tests.fakes.awsmodel import Service, decoded, path

SERVICE = Service("bedrock-runtime")
GOLDENS = {file.stem: json.loads(file.read_text("utf-8")) for file in sorted((Path(__file__).parents[3] / "fixtures/vendors/bedrock").glob("*.json"))}
TARGET = Target("house", "bedrock", "https://bedrock-runtime.eu-west-3.amazonaws.com", "amazon.nova-lite-v1:0", "AKID:secret", "max_tokens")
USER: dict[str, Any] = {"role": "user", "content": "Hi"}
TOOL = {"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def asked(*messages: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return a request with these messages, or with one of a user's."""
    return {"model": "house", "messages": [*messages] or [USER], "max_tokens": 5, **members}


def sent(document: dict[str, Any], target: Target = TARGET) -> Any:
    """Return the body that goes to Bedrock."""
    return json.loads(bedrock.to_wire(target, document).body)


def events(*said: tuple[str, Any]) -> list[Event]:
    """Return the events of these names and data."""
    return [Event(name, json.dumps(data), "") for name, data in said]


def deltas(*said: tuple[str, Any]) -> list[Any]:
    """Return what changes with each chunk of a stream that ends as it should."""
    whole = [*said, ("messageStop", {"stopReason": "end_turn"}), ("metadata", {})]
    return [chunk["choices"][0]["delta"] for chunk in bedrock.from_wire(events(*whole)) if chunk][:-1]


# What is sent


def _is_awss_own(document: dict[str, Any]) -> None:
    """Fail unless AWS's client, given the same, finds nothing wrong with it and writes the same."""
    call = bedrock.to_wire(TARGET, document)
    operation = "ConverseStream" if document.get("stream") else "Converse"
    parameters = {"modelId": TARGET.model, **decoded(json.loads(call.body))}
    made = SERVICE.written(operation, parameters)

    assert not SERVICE.faults_in_request(operation, parameters)
    assert (made["method"], made["path"], json.loads(made["body"])) == (call.method, path(call), json.loads(call.body))


@pytest.mark.parametrize("name", [name for name, golden in GOLDENS.items() if "sent" in golden])
def test_golden_requests_are_what_awss_own_client_would_send(name: str) -> None:
    """By its description of the service, and by its own writing."""
    _is_awss_own(GOLDENS[name]["asked"])


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
PARTS = st.lists(
    st.builds(lambda text: {"type": "text", "text": text}, TEXTS) | st.just({"type": "image_url", "image_url": {"url": PIXEL}}), max_size=3
)
CALL = st.builds(lambda given: {"id": given, "type": "function", "function": {"name": "now", "arguments": "{}"}}, st.text(min_size=1, max_size=70))
MESSAGES = st.one_of(
    st.builds(lambda content: {"role": "user", "content": content}, TEXTS | PARTS),
    st.builds(lambda content: {"role": "system", "content": content}, TEXTS),
    st.builds(lambda content, calls: {"role": "assistant", "content": content, "tool_calls": calls}, TEXTS | st.none(), st.lists(CALL, max_size=2)),
    st.builds(lambda given, content: {"role": "tool", "tool_call_id": given, "content": content}, st.text(min_size=1, max_size=70), TEXTS | PARTS),
)


@given(st.lists(MESSAGES, max_size=6), st.booleans())
def test_any_conversation_is_what_awss_own_client_would_send(messages: list[dict[str, Any]], stream: bool) -> None:
    """Whoever speaks in whatever order; roles take turns, and no text is blank."""
    document = asked(*messages, USER, tools=[TOOL], stream=stream)
    body = sent(document)
    roles = [turn["role"] for turn in body["messages"]]

    _is_awss_own(document)
    assert all(one != next_one for one, next_one in pairwise(roles))
    assert all(block["text"].strip() for turn in body["messages"] for block in turn["content"] if "text" in block)


ODD = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=4), lambda inner: st.lists(inner, max_size=2), max_leaves=4)
ODDLY = st.dictionaries(
    st.sampled_from(["type", "text", "image_url", "url", "function", "name", "arguments", "id", "json_schema", "schema"]), ODD, max_size=3
)
STRANGE = st.builds(
    lambda role, content, calls: {"role": role, "content": content, "tool_calls": calls},
    st.sampled_from(["user", "assistant", "tool", "system", "function"]),
    TEXTS | st.none() | st.lists(ODD | ODDLY, max_size=2),
    ODD | ODDLY | st.lists(ODDLY, max_size=2),
)
MEMBERS = st.dictionaries(
    st.sampled_from(["tools", "tool_choice", "response_format", "stop", "n", "temperature"]), ODD | ODDLY | st.lists(ODDLY, max_size=2)
)


@given(st.lists(STRANGE, max_size=3), MEMBERS)
def test_no_request_is_too_strange(messages: list[dict[str, Any]], members: dict[str, Any]) -> None:
    """It is sent, or refused with what to do instead; it is never a fault of ours."""
    with suppress(UpstreamInvalid):
        bedrock.to_wire(TARGET, asked(*messages, **members))


@pytest.mark.parametrize(
    ("base_url", "region"),
    [
        ("https://bedrock-runtime.us-west-2.amazonaws.com", "us-west-2"),
        ("https://bedrock-runtime-fips.ca-central-1.amazonaws.com", "ca-central-1"),
        ("https://vpce-0a-1b.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "eu-west-1"),
        ("https://bedrock-runtime.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("http://127.0.0.1:4566", "us-east-1"),
    ],
    ids=["region", "fips", "private", "government", "emulator"],
)
def test_a_call_is_signed_for_the_region_in_its_address(base_url: str, region: str) -> None:
    """An emulator takes any."""
    call = bedrock.to_wire(TARGET._replace(base_url=base_url), asked())

    assert ((region, "bedrock"), f"{base_url}/model/amazon.nova-lite-v1%3A0/converse") == (call.signed, call.url)
    assert "authorization" not in call.headers


@pytest.mark.parametrize(
    ("key", "bearer", "signed"),
    [("", None, True), ("AKID:secret", None, True), ("AKID:secret:token", None, True), ("ABSKexample==", "Bearer ABSKexample==", False)],
    ids=["role", "key", "session", "api-key"],
)
def test_the_key_says_whether_the_call_is_signed(key: str, bearer: str | None, signed: bool) -> None:
    """A Bedrock API key has no colon; without a key the function itself signs."""
    call = bedrock.to_wire(TARGET._replace(key=key), asked())

    assert (bearer, signed) == (call.headers.get("authorization"), call.signed is not None)


@pytest.mark.parametrize(
    "members",
    [
        {"n": 2},
        {"functions": [{"name": "now"}]},
        {"logprobs": True},
        {"audio": {"voice": "alloy"}},
        {"tools": [TOOL], "parallel_tool_calls": False},
        {"tools": [{"type": "custom", "custom": {"name": "now"}}]},
        {"tools": [TOOL], "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}}},
        {"tools": [TOOL], "tool_choice": "sometimes"},
        {"response_format": {"type": "json_object"}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}},
        {"messages": [{"role": "function", "name": "now", "content": "noon"}]},
        {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]},
        {"messages": [{"role": "user", "content": ["Hi"]}]},
        {"messages": [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]}, USER]},
        {"messages": [{"role": "assistant", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]}, USER]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/tiff;base64,AA=="}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL + "\n"}}]}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "now", "arguments": "[1]"}}]}, USER], "tools": [TOOL]},
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "custom": {}}]}, USER], "tools": [TOOL]},
        {"messages": [{"role": "tool", "tool_call_id": "a", "content": "noon"}], "tools": [TOOL], "tool_choice": "none"},
        {"messages": [{"role": "system", "content": "Be brief."}]},
        {"messages": [{"role": "user", "content": " \n"}]},
    ],
    ids=lambda members: json.dumps(members)[:60],
)
def test_what_converse_cannot_do_is_refused(members: dict[str, Any]) -> None:
    """Before it costs anything; nothing that would be missed is dropped."""
    with pytest.raises(UpstreamInvalid):
        bedrock.to_wire(TARGET, asked(**members))


def test_what_changes_only_the_taste_is_left_out() -> None:
    """Converse has no place for it."""
    extra = {
        "seed": 1,
        "logit_bias": {"1": 2},
        "frequency_penalty": 1,
        "user": "u",
        "stream_options": {},
        "reasoning_effort": "low",
        "tools": [],
        "n": 1,
    }

    assert sent(asked()) == sent(asked(**extra))


def test_no_tools_by_choice_is_no_tools() -> None:
    """Where none was used yet; Converse has no word for it."""
    assert "toolConfig" not in sent(asked(tools=[TOOL], tool_choice="none"))


def test_limits_go_where_converse_wants_them() -> None:
    """A temperature of 0 is one."""
    limits = {"maxTokens": 5, "temperature": 0, "topP": 1, "stopSequences": ["a", "b"]}

    assert limits == sent(asked(temperature=0, top_p=1, stop=["a", "b"]))["inferenceConfig"]


def test_a_tool_may_have_an_image_to_show() -> None:
    """Its result is made of blocks, too."""
    shown = {"role": "tool", "tool_call_id": "a", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]}
    image = {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}}

    assert [{"toolResult": {"toolUseId": "a", "content": [image]}}] == sent(asked(shown, tools=[TOOL]))["messages"][0]["content"]


# What comes back


@pytest.mark.parametrize("name", [name for name, golden in GOLDENS.items() if "answer" in golden])
def test_golden_answers_are_awss_own(name: str) -> None:
    """By its description of the service."""
    assert not SERVICE.faults_in_answer("Converse", GOLDENS[name]["raw"])


@pytest.mark.parametrize("name", [name for name, golden in GOLDENS.items() if "events" in golden])
def test_golden_events_are_awss_own(name: str) -> None:
    """By its description of the service; what each exception is called is in a header."""
    faults = [SERVICE.faults_in_event("ConverseStream", "stream", event, data) for event, data in GOLDENS[name]["events"] if event != "exception"]

    assert not any(faults)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("tool_use", "tool_calls"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("of_next_year", "stop"),
        (None, "stop"),
        ([], "stop"),
    ],
)
def test_why_an_answer_ended_is_said_in_openais_words(reason: Any, finish: str) -> None:
    """Streamed and whole."""
    streamed = list(bedrock.from_wire(events(("messageStop", {"stopReason": reason}))))
    whole = bedrock.from_plain(json.dumps({"output": {"message": {"content": []}}, "stopReason": reason}).encode())

    assert [finish, finish] == [streamed[0] and streamed[0]["choices"][0]["finish_reason"], whole["choices"][0]["finish_reason"]]


@pytest.mark.parametrize("reason", ["malformed_model_output", "malformed_tool_use"])
def test_what_is_no_answer_is_not_passed_off_as_one(reason: str) -> None:
    """Streamed and whole."""
    with pytest.raises(UpstreamError, match="no answer"):
        list(bedrock.from_wire(events(("messageStop", {"stopReason": reason}))))
    with pytest.raises(UpstreamError, match="no answer"):
        bedrock.from_plain(json.dumps({"output": {"message": {"content": []}}, "stopReason": reason}).encode())


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("throttlingException", {"message": "Too many requests"}, UpstreamBusy),
        ("serviceUnavailableException", {"message": "The service isn't available"}, UpstreamBusy),
        ("validationException", {"message": "Input is too long for requested model."}, ContextTooLong),
        ("validationException", {"message": "no"}, UpstreamInvalid),
        ("modelStreamErrorException", {"message": "m", "originalStatusCode": 500, "originalMessage": "sk-secret"}, UpstreamError),
        ("internalServerException", {"message": "sk-secret"}, UpstreamError),
        ("exceptionOfNextYear", {}, UpstreamError),
    ],
)
def test_an_exception_within_a_stream_is_an_error(name: str, data: dict[str, Any], error: type[UpstreamError]) -> None:
    """Of the kind that it means, in our words; what came before it was passed on."""
    raw = wire.event("messageStart", {"role": "assistant"}) + wire.exception(name, data)
    chunks = bedrock.from_wire(eventstream.decode([raw]))

    assert next(chunks)
    with pytest.raises(UpstreamError) as raised:
        next(chunks)
    assert error is type(raised.value)
    assert "sk-secret" not in raised.value.message


def test_the_exceptions_here_are_awss_own() -> None:
    """A name that AWS does not know would never be met."""
    for name in ("throttlingException", "serviceUnavailableException", "validationException", "modelStreamErrorException", "internalServerException"):
        assert not SERVICE.faults_in_event("ConverseStream", "stream", name, {"message": "m"})


@pytest.mark.parametrize("said", [[], [("messageStart", {"role": "assistant"})], [("metadata", {"usage": {}})]], ids=["nothing", "start", "metadata"])
def test_an_end_before_the_answers_is_a_cut(said: list[tuple[str, Any]]) -> None:
    """Half an answer is never passed off as a whole one."""
    with pytest.raises(UpstreamCut):
        list(bedrock.from_wire(events(*said)))


def test_an_answer_is_whole_without_its_price() -> None:
    """Metadata is no part of the answer; after it nothing more is waited for."""
    said = iter(events(("messageStop", {"stopReason": "end_turn"}), ("metadata", {}), ("metadata", {})))

    assert 1 == len(list(bedrock.from_wire(events(("messageStop", {"stopReason": "end_turn"})))))
    assert (2, 1) == (len(list(bedrock.from_wire(said))), len(list(said)))


def test_silence_goes_through() -> None:
    """And so does an event that nobody knows yet: whoever reads the chunks looks at the clock."""
    said: list[Event | None] = [None, *events(("ofNextYear", {}), ("contentBlockStop", {"contentBlockIndex": 0}), ("messageStop", {}))]

    assert [None, None, None] == list(bedrock.from_wire(said))[:3]


def test_calls_are_counted_without_the_texts() -> None:
    """Two blocks of calls beside one of text, their pieces mixed."""
    use = {"toolUseId": "a", "name": "now"}
    said = [("contentBlockStart", {"start": {"toolUse": use}, "contentBlockIndex": place}) for place in (1, 3)]
    said += [("contentBlockDelta", {"delta": {"toolUse": {"input": "{}"}}, "contentBlockIndex": place}) for place in (3, 1)]

    assert [0, 1, 1, 0] == [delta["tool_calls"][0]["index"] for delta in deltas(*said)]


@pytest.mark.parametrize(
    "data",
    [
        {"delta": {"toolUse": {"input": "{}"}}, "contentBlockIndex": 7},
        {"delta": {"toolUse": {"input": ""}}, "contentBlockIndex": 0},
        {"delta": {"citation": {"title": "t"}}, "contentBlockIndex": 0},
        {"delta": {"reasoningContent": {"redactedContent": "AA=="}}},
        {"delta": {"text": 7}},
        {"delta": None},
        {},
    ],
    ids=lambda data: json.dumps(data)[:50],
)
def test_what_has_no_place_in_a_chunk_is_silence(data: dict[str, Any]) -> None:
    """Parts of calls that never began, citations, thoughts that are hidden."""
    assert [] == deltas(("contentBlockDelta", data))


NAMES = st.sampled_from(["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata", "exception", "x"])
MEMBERS_OF_IT = "delta start text toolUse toolUseId name input contentBlockIndex reasoningContent stopReason usage role inputTokens outputTokens"
MEMBER = st.sampled_from([*MEMBERS_OF_IT.split(), "output", "message", "content"])
VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
JSON = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(MEMBER, inner, max_size=4), max_leaves=12)
DATA = st.dictionaries(MEMBER, JSON, max_size=4)


@given(st.lists(st.none() | st.builds(lambda name, data: Event(name, json.dumps(data), ""), NAMES, DATA | JSON), max_size=6))
def test_no_event_is_too_strange(said: list[Event | None]) -> None:
    """Events of Bedrock's own names with anything in them are chunks that can be written, or an UpstreamError."""
    with suppress(UpstreamError):
        assert all(chunk is None or documents.write(chunk) for chunk in bedrock.from_wire(said))


@given(DATA | st.builds(lambda blocks: {"output": {"message": {"content": blocks}}}, st.lists(DATA | JSON, max_size=3)))
def test_no_whole_answer_is_too_strange(said: dict[str, Any]) -> None:
    """And so is a whole answer."""
    with suppress(UpstreamError):
        assert documents.write(bedrock.from_plain(json.dumps(said).encode()))


def test_an_answer_without_a_message_is_none() -> None:
    """It would look like silence."""
    with pytest.raises(UpstreamError, match="without a message"):
        bedrock.from_plain(b"{}")


@given(st.sets(st.integers(0, 700)))
def test_a_stream_is_the_same_however_it_is_cut(at: set[int]) -> None:
    """From the bytes on the wire to our chunks."""
    said = GOLDENS["tools_stream"]
    raw = b"".join(wire.event(name, data) for name, data in said["events"])
    places = sorted({0, len(raw), *(place for place in at if place < len(raw))})
    pieces = [raw[start:end] for start, end in pairwise(places)]

    assert said["chunks"] == [chunk for chunk in bedrock.from_wire(eventstream.decode(pieces)) if chunk]


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"message": "prompt is too long: 200049 tokens > 200000 maximum"}, {"too_long": True, "status": 400}),
        ({"message": "Input Tokens Exceeded: Number of input tokens exceeds maximum length."}, {"too_long": True, "status": 400}),
        ({"message": "Too many input tokens. Max input tokens: 8192, request input token count: 9004"}, {"too_long": True, "status": 400}),
        ({"Message": "no"}, {}),
        ({"message": "m", "originalStatusCode": 429}, {"status": 429}),
        ({"message": "m", "originalStatusCode": 7}, {}),
        ({"message": "m", "originalStatusCode": "400"}, {}),
        ({"message": "Invocation of model ID a.b with on-demand throughput isn\u2019t supported. Retry with an inference profile."}, {"status": 404}),
        ({"message": 7}, {}),
        ({}, {}),
    ],
    ids=lambda value: json.dumps(value)[:50],
)
def test_a_complaint_is_told_apart(said: dict[str, Any], complaint: dict[str, Any]) -> None:
    """What is too long, what the model behind it said, and a model that there is not: the owner's affair."""
    message = said.get("message", said.get("Message"))

    assert Complaint(message if isinstance(message, str) else "", **complaint) == bedrock.complaint(json.dumps(said).encode())


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b"\xff"])
def test_a_complaint_that_is_none_says_nothing(raw: bytes) -> None:
    """HTML, lists and what is no UTF-8."""
    assert Complaint("") == bedrock.complaint(raw)
