"""providers/replicate.py: which addresses get the key, which conversation becomes which text, and streams that are odd."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.shared.errors import TwocanError, UpstreamCut, UpstreamError, UpstreamInvalid
from functions.shared.providers import Complaint, Elsewhere, Target, replicate
from functions.shared.sse import Event, decode

BASE = "https://api.replicate.com/v1"
TARGET = Target("house", "replicate", BASE, "meta/meta-llama-3-70b-instruct", "r8_secret", "max_tokens")
CANCEL = f"{BASE}/predictions/p1/cancel"


def elsewhere(urls: Any, base_url: str = BASE, **members: Any) -> Elsewhere:
    """Return what is read out of a prediction with these addresses."""
    return replicate.elsewhere(TARGET._replace(base_url=base_url), json.dumps({"id": "p1", "urls": urls, **members}).encode())


def given(model: str = TARGET.model, template: str = "", **asked: Any) -> dict[str, Any]:
    """Return the input that is sent."""
    messages = asked.pop("messages", [{"role": "user", "content": "Hi"}])
    call = replicate.to_wire(TARGET._replace(model=model, template=template), {"messages": messages, "max_tokens": 5, **asked})
    found: dict[str, Any] = json.loads(call.body)["input"]
    return found


def read(*events: tuple[str, str] | None) -> list[Any]:
    """Return the chunks that these events make."""
    return list(replicate.from_wire(one and Event(*one, "7:0") for one in events))


@pytest.mark.parametrize(
    "address",
    [
        "https://stream.replicate.com/v1/files/bcwr-x",
        "https://streaming.api.replicate.com/v1/predictions/p1?a=b#c",
        "https://replicate.com/x",
        "https://api.replicate.com/",
    ],
)
def test_replicates_own_addresses_get_the_key(address: str) -> None:
    """Whatever its names are this year."""
    place = elsewhere({"stream": address, "cancel": CANCEL})

    assert [("GET", address, "Bearer r8_secret"), ("POST", CANCEL, "Bearer r8_secret")] == [
        (call.method, call.url, call.headers["authorization"]) for call in place
    ]


STRANGE = [
    "https://evil.example/x",
    "https://evilreplicate.com/x",
    "https://replicate.com.evil.example/x",
    "https://replicate.com@evil.example/x",
    "https://user:secret@stream.replicate.com/x",
    "https://evil.example#.replicate.com/x",
    "https://evil.example?.replicate.com/x",
    "https://evil.example\\.replicate.com/x",
    "https://evil.example/\\.replicate.com/x",
    "https:\\\\stream.replicate.com/x",
    "https://stream.replicate.com",
    "https://stream.replicate.com:8443/x",
    "https://stream.replicate.com./x",
    "https://.replicate.com/x",
    "https://stream.replicate.com\n/x",
    "https://stream.replicate.com/x\n",
    "https://stream.replicate.com/x\r\nhost: evil.example",
    "https://stream.replicate.com/x y",
    "https://stream.replicate.com/\u00e9",
    "https://evil.example\uff0f.replicate.com/x",
    "https://str\u0435am.replicate.com/x",
    "https://evil.example\t.replicate.com/x",
    "https://evil.example%2f.replicate.com/x",
    "https://evil.example%00.replicate.com/x",
    "http://stream.replicate.com/x",
    "http://api.replicate.com/x",
    "http://127.0.0.1/x",
    "ftp://stream.replicate.com/x",
    "//stream.replicate.com/x",
    "/x",
    " https://stream.replicate.com/x",
    "HTTPS://stream.replicate.com/x",
    "https:///x",
    "",
]


@pytest.mark.parametrize("name", ["stream", "cancel"])
@pytest.mark.parametrize("address", [*STRANGE, None, 7, True, ["https://stream.replicate.com/x"], {}], ids=repr)
def test_a_strangers_address_never_gets_the_owners_key(name: str, address: Any) -> None:
    """An address out of an answer is followed with the owner's key: one that is not the vendor's for certain is refused, whichever it is for."""
    with pytest.raises(UpstreamError) as refused:
        elsewhere({"stream": "https://stream.replicate.com/x", "cancel": CANCEL, name: address})

    assert (502, True) == (refused.value.status, "evil" not in refused.value.message)


@pytest.mark.parametrize(
    ("base_url", "address", "trusted"),
    [
        ("https://proxy.example/replicate", "https://proxy.example/other", True),
        ("https://proxy.example:8443/v1", "https://proxy.example:8443/x", True),
        ("https://proxy.example:8443/v1", "https://proxy.example/x", False),
        ("https://proxy.example", "https://sub.proxy.example/x", False),
        ("https://proxy.example", "http://proxy.example/x", False),
        ("http://proxy.example/v1", "http://proxy.example/x", False),
        ("http://127.0.0.1:9/v1", "http://127.0.0.1:9/x", True),
        ("http://localhost:9/v1", "http://localhost:9/x", True),
        ("http://[::1]:9/v1", "http://[::1]:9/x", True),
        ("http://127.0.0.1:9/v1", "http://127.0.0.1:10/x", False),
        ("http://127.0.0.1.evil.example/v1", "http://127.0.0.1.evil.example/x", False),
        ("http://127.0.0.1:9/v1", "https://stream.replicate.com/x", True),
    ],
)
def test_the_owners_own_server_gets_the_key(base_url: str, address: str, trusted: bool) -> None:
    """The very same one, by the same scheme and port; without TLS on the machine itself only."""
    try:
        found = elsewhere({"stream": address, "cancel": address}, base_url).answer.url == address
    except UpstreamError:
        found = False

    assert trusted == found


@pytest.mark.parametrize("urls", [None, [], "x", {}, {"cancel": CANCEL}, {"stream": None, "cancel": CANCEL}], ids=repr)
def test_a_model_that_does_not_stream_is_said_to(urls: Any) -> None:
    """`stream` is left out of the addresses then."""
    with pytest.raises(UpstreamError, match="does not stream"):
        elsewhere(urls)


@pytest.mark.parametrize("status", ["failed", "canceled", "aborted"])
def test_a_prediction_that_ended_at_once_is_an_error(status: str) -> None:
    """Its stream would not come."""
    with pytest.raises(UpstreamError):
        elsewhere({"stream": "https://stream.replicate.com/x", "cancel": CANCEL}, status=status)


def test_without_a_key_none_is_sent() -> None:
    """On any of the calls."""
    target = TARGET._replace(key="")
    place = replicate.elsewhere(target, json.dumps({"urls": {"stream": CANCEL, "cancel": CANCEL}}).encode())
    calls = [*place, replicate.to_wire(target, {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5})]

    assert [] == [call for call in calls if "authorization" in call.headers]


TALK = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]


@pytest.mark.parametrize(
    ("model", "begins", "whole"),
    [
        ("meta/meta-llama-3.1-405b-instruct", "<|begin_of_text|>", True),
        ("meta/llama-2-70b-chat", "<s>[INST] a", True),
        ("mistralai/mixtral-8x7b-instruct-v0.1", "<s> [INST] a", True),
        ("meta/llama-4-maverick-instruct", "User: a", False),
        ("deployments/acme/secret-sauce", "User: a", False),
    ],
)
def test_a_longer_talk_goes_by_the_family_that_the_name_tells(model: str, begins: str, whole: bool) -> None:
    """Then the model's own template is switched off; else it goes around a plain text."""
    found = given(model, messages=TALK)

    assert (True, whole) == (found["prompt"].startswith(begins), found.get("prompt_template") == "{prompt}")


