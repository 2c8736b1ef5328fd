"""providers/anthropic.py and its golden files, read by Anthropic's official client: it takes what we send, and reads in an answer what we read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from anthropic import Anthropic, BaseModel
from anthropic.types import ErrorResponse, Message, MessageCreateParams, RawMessageStreamEvent
from pydantic import TypeAdapter, ValidationError

from functions.chat.gathered import gathered
from functions.shared.providers import anthropic
from functions.shared.sse import Event
from tests.fakes.upstream import Upstream, stream, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anthropic.types import MessageParam

FOLDER = Path(__file__).parents[3] / "fixtures" / "vendors" / "anthropic"
GOLDENS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
ASKED: TypeAdapter[Any] = TypeAdapter(MessageCreateParams)
EVENTS: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
BODY = GOLDENS["plain"]["sent"]["body"]
HI: list[MessageParam] = [{"role": "user", "content": "hi"}]
#: What stands before the API answers this one itself, and the client's types leave it out (https://platform.claude.com/docs/en/api/errors).
FOREIGN = "request_too_large"


def client_of(upstream: Upstream) -> Anthropic:
    """Return the official client, for this server."""
    return Anthropic(base_url=upstream.url, api_key="sk-of-the-owner", max_retries=0)


def having(member: str) -> pytest.MarkDecorator:
    """Return that member of the golden files that have it, as a parameter."""
    cases = {name: document[member] for name, document in GOLDENS.items() if member in document}
    return pytest.mark.parametrize(member, cases.values(), ids=cases)


def read(value: Any) -> Any:
    """Return a validated request as JSON has it: the client's types read their lists only when asked."""
    if isinstance(value, dict):
        return {name: read(one) for name, one in value.items()}
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    return [read(one) for one in value]


def strangers(value: Any) -> Iterator[str]:
    """Yield the members of a validated answer that its types do not know."""
    if isinstance(value, BaseModel):
        yield from value.model_extra or {}
        value = [getattr(value, name) for name in type(value).model_fields]
    for one in value if isinstance(value, list) else ():
        yield from strangers(one)


def wire(events: list[list[Any]]) -> Iterator[bytes]:
    """Yield the events of a golden file as their bytes."""
    return (f"event: {name}\ndata: {json.dumps(data)}\n\n".encode() for name, data in events)


def ours(events: list[list[Any]]) -> dict[str, Any]:
    """Return the answer that we read in the events of a golden file."""
    return gathered(anthropic.from_wire(Event(name, json.dumps(data), "") for name, data in events))


def spoken(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with its calls' arguments as what they mean: a stream has them with the model's own spaces."""
    for call in answer["choices"][0]["message"].get("tool_calls", ()):
        call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return answer


@having("sent")
def test_what_we_send_is_what_the_client_could_send(sent: dict[str, Any]) -> None:
    """Every member, however deep, is one that the client knows, of its type."""
    assert sent["body"] == read(ASKED.validate_python(sent["body"], extra="forbid"))


@pytest.mark.parametrize(
    "members",
    [{"temperature": 1.0}, {"tools": [{"name": "a"}]}, {"messages": [{"role": "user", "content": [{"type": "text", "text": "a", "detail": "low"}]}]}],
    ids=["member", "missing", "deep"],
)
def test_what_the_client_does_not_know_is_found(members: dict[str, Any]) -> None:
    """The test above is none if it passes anything; the sampling members are unknown to the client, too."""
    with pytest.raises(ValidationError):
        read(ASKED.validate_python({**BODY, **members}, extra="forbid"))


@pytest.mark.parametrize("raw", [one["raw"] for one in GOLDENS.values() if "raw" in one and FOREIGN != one["raw"].get("error", {}).get("type")])
def test_the_whole_answers_are_the_clients(raw: dict[str, Any]) -> None:
    """So that golden files are not our invention."""
    found = (ErrorResponse if raw["type"] == "error" else Message).model_validate(raw)

    assert [] == list(strangers(found))


@having("events")
def test_the_events_are_the_clients(events: list[list[Any]]) -> None:
    """Pings have no type there; an error has another."""
    found = [ErrorResponse.model_validate(data) if name == "error" else EVENTS.validate_python(data) for name, data in events if name != "ping"]

    assert [] == list(strangers(found))


@having("sent")
def test_the_client_sends_the_same(sent: dict[str, Any]) -> None:
    """To the same address, with the same headers that matter: how it knows who asks, and which version it speaks."""
    answer = stream(*wire(GOLDENS["stream"]["events"])) if sent["body"].get("stream") else [whole(json.dumps(GOLDENS["plain"]["raw"]).encode())]
    with Upstream(answer) as upstream, client_of(upstream) as client:
        answered = client.messages.create(**sent["body"])
        _ = [*answered] if sent["body"].get("stream") else answered
        call = upstream.calls[0]

    assert (sent["url"].removeprefix("https://models.example"), sent["body"]) == (call.path, call.document())
    assert {name: sent["headers"][name] for name in ("x-api-key", "anthropic-version", "content-type")}.items() <= call.headers.items()


@pytest.mark.parametrize("name", [name for name, document in GOLDENS.items() if "events" in document and "code" not in document])
def test_the_client_reads_the_same_in_a_stream(name: str) -> None:
    """Texts, thoughts, calls and counts: what it puts together is what we do."""
    events = GOLDENS[name]["events"]
    with (
        Upstream(stream(*wire(events))) as upstream,
        client_of(upstream) as client,
        client.messages.stream(model="m", max_tokens=9, messages=HI) as answer,
    ):
        theirs = answer.get_final_message()

    assert spoken(anthropic.from_plain(theirs.to_json().encode())) == spoken(ours(events))
