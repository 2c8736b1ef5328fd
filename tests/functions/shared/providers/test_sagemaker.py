"""providers/sagemaker.py: parts of what a container says, cut anywhere; the golden files show the ordinary, this the odd."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.shared import documents, eventstream
from functions.shared.errors import UpstreamBusy, UpstreamCut, UpstreamError, UpstreamInvalid, UpstreamTimeout
from functions.shared.providers import Complaint, Target, sagemaker
from functions.shared.sse import Event
from tests.fakes import eventstream as wire
from tests.fakes.awsmodel import Service, path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SERVICE = Service("sagemaker-runtime")
GOLDENS = {
    file.stem: json.loads(file.read_text("utf-8")) for file in sorted((Path(__file__).parents[3] / "fixtures/vendors/sagemaker").glob("*.json"))
}
TARGET = Target("house", "sagemaker", "https://runtime.sagemaker.eu-west-3.amazonaws.com", "house-llama", "AKID:secret", "max_tokens")
CHATML = TARGET._replace(template="chatml")
ASKED: dict[str, Any] = {"model": "house", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5}
MESSAGE = json.dumps({"id": "c", "choices": [{"index": 0, "delta": {"content": "你"}, "finish_reason": "stop"}]}, ensure_ascii=False)


def token(text: str, *, special: bool = False, **members: Any) -> dict[str, Any]:
    """Return what TGI says of a token."""
    return {"token": {"id": 1, "text": text, "logprob": -0.5, "special": special}, "generated_text": None, "details": None, **members}


def over(reason: str | None, **members: Any) -> dict[str, Any]:
    """Return the members of the last token."""
    return {"generated_text": "all of it", "details": {"finish_reason": reason, "generated_tokens": 2, "seed": None, **members}}


def said(*events: Any) -> bytes:
    """Return what a container sends as events."""
    return "".join(f"data:{one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)}\n\n" for one in events).encode()


def parts(raw: bytes, most: int = 1000) -> Iterator[Event | None]:
    """Return the events of a stream in which this comes in parts of so many bytes."""
    return eventstream.decode(wire.part(raw[at : at + most]) for at in range(0, len(raw), most))


def read(*events: Any) -> list[dict[str, Any]]:
    """Return the chunks of what a container sends as events."""
    return [chunk for chunk in sagemaker.from_wire(parts(said(*events))) if chunk]


def texts(chunks: Iterable[dict[str, Any]]) -> str:
    """Return the text that these chunks make."""
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


# What is sent


@pytest.mark.parametrize("name", [name for name, golden in GOLDENS.items() if "sent" in golden])
def test_golden_requests_go_where_awss_own_client_sends_them(name: str) -> None:
    """By its description of the service, and by its own writing."""
    call = sagemaker.to_wire(TARGET._replace(**GOLDENS[name].get("target", {})), GOLDENS[name]["asked"])
    operation = "InvokeEndpointWithResponseStream" if GOLDENS[name]["asked"].get("stream") else "InvokeEndpoint"
    parameters = {"EndpointName": "house-llama", "Body": call.body, "ContentType": call.headers["content-type"]}
    made = SERVICE.written(operation, parameters)

    assert not SERVICE.faults_in_request(operation, parameters)
    assert (made["method"], made["path"], made["body"]) == (call.method, path(call), call.body)


@pytest.mark.parametrize(
    ("base_url", "region"),
    [
        ("https://runtime.sagemaker.us-west-2.amazonaws.com", "us-west-2"),
        ("https://runtime.sagemaker.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("https://runtime-fips.sagemaker.us-east-2.amazonaws.com", "us-east-2"),
        ("https://vpce-0a-1b.runtime.sagemaker.eu-west-1.vpce.amazonaws.com", "eu-west-1"),
        ("http://127.0.0.1:8080", "us-east-1"),
    ],
    ids=["region", "china", "fips", "private", "emulator"],
)
def test_a_call_is_signed_for_the_region_in_its_address(base_url: str, region: str) -> None:
    """And carries no key of its own."""
    call = sagemaker.to_wire(TARGET._replace(base_url=base_url), ASKED)

    assert ((region, "sagemaker"), f"{base_url}/endpoints/house-llama/invocations") == (call.signed, call.url)
    assert {"content-type", "accept"} == set(call.headers)


def test_a_container_that_chats_gets_what_was_asked() -> None:
    """All of it but the public name: it knows one model, and some refuse a name that is not its."""
    asked = {**ASKED, "stream": True, "tools": [{"a": 1}], "n": 2, "of_next_year": None}
    sent = json.loads(sagemaker.to_wire(TARGET, asked).body)

    assert sent == {name: value for name, value in asked.items() if name != "model"}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, {"do_sample": True}),
        ({"temperature": 0, "top_p": 1}, {"do_sample": False}),
        ({"temperature": 0.0, "top_p": 1.0, "frequency_penalty": 0}, {"do_sample": False}),
        ({"temperature": 1, "top_p": 0.5, "frequency_penalty": 0.2}, {"do_sample": True, "temperature": 1, "top_p": 0.5, "frequency_penalty": 0.2}),
        ({"seed": 0, "logit_bias": {"1": 1}, "user": "u"}, {"do_sample": True, "seed": 0}),
        ({"temperature": None, "tools": [], "n": 1, "response_format": {"type": "text"}}, {"do_sample": True}),
    ],
    ids=["nothing", "greedy", "greedy-float", "all", "seed", "empty"],
)
def test_tgi_is_told_only_what_it_takes(members: dict[str, Any], expected: dict[str, Any]) -> None:
    """It refuses a temperature of 0 and a top_p of 1, by which others mean nothing."""
    always = {"max_new_tokens": 5, "stop": ["<|im_end|>"], "details": True, "return_full_text": False}

    assert {**always, **expected} == json.loads(sagemaker.to_wire(CHATML, {**ASKED, **members}).body)["parameters"]


@pytest.mark.parametrize(
    ("stop", "sent"),
    [
        ("END", ["END", "<|im_end|>"]),
        (["a", "b", "c"], ["a", "b", "c", "<|im_end|>"]),
        (["a", "b", "c", "d"], ["a", "b", "c", "d"]),
        (["a", "b", "c", "d", "e"], ["a", "b", "c", "d", "e"]),
        (7, [7, "<|im_end|>"]),
    ],
    ids=["text", "three", "four", "five", "number"],
)
def test_the_callers_stop_sequences_come_first(stop: Any, sent: list[Any]) -> None:
    """TGI takes four; what is wrong with them it says itself."""
    assert sent == json.loads(sagemaker.to_wire(CHATML, {**ASKED, "stop": stop}).body)["parameters"]["stop"]


@pytest.mark.parametrize(
    "members",
    [
        {"n": 2},
        {"tools": [{"type": "function", "function": {"name": "now"}}]},
        {"response_format": {"type": "json_object"}},
        {"logprobs": True},
        {"messages": [{"role": "tool", "tool_call_id": "a", "content": "noon"}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]}]},
    ],
    ids=lambda members: json.dumps(members)[:40],
)
def test_what_a_template_has_no_place_for_is_refused(members: dict[str, Any]) -> None:
    """Before it costs anything."""
    with pytest.raises(UpstreamInvalid):
        sagemaker.to_wire(CHATML, {**ASKED, **members})


# What comes back


@pytest.mark.parametrize("name", [name for name, golden in GOLDENS.items() if "events" in golden])
def test_golden_exceptions_are_awss_own(name: str) -> None:
    """By its description of the service; the parts have no form of their own."""
    given = [data for event, data in GOLDENS[name]["events"] if event == "exception"]

    assert not any(SERVICE.faults_in_event("InvokeEndpointWithResponseStream", "Body", "ModelStreamError", data) for data in given)


@pytest.mark.parametrize("name", ["stream", "tools_stream", "usage", "template_stream", "template_stop_stream"])
@given(at=st.sets(st.integers(0, 900)), wired=st.sets(st.integers(0, 3000)))
def test_a_stream_is_the_same_however_it_is_cut(name: str, at: set[int], wired: set[int]) -> None:
    """Into parts, and these into chunks on the wire: within events, within characters."""
    raw = "".join(data for _, data in GOLDENS[name]["events"]).encode("latin-1")
    whole = b"".join(map(wire.part, cut(raw, at)))

    assert GOLDENS[name]["chunks"] == [chunk for chunk in sagemaker.from_wire(eventstream.decode(cut(whole, wired))) if chunk]


def cut(raw: bytes, at: set[int]) -> list[bytes]:
    """Return the pieces between these places."""
    places = sorted({0, len(raw), *(place for place in at if place < len(raw))})
    return [raw[start:end] for start, end in pairwise(places)]


def test_silence_goes_through() -> None:
    """Parts that complete nothing, and events that nobody knows yet: whoever reads the chunks looks at the clock."""
    half = len(MESSAGE) // 2
    events = [None, Event("OfNextYear", "", ""), Event("PayloadPart", "", ""), *parts(b"data: " + MESSAGE.encode() + b"\n\ndata: [DONE]\n\n", half)]

    chunks = list(sagemaker.from_wire(events))

    assert ([None, None, None], 1) == (chunks[:3], len([chunk for chunk in chunks if chunk]))


def test_a_heartbeat_of_the_containers_is_silence() -> None:
    """Before its first words too, by which it is known."""
    assert [json.loads(MESSAGE)] == [chunk for chunk in sagemaker.from_wire(parts(b": beat\n\n" + said("", MESSAGE, "[DONE]"))) if chunk]
    assert "ab" == texts(read("", token("a"), "", token("b", **over("length"))))


@pytest.mark.parametrize("raw", [b"", b"data: {", said(token("a")), said(json.dumps({"choices": []}))], ids=["nothing", "half", "token", "chunk"])
def test_an_end_before_the_answers_is_a_cut(raw: bytes) -> None:
    """Half an answer is never passed off as a whole one."""
    with pytest.raises(UpstreamCut):
        list(sagemaker.from_wire(parts(raw)))


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("ModelStreamError", {"Message": "m", "ErrorCode": "StreamBroken"}, UpstreamCut),
        ("ModelStreamError", {"Message": "m", "ErrorCode": "ModelInvocationTimeExceeded"}, UpstreamTimeout),
        ("ModelStreamError", {"Message": "account 111122223333"}, UpstreamError),
        ("InternalStreamFailure", {"Message": "account 111122223333"}, UpstreamError),
        ("ThrottlingException", {}, UpstreamBusy),
    ],
)
def test_an_exception_within_a_stream_is_an_error(name: str, data: dict[str, Any], error: type[UpstreamError]) -> None:
    """Of the kind that it means, in our words."""
    with pytest.raises(UpstreamError) as raised:
        list(sagemaker.from_wire(eventstream.decode([wire.part(said(token("a"))), wire.exception(name, data)])))

    assert error is type(raised.value)
    assert "1111" not in raised.value.message


def test_an_exception_without_words_is_one() -> None:
    """Whatever its data."""
    with pytest.raises(UpstreamError, match="broke off"):
        list(sagemaker.from_wire([Event("exception", "", "InternalError")]))


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"error": "Model is overloaded", "error_type": "overloaded"}, UpstreamBusy),
        ({"error": "Request failed during generation", "error_type": "generation"}, UpstreamError),
        ({"error": {"message": "of vLLM's"}}, UpstreamError),
    ],
    ids=["busy", "failed", "vllm"],
)
@pytest.mark.parametrize("before", [[], [token("a")]], ids=["first", "later"])
def test_an_error_of_the_containers_is_an_error(event: dict[str, Any], error: type[UpstreamError], before: list[Any]) -> None:
    """Whether it is its first word or not."""
    with pytest.raises(UpstreamError) as raised:
        read(*before, event)

    assert error is type(raised.value)


@pytest.mark.parametrize("reason", [("length", "length"), ("eos_token", "stop"), ("stop_sequence", "stop"), ("of_next_year", "stop"), (None, "stop")])
def test_why_an_answer_ended_is_said_in_openais_words(reason: tuple[str | None, str]) -> None:
    """Streamed and whole."""
    streamed = read(token("a", **over(reason[0])))[-2]
    whole = sagemaker.from_plain(json.dumps([over(reason[0])]).encode())

    assert [reason[1], reason[1]] == [streamed["choices"][0]["finish_reason"], whole["choices"][0]["finish_reason"]]


def test_an_answer_without_details_ends_with_its_text() -> None:
    """As a server that never heard of them has it."""
    chunks = read(token("a"), token("b", generated_text="ab"), token("never"))
    whole = sagemaker.from_plain(b'{"generated_text": "ab"}')

    assert ("ab", "stop", 4) == (texts(chunks), chunks[-1]["choices"][0]["finish_reason"], len(chunks))
    assert ("stop", False) == (whole["choices"][0]["finish_reason"], "usage" in whole)


@pytest.mark.parametrize(
    ("details", "usage"),
    [
        ({"input_length": 7}, {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}),
        ({"prefill": [{"id": 1}, {"id": 2}]}, {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}),
        ({"prefill": []}, {"completion_tokens": 2}),
        ({"input_length": "x"}, {"completion_tokens": 2}),
    ],
    ids=["newer", "older", "without", "odd"],
)
def test_what_was_counted_is_told(details: dict[str, Any], usage: dict[str, int]) -> None:
    """And nothing is made up: older servers do not say what they read."""
    whole = json.dumps({**over("length", **details)}).encode()

    assert [usage, usage] == [read(token("a", **over("length", **details)))[-1]["usage"], sagemaker.from_plain(whole)["usage"]]


@pytest.mark.parametrize(
    ("tokens", "reason", "text"),
    [
        (["Yes", ".", "\n", "User", ":"], "stop_sequence", "Yes."),
        (["Yes.\nUser:"], "stop_sequence", "Yes."),
        (["Yes", "\nUs", "ually"], "eos_token", "Yes\nUsually"),
        (["a", "<", "|im_", "end|>"], "stop_sequence", "a"),
        (["a", "<|im_end|>"], "length", "a<|im_end|>"),
        (["a <", "b"], "length", "a <b"),
        (["a END"], "stop_sequence", "a END"),
        (["\n", "\n", "\n"], "length", "\n\n\n"),
    ],
    ids=["pieces", "one", "no-end", "mark", "length", "less", "callers", "lines"],
)
def test_the_templates_end_is_no_part_of_the_answer(tokens: list[str], reason: str, text: str) -> None:
    """TGI sends it, token by token; what only began like it goes out, late."""
    events = [*map(token, tokens[:-1]), token(tokens[-1], **over(reason))]

    assert text == texts(read(*events))
    assert text == sagemaker.from_plain(json.dumps({**over(reason), "generated_text": "".join(tokens)}).encode())["choices"][0]["message"]["content"]


def test_a_special_token_is_no_text() -> None:
    """It ends a turn, and is silence until the end is said."""
    assert "a" == texts(read(token("a"), token("<|eot_id|>", special=True), token("</s>", special=True, **over("eos_token"))))


PIECES = [
    "token",
    "text",
    "special",
    "details",
    "generated_text",
    "finish_reason",
    "error",
    "choices",
    "delta",
    "prefill",
    "input_length",
    "generated_tokens",
]
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.sampled_from(["\nUser:", "stop_sequence", "<"])
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(PIECES), inner, max_size=4), max_leaves=12)
OBJECTS = st.dictionaries(st.sampled_from(PIECES), JSON, max_size=4)
TOKENS = st.builds(lambda text, more: {**token(text), **more}, st.text(max_size=3), OBJECTS)


@given(st.lists(TOKENS | OBJECTS | JSON | st.just("[DONE]"), max_size=5), st.booleans())
def test_no_words_of_a_containers_are_too_strange(events: list[Any], octets: bool) -> None:
    """They are chunks that can be written, or an UpstreamError, and nothing else."""
    raw = said(*(one if one == "[DONE]" else json.dumps(one) for one in events))
    # Whoever writes parts without saying that they are octets has them read as text.
    given_events = parts(raw) if octets else [Event("PayloadPart", raw.decode(), "")]
    with suppress(UpstreamError):
        assert all(chunk is None or documents.write(chunk) for chunk in sagemaker.from_wire(given_events))


@given(OBJECTS | st.lists(OBJECTS, max_size=2))
def test_no_whole_answer_is_too_strange(answer: Any) -> None:
    """And so is a whole answer, in a list or not."""
    with suppress(UpstreamError):
        assert documents.write(sagemaker.from_plain(json.dumps(answer).encode()))


@pytest.mark.parametrize(
    "raw", [b"[]", b"[1]", b"{}", b"7", b"", b"<html>", b'"a"', b'{"generated_text": 7}'], ids=lambda raw: raw.decode() or "nothing"
)
def test_what_is_no_answer_is_an_error(raw: bytes) -> None:
    """An empty one would look whole."""
    with pytest.raises(UpstreamError):
        sagemaker.from_plain(raw)


# What it complains of


def model_error(status: Any, message: Any) -> bytes:
    """Return SageMaker's error for a container's."""
    links = "See https://console.aws.amazon.com in account 111122223333 for more information."
    return json.dumps(
        {"OriginalStatusCode": status, "OriginalMessage": message, "Message": links, "LogStreamArn": "arn:aws:logs:111122223333"}
    ).encode()


@pytest.mark.parametrize(
    ("status", "message", "complaint"),
    [
        (400, '{"error": {"message": "no", "code": 400}}', Complaint("no", status=400)),
        (400, '{"object": "error", "message": "no", "code": 400}', Complaint("no", status=400)),
        (
            422,
            '{"error": "`inputs` must have less than 1024 tokens. Given: 1500"}',
            Complaint("`inputs` must have less than 1024 tokens. Given: 1500", True, 400),
        ),
        (424, '{"error": "longer than the maximum model length"}', Complaint("longer than the maximum model length", True, 400)),
        (400, '{"error": {"message": "m", "code": "context_length_exceeded"}}', Complaint("m", True, 400)),
        (422, "Failed to deserialize the JSON body", Complaint("Failed to deserialize the JSON body", status=422)),
        (500, "<html>oh</html>", Complaint("", status=500)),
        (500, '{"half": ', Complaint("", status=500)),
        (400, '{"detail": [1], "message": 7}', Complaint("", status=400)),
        (400, "[1]", Complaint("", status=400)),
        (429, "", Complaint("", status=429)),
        (503, None, Complaint("", status=503)),
        (200, "m", Complaint("m")),
        ("400", "m", Complaint("m")),
        (None, {"a": 1}, Complaint("")),
    ],
    ids=["openai", "vllm", "tgi", "lmi", "code", "text", "html", "half", "detail", "list", "empty", "null", "success", "text-status", "object"],
)
def test_the_containers_complaint_is_the_containers(status: Any, message: Any, complaint: Complaint) -> None:
    """Its words and its status; never SageMaker's, which name the account and its logs."""
    assert complaint == sagemaker.complaint(model_error(status, message))


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (b'{"Message": "Endpoint house of account 111122223333 not found."}', Complaint("", status=404)),
        (b'{"message": "Inference Component a not found"}', Complaint("", status=404)),
        (b'{"Message": "1 validation error detected"}', Complaint("1 validation error detected")),
        (b'{"Message": 7}', Complaint("")),
        (b"{}", Complaint("")),
        (b"<html>", Complaint("")),
        (b"", Complaint("")),
    ],
    ids=["endpoint", "component", "validation", "number", "empty", "html", "nothing"],
)
def test_sagemakers_own_complaint_is_told_apart(raw: bytes, complaint: Complaint) -> None:
    """An endpoint that there is not is the owner's affair, and its account is nobody else's."""
    assert complaint == sagemaker.complaint(raw)