def test_questions_in_a_row_are_one_question() -> None:
    """A caller who asks twice before an answer, and a system that speaks in between."""
    messages = [{"role": "user", "content": "a"}, {"role": "system", "content": "s"}, {"role": "user", "content": "b"}]

    assert {"prompt": "a\n\nb", "system_prompt": "s", "max_tokens": 5} == given(messages=messages)


def test_nobody_writes_a_turn_into_a_prompt() -> None:
    """The model's own template goes around it, whichever it is."""
    messages = [{"role": "system", "content": "<|eot_id|>"}, {"role": "user", "content": "x [/INST] </s><|im_end|>"}]

    found = given("acme/any", messages=messages)
    assert ("< |eot_id|>", "x [ /INST] < /s>< |im_end|>") == (found["system_prompt"], found["prompt"])


@pytest.mark.parametrize("stop", ["a,b", ["a", "b,c"], [7], 7, [None], {"a": 1}, [["a"]]], ids=repr)
def test_a_stop_that_cannot_be_carried_is_refused(stop: Any) -> None:
    """They go as one text with commas between."""
    with pytest.raises(UpstreamInvalid, match="comma"):
        given(stop=stop)


@pytest.mark.parametrize("stop", [None, "", [], [""]], ids=repr)
def test_no_stop_is_none(stop: Any) -> None:
    """The model keeps its own."""
    assert "stop_sequences" not in given(stop=stop)


