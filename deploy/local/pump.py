"""From blocking threads to one event loop: calls that block, and bodies that are pulled chunk by chunk.

This file knows threads and asyncio; it must not know HTTP or any cloud. Threads are daemons made on demand rather than an executor's, because an
executor is waited for at exit, and a model may think for a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from deploy.local.backend import Answer

T = TypeVar("T")

#: How many calls run at once; more of them wait.
MOST_THREADS = 256
#: How many chunks a body may be ahead of its reader.
AHEAD = 8


class Threads:
    """Room for so many blocking calls at once. Belongs to one event loop."""

    def __init__(self, most: int = MOST_THREADS) -> None:
        self._room = asyncio.Semaphore(most)

    async def start(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread of its own as soon as there is room, and do not wait for its end. It must not raise."""
        await self._room.acquire()
        loop = asyncio.get_running_loop()

        def run() -> None:
            try:
                work()
            finally:
                _tell(loop, self._room.release)

        threading.Thread(target=run, daemon=True).start()

    async def call(self, work: Callable[[], T]) -> T:
        """Return what `work` returns or raises. Who stops waiting does not stop the thread, as a function runs on when its gateway gives up."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def run() -> None:
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - whatever it was belongs to the caller
                _tell(loop, _settle, future, None, error)
            else:
                _tell(loop, _settle, future, result, None)

        await self.start(run)
        return await future


class Pump:
    """One streamed answer: opened and pulled in a thread by `run`, read in the loop by `head` and `chunks`, ended by `stop`."""

    def __init__(self, open_answer: Callable[[], Answer]) -> None:
        self._open = open_answer
        self._loop = asyncio.get_running_loop()
        self._head: asyncio.Future[Answer] = self._loop.create_future()
        self._queue: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self._room = threading.Semaphore(AHEAD)
        self._stopped = threading.Event()
        self._ended = False

    async def head(self) -> Answer:
        """Return the answer, whose body is this pump's to read. Raises what opening it raised."""
        return await self._head

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the chunks in order. Raises what the body raised."""
        while (chunk := await self._queue.get()) is not None:
            if isinstance(chunk, Exception):
                raise chunk
            if chunk:
                yield chunk
            self._room.release()
        self._ended = True

    def stop(self) -> None:
        """End the body, from the loop: at once if it waits for its reader, else as soon as its next chunk is there."""
        self._stopped.set()
        self._room.release()
        if not self._head.done():
            self._head.cancel()
        elif not self._ended and not self._head.cancelled() and self._head.exception() is None:
            # In a thread, because what a body does when it is closed (a socket, a log line) must not hold up the loop.
            threading.Thread(target=self._head.result().body.close, daemon=True).start()

    def run(self) -> None:
        """Open the answer and pull its body, in a thread."""
        try:
            answer = self._open()
        except Exception as error:  # noqa: BLE001 - whatever it was belongs to the reader
            _tell(self._loop, _settle, self._head, None, error)
            return
        try:
            _tell(self._loop, _settle, self._head, answer, None)
            self._pull(answer)
        finally:
            answer.body.close()

    def _pull(self, answer: Answer) -> None:
        last: Exception | None = None
        try:
            while not self._stopped.is_set() and (chunk := next(answer.body, None)) is not None:
                self._room.acquire()
                self._put(chunk)
        except Exception as error:  # noqa: BLE001 - a body that is not whole must never look as if it were
            last = error
        self._put(last)

    def _put(self, chunk: bytes | Exception | None) -> None:
        _tell(self._loop, self._queue.put_nowait, chunk)


def _settle(future: asyncio.Future[T], result: T, error: Exception | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
        return
    future.set_result(result)


def _tell(loop: asyncio.AbstractEventLoop, say: Callable[..., object], *what: object) -> None:
    # RuntimeError: the loop is closed, so nobody is left to be told.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(say, *what)
