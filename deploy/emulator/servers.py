"""What every emulated cloud's servers need: an event loop in a thread, a server on it, and somebody who looks now and then.

This file knows threads and aiohttp; it must know no cloud.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import web

from functions.shared import log

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from contextlib import ExitStack

    Run = Callable[[Coroutine[Any, Any, Any]], Any]

#: Where everything listens: nothing of an emulated cloud is for other machines.
HOST = "127.0.0.1"
#: Seconds between two looks at what is deployed.
_LOOK = 0.25


class Ports(NamedTuple):
    """Where to listen; 0 is any that is free."""

    control: int = 0
    api: int = 0
    page: int = 0


async def serve(stack: ExitStack, run: Run, make: Callable[[], web.BaseRunner], port: int) -> str:
    """Start a server, have its end on the stack, and return its address."""
    server = make()
    await server.setup()
    stack.callback(lambda: run(server.cleanup()))
    await web.TCPSite(server, HOST, port).start()
    return "http://{}:{}".format(*server.addresses[0])


@contextmanager
def loop() -> Iterator[Run]:
    """Run an event loop in a thread, and give what runs something in it and waits."""
    running = asyncio.new_event_loop()
    thread = threading.Thread(target=running.run_forever, name="data plane", daemon=True)
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(work, running).result()
    finally:
        running.call_soon_threadsafe(running.stop)
        thread.join()
        running.close()


@contextmanager
def watched(look: Callable[[Any], Any]) -> Iterator[None]:
    """Look now and then, in a thread, each time with what the last look returned; and once at the start, at once."""
    over = threading.Event()

    def watch(seen: Any) -> None:
        while not over.wait(_LOOK):
            seen = _tried(look, seen)

    thread = threading.Thread(target=watch, args=(look(None),), name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _tried(look: Callable[[Any], Any], seen: Any) -> Any:
    try:
        return look(seen)
    except Exception as error:  # noqa: BLE001 - what is being changed may be half there; the next look sees it whole
        log.line({"emulator": "looked in vain", **log.fault(error)})
        return seen
