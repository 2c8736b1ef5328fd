"""The official `openai` client, unchanged, against the chat function: our API is what it says it is."""

from __future__ import annotations

import base64
import json
import struct
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import openai
import pytest

from functions.shared import tokens
from tests.fakes.forge import ISSUER
from tests.fakes.upstream import DONE, Upstream, completion, cut, event, head, piece, stream, until_gone, whole
from tests.fakes.upstream import token as said
from tests.functions.chat.host import hosted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

    from tests.fakes.upstream import Step

HI: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]
ADD: list[ChatCompletionToolParam] = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
CALL = {"index": 0, "id": "t1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
HELLO = stream(said("Hel"), said("lo"), said(None, "stop"), DONE)


@contextmanager
def client(*answers: Sequence[Step]) -> Iterator[tuple[openai.OpenAI, Upstream]]:
    """Yield a signed-in client of a function whose model's server answers so."""
    access = tokens.issue(ISSUER, subject="alice", session="one", now=int(time.time()))
    with Upstream(*answers) as upstream, hosted(upstream.url) as host, openai.OpenAI(base_url=host.url, api_key=access, max_retries=0) as one:
        yield one, upstream


def test_it_reads_a_plain_answer() -> None:
    """Text, model and usage."""
    with client([whole(completion("Hello"))]) as (one, _):
        answer = one.chat.completions.create(model="house", messages=HI)

    assert answer.usage is not None
    assert (answer.choices[0].message.content, answer.model, answer.usage.completion_tokens) == ("Hello", "house", 2)


def test_it_reads_a_streamed_answer() -> None:
    """To its end."""
    with client(HELLO) as (one, _):
        chunks = list(one.chat.completions.create(model="house", messages=HI, stream=True))

    assert ["Hel", "lo", None] == [chunk.choices[0].delta.content for chunk in chunks]
    assert ("stop", "house") == (chunks[-1].choices[0].finish_reason, chunks[-1].model)


def test_it_gets_the_usage_of_a_stream() -> None:
    """Asked for by `stream_options`, in a last chunk without a choice."""
    usage = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []}
    counted = event({**usage, "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}})
    with client(stream(said("Hello", "stop"), counted, DONE)) as (one, upstream):
        chunks = list(one.chat.completions.create(model="house", messages=HI, stream=True, stream_options={"include_usage": True}))

    assert chunks[-1].usage is not None
    assert (9, []) == (chunks[-1].usage.total_tokens, chunks[-1].choices)
    assert {"include_usage": True} == upstream.calls[0].document()["stream_options"]


def test_it_calls_tools() -> None:
    """They reach the model, and its call comes back."""
    message = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    answer = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
    }
    with client([whole(event(answer)[6:])]) as (one, upstream):
        found = one.chat.completions.create(model="house", messages=HI, tools=ADD).choices[0].message.tool_calls

    assert found
    assert (CALL["id"], ADD) == (found[0].id, upstream.calls[0].document()["tools"])


def test_it_calls_tools_in_a_stream() -> None:
    """A call is substance: the stream begins with it."""
    chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": {"tool_calls": [CALL]}}]}
    with client(stream(event(chunk), said(None, "tool_calls"), DONE)) as (one, _):
        chunks = list(one.chat.completions.create(model="house", messages=HI, tools=ADD, stream=True))

    calls = chunks[0].choices[0].delta.tool_calls
    assert calls
    assert ("t1", "tool_calls") == (calls[0].id, chunks[1].choices[0].finish_reason)


def test_it_sends_images() -> None:
    """As parts, which reach the model as they are."""
    parts: Any = [{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]
    with client([whole(completion("a dot"))]) as (one, upstream):
        one.chat.completions.create(model="house", messages=[{"role": "user", "content": parts}])

    assert parts == upstream.calls[0].document()["messages"][0]["content"]


def test_it_makes_embeddings() -> None:
    """Which it asks for in base64 unless told otherwise, and takes as numbers, too."""
    packed = base64.b64encode(struct.pack("<2f", 0.5, -1.0)).decode()
    data = [{"object": "embedding", "index": index, "embedding": one} for index, one in enumerate([packed, [0.25]])]
    answer = {"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 4, "total_tokens": 4}}
    with client([whole(json.dumps(answer).encode())]) as (one, upstream):
        made = one.embeddings.create(model="vectors", input=["hi", "there"])

    assert ([[0.5, -1.0], [0.25]], "vectors", 4) == ([list(each.embedding) for each in made.data], made.model, made.usage.total_tokens)
    assert ("/v1/embeddings", "base64") == (upstream.calls[0].path, upstream.calls[0].document()["encoding_format"])


def test_it_lists_models() -> None:
    """The owner's, by their public names."""
    with client() as (one, _):
        assert ["house", "open"] == [model.id for model in one.models.list()]


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ([whole(b"{}", 401)], openai.InternalServerError, "upstream_refused"),
        ([whole(b"{}", 400)], openai.BadRequestError, "upstream_invalid_request"),
        ([whole(b"{}", 429, {"retry-after": "30"})], openai.RateLimitError, "upstream_busy"),
        ([whole(b"<html>", 404)], openai.InternalServerError, "upstream_error"),
        ([whole(b"<html>", headers={"content-type": "text/html"})], openai.InternalServerError, "upstream_error"),
    ],
    ids=["key", "request", "busy", "missing", "html"],
)
def test_it_raises_what_goes_wrong(answer: Sequence[Step], kind: type[openai.APIStatusError], code: str, streamed: bool) -> None:
    """By status, with our code and the id to tell the owner."""
    with client(answer) as (one, _), pytest.raises(kind) as raised:
        one.chat.completions.create(model="house", messages=HI, stream=streamed)

    assert (code, "host-id") == (raised.value.code, raised.value.request_id)


@pytest.mark.parametrize(
    ("members", "kind", "code"),
    [
        ({"model": "other"}, openai.BadRequestError, "model_not_found"),
        ({"messages": []}, openai.BadRequestError, "invalid_request"),
        ({"messages": [{"role": "user", "content": "x" * 300_000}]}, openai.APIStatusError, "text_too_large"),
    ],
    ids=["model", "messages", "size"],
)
def test_it_raises_what_is_wrong_with_its_request(members: dict[str, Any], kind: type[openai.APIStatusError], code: str) -> None:
    """Before the model's server hears of it."""
    with client() as (one, _), pytest.raises(kind) as raised:
        one.chat.completions.create(**{"model": "house", "messages": HI, **members})

    assert code == raised.value.code


def test_it_raises_that_it_is_not_signed_in() -> None:
    """Its key is our token."""
    with client() as (one, _), pytest.raises(openai.AuthenticationError) as raised:
        one.with_options(api_key="sk-nonsense").models.list()

    assert "unauthenticated" == raised.value.code


def test_it_raises_that_a_stream_was_cut() -> None:
    """After the text that came: half an answer never looks whole."""
    with client([head(), piece(said("Hel")), cut]) as (one, _):
        chunks = iter(one.chat.completions.create(model="house", messages=HI, stream=True))
        first = next(chunks).choices[0].delta.content
        with pytest.raises(openai.APIError, match="cut off") as raised:
            list(chunks)

    assert ("Hel", "upstream_cut") == (first, raised.value.code)


def test_when_it_goes_away_the_models_server_is_left() -> None:
    """A tick of silence is enough for a host to see it."""
    with client([head(), piece(said("Hel")), until_gone]) as (one, upstream):
        answer = one.chat.completions.create(model="house", messages=HI, stream=True)
        next(iter(answer))
        answer.close()

        assert upstream.gone.acquire(timeout=30)
