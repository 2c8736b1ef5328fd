"""Streams through API Gateway, on real sockets: begun early, in order, whole or cut, and closed when nobody reads."""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import TYPE_CHECKING, Any

import pytest

from deploy.local.aws import LIMITS
from tests.deploy.local.scripted import PATIENCE, TOKEN, Script, broken, exchange, raises, serving, until

if TYPE_CHECKING:
    from deploy.local.backend import Answer, Event
    from tests.deploy.local.scripted import Body

HASTY = LIMITS._replace(seconds=0.05, stream_seconds=0.05)


def test_a_stream_is_forwarded_chunk_by_chunk() -> None:
    """The first chunk is there while the function still waits for leave to make the second."""
    go = threading.Event()

    async def run() -> tuple[bytes, bytes]:
        async with (
            serving("aws", Script(chunks=until(go, b"one", b"two", b"three"))) as api,
            api.client.post(f"{api.base}/v1/chat/completions", headers=TOKEN) as answer,
        ):
            first = await asyncio.wait_for(answer.content.readany(), PATIENCE)
            go.set()
            return first, await answer.read()

    assert asyncio.run(run()) == (b"one", b"twothree")


def test_200_streams_have_begun_before_any_ends() -> None:
    """Two hundred callers all see their first byte while every one of the streams is still open."""
    go = threading.Event()

    async def run() -> list[bytes]:
        async with serving("aws", Script(chunks=until(go, b"first", b" last"))) as api:
            begun: list[int] = []

            async def follow(number: int) -> bytes:
                async with api.client.post(f"{api.base}/v1/chat/completions", headers=TOKEN) as answer:
                    first = await answer.content.readany()
                    begun.append(number)
                    if len(begun) == 200:
                        go.set()
                    return first + await answer.read()

            return await asyncio.wait_for(asyncio.gather(*(follow(number) for number in range(200))), PATIENCE)

    answers = asyncio.run(run())

    assert go.is_set()
    assert answers == [b"first last"] * 200


@pytest.mark.parametrize(
    ("limits", "kind"),
    [(LIMITS, "fails"), (LIMITS._replace(stream_seconds=0.2), "late"), (LIMITS._replace(idle_seconds=0.2), "idle")],
    ids=["the body raises", "over the time limit", "idle for too long"],
)
def test_a_stream_that_is_not_whole_is_cut(limits: Any, kind: str) -> None:
    """The connection ends without the last chunk, so that no client takes the answer for whole."""
    go = threading.Event()
    request = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: x\r\nContent-Length: 0\r\n\r\n"

    async def run() -> tuple[bytes, bool]:
        async with serving("aws", Script(chunks=broken if kind == "fails" else until(go, b"begun")), limits=limits) as api:
            answer = await exchange(api.base, request)
            go.set()
            return answer, await asyncio.to_thread(api.chat.bodies[0].closed.wait, PATIENCE)

    answer, closed = asyncio.run(run())

    assert answer.endswith(b"5\r\nbegun\r\n")
    assert closed


def test_a_whole_stream_ends_cleanly() -> None:
    """The last chunk says so, and the body is closed."""
    request = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

    async def run() -> tuple[bytes, bool]:
        async with serving("aws", Script(chunks=lambda: [b"a", b"", b"b"])) as api:
            answer = await exchange(api.base, request)
            return answer, await asyncio.to_thread(api.chat.bodies[0].closed.wait, PATIENCE)

    answer, closed = asyncio.run(run())

    assert answer.endswith(b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n")
    assert closed


def test_a_stream_without_a_head_in_time_is_a_504() -> None:
    """Nothing has been sent yet, so the error keeps its status; the body is closed all the same when it comes."""
    go = threading.Event()
    bodies: queue.SimpleQueue[Body] = queue.SimpleQueue()

    class Late(Script):
        def stream(self, event: Event, seconds: float) -> Answer:
            go.wait(PATIENCE)
            answer = super().stream(event, seconds)
            bodies.put(self.bodies[0])
            return answer

    async def run() -> tuple[int, bool]:
        async with serving("aws", Late(), limits=HASTY) as api:
            status, _, _ = await api.ask("POST", "/v1/chat/completions", headers=TOKEN)
            go.set()
            return status, await asyncio.to_thread(lambda: bodies.get(timeout=PATIENCE).closed.wait(PATIENCE))

    assert asyncio.run(run()) == (504, True)


@pytest.mark.parametrize("headers", [{"a": "b\nc"}, {"a b": "c"}], ids=["value", "name"])
def test_a_stream_with_a_bad_head_is_a_502(headers: dict[str, str]) -> None:
    """A head that cannot be sent is refused before anything is."""

    async def run() -> tuple[int, bool]:
        async with serving("aws", Script(chunks=list, headers=headers)) as api:
            status, _, _ = await api.ask("POST", "/v1/chat/completions", headers=TOKEN)
            return status, await asyncio.to_thread(api.chat.bodies[0].closed.wait, PATIENCE)

    assert asyncio.run(run()) == (502, True)


def test_a_stream_that_cannot_be_opened_is_a_502() -> None:
    """A function that fails before its head is an error with a status."""

    async def run() -> int:
        async with serving("aws", Script(chunks=raises)) as api:
            return (await api.ask("POST", "/v1/chat/completions", headers=TOKEN))[0]

    assert asyncio.run(run()) == 502


def test_when_the_client_goes_the_body_is_closed() -> None:
    """Nobody reads on, so the function is told as soon as it is out of its next chunk."""
    go = threading.Event()

    async def run() -> bool:
        async with serving("aws", Script(chunks=until(go, b"one", b"two"))) as api:
            async with api.client.post(f"{api.base}/v1/chat/completions", headers=TOKEN) as answer:
                await answer.content.readany()
            closed = await asyncio.to_thread(api.chat.bodies[0].closed.wait, PATIENCE)
            go.set()
            return closed

    assert asyncio.run(run())
