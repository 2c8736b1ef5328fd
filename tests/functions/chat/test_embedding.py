"""Embeddings: what a request for them must be, and its way through the function to a model that makes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable

import pytest

from functions.chat import embedding
from functions.chat.asked import Sizes
from functions.shared.errors import InvalidJSON, InvalidRequest, RequestTooLarge, TextTooLarge
from tests.fakes.platforms import CONTEXTS
from tests.fakes.upstream import HANG_UP, Upstream, whole
from tests.functions.chat.stand import PATIENCE, UPSTREAM_KEY, Stand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.upstream import Step

Make = Callable[..., Stand]
SIZES = Sizes(body=100_000, text=100, output=8_192)
VECTORS = {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -1.0]}], "model": "m", "usage": {"prompt_tokens": 3}}
GOOD = [whole(json.dumps(VECTORS).encode())]


def read(given: Any, **members: Any) -> tuple[dict[str, Any], int]:
    """Return what is read of a request for embeddings of this."""
    return embedding.read(json.dumps({"model": "house", "input": given, **members}).encode(), SIZES)


@pytest.mark.parametrize(
    ("given", "size"),
    [("hi", 2), ("天", 3), (["hi", "hello"], 5), ([1, 2, 3], 24), ([[1, 2], [3]], 16), (["a"] * 100, 1)],
    ids=["text", "chinese", "texts", "tokens", "lists of tokens", "many"],
)
def test_texts_and_tokens_are_read(given: Any, size: int) -> None:
    """As they came, with other members; the longest counts, for each is read by itself."""
    assert ({"model": "house", "input": given, "dimensions": 8}, size) == read(given, dimensions=8)


@pytest.mark.parametrize("given", [None, "", [], [""], ["a", ""], [[]], [[1], []], [1, "a"], [True], [-1], [1.5], {}, 7, [None], ["a"] * 2049])
def test_what_is_no_input_is_refused(given: Any) -> None:
    """With the member that is wrong."""
    with pytest.raises(InvalidRequest) as refused:
        read(given)

    assert "input" == refused.value.param


def test_a_model_is_named() -> None:
    """By a text."""
    with pytest.raises(InvalidRequest, match="`model` must be"):
        embedding.read(b'{"input": "a"}', SIZES)


@pytest.mark.parametrize("given", ["a" * 101, ["a" * 51] * 2, [1] * 13])
def test_texts_are_limited_together(given: Any) -> None:
    """By the owner's limit for a chat's text."""
    with pytest.raises(TextTooLarge):
        read(given)


@pytest.mark.parametrize(("raw", "error"), [(b"x" * 100_001, RequestTooLarge), (b"[]", InvalidJSON), (b"\xff", InvalidJSON)])
def test_a_body_is_limited_and_is_json(raw: bytes, error: type[Exception]) -> None:
    """Before anything else."""
    with pytest.raises(error):
        embedding.read(raw, SIZES)


def tables(*upstreams: Upstream, **members: Any) -> dict[str, str]:
    """Return the owner's tables: a model that chats, models a and b that embed at these servers, and a route to those. Members go to the first."""
    row = {"vendor": "openai", "model": "m", "key": "MAIN", "embeds": True}
    models = [{**row, "name": name, "base_url": f"{one.url}/v1"} for name, one in zip("ab", upstreams, strict=False)]
    models[0] |= members
    chats = {**row, "name": "chats", "base_url": upstreams[0].url, "embeds": False}
    route = {"name": "vectors", "strategy": "ordered", "targets": [one["name"] for one in models]}
    return {"models": json.dumps([chats, *models]), "routes": json.dumps([route])}


def embed(stand: Make, *answers: Sequence[Step], **members: Any) -> tuple[int, Any, list[Any]]:
    """Return status and body of the embeddings of a text, and what the first server was asked."""
    with Upstream(answers[0]) as first, Upstream(answers[-1]) as second:
        servers = (first, second)[: len(answers)]
        desk = stand(first, PATIENCE._replace(total=5), **tables(*servers))
        response = desk.started("aws").respond(desk.event("aws", "POST", "/v1/embeddings", _body(**members)), CONTEXTS["aws"])
        return response.status, json.loads(b"".join(response.body)), first.calls


def _body(**members: Any) -> bytes:
    return json.dumps({"model": "a", "input": "hi", **members}).encode()


def test_embeddings_walk_through(stand: Make, capsys: pytest.CaptureFixture[str]) -> None:
    """Under the public name, with the owner's key; what was read is counted, and no text is logged."""
    status, body, (call,) = embed(stand, GOOD, input="a text that no log may hold")
    raw = capsys.readouterr().out
    line = json.loads(raw)

    assert (200, {**VECTORS, "model": "a"}) == (status, body)
    assert ("/v1/embeddings", f"Bearer {UPSTREAM_KEY}") == (call.path, call.headers["authorization"])
    assert {"model": "m", "input": "a text that no log may hold"} == call.document()
    assert ("a", 3, "/v1/embeddings", False) == (line["model"], line["prompt_tokens"], line["route"], "no log may hold" in raw)


@pytest.mark.parametrize(
    "fault",
    [HANG_UP, [whole(b"no", 500)], [whole(b"<html>")], [whole(b'{"data": []}')], [whole(b'{"data": [{"embedding": null}]}')]],
    ids=["hangs up", "500", "html", "none", "null"],
)
def test_another_model_of_the_route_takes_over(stand: Make, fault: Sequence[Step]) -> None:
    """Whole answers only: nothing is lost."""
    status, body, _ = embed(stand, fault, GOOD, model="vectors")

    assert (200, "b") == (status, body["model"])


def test_a_text_that_is_too_long_for_the_model_is_not_sent(stand: Make) -> None:
    """By the tokens of the longest."""
    with Upstream(GOOD) as upstream:
        desk = stand(upstream, **tables(upstream, context=10))
        event = desk.event("aws", "POST", "/v1/embeddings", _body(input=["a", "b" * 88]))
        response = desk.started("aws").respond(event, CONTEXTS["aws"])

    assert ("context_too_long", []) == (json.loads(b"".join(response.body))["error"]["code"], upstream.calls)


def test_a_model_that_chats_makes_no_embeddings(stand: Make) -> None:
    """The refusal says where it answers, and who does make them."""
    status, body, calls = embed(stand, GOOD, model="chats")

    assert (400, "chats answers: ask it at /v1/chat/completions. For this address there are: a, vectors", []) == (
        status,
        body["error"]["message"],
        calls,
    )


def test_a_model_that_embeds_does_not_chat(stand: Make) -> None:
    """It is refused there, and not listed."""
    with Upstream(GOOD) as upstream:
        desk = stand(upstream, **tables(upstream))
        status, _, body = desk.ask(model="a")
        listed = json.loads(b"".join(desk.respond("aws", "GET", "/v1/models").body))["data"]

    assert (400, ["chats"], []) == (status, [one["id"] for one in listed], upstream.calls)
    assert "a makes embeddings: ask it at /v1/embeddings. For this address there are: chats" == json.loads(body)["error"]["message"]


def test_a_model_that_is_not_there_is_said_with_those_that_are(stand: Make) -> None:
    """Those that make embeddings."""
    _, body, _ = embed(stand, GOOD, model="nobody")

    assert "There is no such model. Models for embeddings here: a, vectors" == body["error"]["message"]