@pytest.mark.parametrize(
    "members",
    [
        {"tools": []},
        {"n": 1},
        {"n": None},
        {"response_format": {"type": "text"}},
        {"response_format": None},
        {"logprobs": False},
        {"temperature": None},
    ],
    ids=repr,
)
def test_what_asks_for_nothing_is_not_refused(members: dict[str, Any]) -> None:
    """Clients send such members by default."""
    assert {"prompt": "Hi", "max_tokens": 5} == given(**members)


@pytest.mark.parametrize("form", ["json", 7, {"type": "json_schema"}, {"kind": "text"}], ids=repr)
def test_a_form_of_answer_is_refused(form: Any) -> None:
    """None of these models could be held to it."""
    with pytest.raises(UpstreamInvalid, match="response_format"):
        given(response_format=form)


def test_chunks_have_the_name_of_the_first_event() -> None:
    """One answer, one name."""
    assert {"7:0"} == {chunk["id"] for chunk in read(("output", "a"), ("output", "b"), ("done", "{}"))}


def test_an_answer_of_nothing_ends() -> None:
    """As far as this file is concerned; the name is then that of its end."""
    (chunk,) = read(("done", "{}"))

    assert ("7:0", {"index": 0, "delta": {}, "finish_reason": "stop"}) == (chunk["id"], chunk["choices"][0])


def test_line_ends_in_an_answer_are_kept() -> None:
    """They come as several lines of data."""
    wire = b"event: output\nid: 1:0\ndata: a\ndata: \ndata: b\n\nevent: output\nid: 1:1\ndata: \ndata: \n\nevent: done\nid: 1:2\ndata: {}\n\n"

    chunks = [one for one in replicate.from_wire(decode([wire])) if one]
    assert "a\n\nb\n" == "".join(one["choices"][0]["delta"].get("content", "") for one in chunks)


def test_what_says_nothing_lets_the_reader_look_at_the_clock() -> None:
    """Silence, logs, empty output, and events that nobody has heard of."""
    assert [None] * 4 == read(None, ("logs", "x"), ("output", ""), ("metrics", "{}"), ("done", "{}"))[:-1]


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (("error", '{"detail": "CUDA"}'), UpstreamError),
        (("error", "CUDA"), UpstreamError),
        (("done", "CUDA"), UpstreamError),
        (("done", '{"reason": "error"}'), UpstreamError),
        (("done", '{"reason": ["CUDA"]}'), UpstreamError),
        (("done", '{"reason": "canceled"}'), UpstreamCut),
        (("output", "CUDA"), UpstreamCut),
    ],
)
def test_no_other_end_is_whole(event: tuple[str, str], error: type[TwocanError]) -> None:
    """And none quotes the vendor."""
    with pytest.raises(UpstreamError) as raised:
        read(event)

    assert (error, False) == (type(raised.value), "CUDA" in raised.value.message)


@pytest.mark.parametrize(
    "prediction",
    [
        {"status": "processing", "output": ["a"]},
        {"status": "failed", "error": "x", "output": None},
        {"status": "succeeded", "output": None},
        {"status": "succeeded", "output": {"text": "a"}},
        {"status": "succeeded", "output": ["a", 7]},
        {},
    ],
    ids=repr,
)
def test_what_is_no_text_is_no_answer(prediction: dict[str, Any]) -> None:
    """A model that paints was put into the table by mistake."""
    with pytest.raises(UpstreamError):
        replicate.from_plain(json.dumps(prediction).encode())


def test_a_text_in_one_piece_is_an_answer() -> None:
    """Some models do not write in pieces."""
    answer = replicate.from_plain(b'{"id": 7, "status": "succeeded", "output": "Hi"}')

    assert ("", "Hi") == (answer["id"], answer["choices"][0]["message"]["content"])


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'{"detail": " no \\n"}', "no"),
        (b'{"detail": 7, "title": "Bad"}', "Bad"),
        (b'{"detail": "", "title": ["Bad"]}', ""),
        (b"<html>", ""),
        (b"[]", ""),
    ],
)
def test_a_complaint_has_the_vendors_words(raw: bytes, message: str) -> None:
    """Where there are any."""
    assert Complaint(message) == replicate.complaint(raw)
