"""Threads and one loop: order, room ahead of a slow reader, and what happens when nobody waits any more."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from deploy.local.backend import Answer
from deploy.local.pump import AHEAD, Pump, Threads
from tests.deploy.local.scripted import PATIENCE, Body

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_a_slow_reader_holds_its_function_back() -> None:
    """A body is never more than AHEAD chunks, and the one being made, ahead of what was read; the order is kept."""
    made: list[int] = []
    ahead: list[int] = []

    def chunks() -> Iterator[bytes]:
        for number in range(200):
            made.append(number)
            yield b"%d," % number

    async def run() -> bytes:
        pump = Pump(lambda: Answer(200, {}, Body(chunks())))
        await Threads().start(pump.run)
        await pump.head()
        read = []
        async for chunk in pump.chunks():
            read.append(chunk)
            await asyncio.sleep(0)
            ahead.append(len(made) - len(read))
        return b"".join(read)

    assert b"".join(b"%d," % number for number in range(200)) == asyncio.run(run())
    assert max(ahead) <= AHEAD + 1


def test_a_stopped_pump_closes_a_body_that_waits_for_its_reader() -> None:
    """The thread that waits for room is let go, and ends."""

    async def run() -> bool:
        body = Body(iter(lambda: b"x", b""))
        pump = Pump(lambda: Answer(200, {}, body))
        await Threads().start(pump.run)
        await pump.head()
        pump.stop()
        return await asyncio.to_thread(body.closed.wait, PATIENCE)

    assert asyncio.run(run())


def test_more_calls_than_room_wait() -> None:
    """With room for one, two calls never run at once, and both run."""
    running = threading.Semaphore(1)

    def work() -> bool:
        alone = running.acquire(blocking=False)
        if alone:
            running.release()
        return alone

    async def run() -> list[bool]:
        threads = Threads(1)
        return await asyncio.gather(*(threads.call(work) for _ in range(20)))

    assert asyncio.run(run()) == [True] * 20


def test_who_stops_waiting_stops_nobody() -> None:
    """A call whose caller has gone runs to its end, even past the loop's, and gives its room back."""
    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(PATIENCE)
        done.set()

    async def run() -> None:
        task = asyncio.ensure_future(Threads(1).call(work))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
    go.set()

    assert done.wait(PATIENCE)
