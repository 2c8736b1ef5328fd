"""What stands around the gateway in its tests: functions and an authorizer that do as they are told, and a server on loopback."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from deploy.bundle import Route
from deploy.local.aws import Aws
from deploy.local.backend import Answer, FunctionFailed
from deploy.local.gateway import Gateway, runner
from deploy.local.guard import Guard
from deploy.local.huawei import Huawei

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from deploy.local.backend import Event
    from deploy.local.dialect import Dialect

ORIGIN = "https://chat.example.org"
ROUTES = (
    Route("POST", "/auth/login", "login", guarded=False),
    Route("GET", "/v1/models", "chat"),
    Route("POST", "/v1/chat/completions", "chat", streams=True),
)
TOKEN = {"Authorization": "Bearer good"}
HELLO: Any = {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": "hello"}
DIALECTS: dict[str, Callable[..., Any]] = {"aws": Aws, "huawei": Huawei}
PATIENCE = 20.0


def allow_aws(resource: str = "*") -> dict[str, Any]:
    """Return a policy that allows one pattern of resources."""
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": resource}
    return {"principalId": "alice", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}, "context": {}}


def say_huawei(**verdict: Any) -> dict[str, Any]:
    """Return a verdict in APIG's words."""
    return {"statusCode": 200, "body": json.dumps(verdict)}


ALLOW: dict[str, Any] = {"aws": allow_aws(), "huawei": say_huawei(status="allow", context={"user": "alice", "token": "good"})}


class Body:
    """A streamed body, and whether somebody closed it."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.closed = threading.Event()

    def __iter__(self) -> Body:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed.set()


class Script:
    """A function that answers as told, and remembers what it was asked."""

    def __init__(self, answer: Any = HELLO, chunks: Callable[[], Iterable[bytes]] = list, headers: dict[str, str] | None = None) -> None:
        self._answer = answer
        self._chunks = chunks
        self._headers = headers or {"content-type": "text/event-stream"}
        self.events: list[Event] = []
        self.bodies: list[Body] = []

    def answer(self, event: Event, seconds: float) -> Any:
        """Answer, or do what the script says instead."""
        self.events.append(event)
        return self._answer() if callable(self._answer) else self._answer

    def stream(self, event: Event, seconds: float) -> Answer:
        """Answer with a body that streams."""
        self.events.append(event)
        body = Body(self._chunks())
        self.bodies.append(body)
        return Answer(200, self._headers, body)


class Gatekeeper:
    """An authorizer that says the same each time; a text is the exception it raises."""

    def __init__(self, verdict: Any) -> None:
        self.verdict = verdict
        self.events: list[Event] = []

    def decide(self, event: Event, seconds: float) -> Any:
        """Return or raise the verdict."""
        self.events.append(event)
        if isinstance(self.verdict, str):
            raise FunctionFailed(self.verdict)
        return self.verdict


class Api(NamedTuple):
    """A gateway at work: its address, a client of it, and what stands behind it."""

    base: str
    client: aiohttp.ClientSession
    chat: Script
    gatekeeper: Gatekeeper

    async def ask(self, method: str, path: str, **how: Any) -> tuple[int, Any, bytes]:
        """Return status, headers and body."""
        async with self.client.request(method, self.base + path, **how) as answer:
            return answer.status, answer.headers, await answer.read()


@asynccontextmanager
async def serving(cloud: str, chat: Script | None = None, *, verdict: Any = None, **dialect: Any) -> AsyncIterator[Api]:
    """Serve ROUTES in that cloud's words, with the site's origin configured unless told otherwise."""
    spoken: Dialect = DIALECTS[cloud](**{"origin": ORIGIN, **dialect})
    script, gatekeeper = chat or Script(), Gatekeeper(ALLOW[cloud] if verdict is None else verdict)
    gateway = Gateway(spoken, ROUTES, {"chat": script, "login": script}, Guard(spoken, gatekeeper))
    async with listening(runner(gateway)) as base, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        yield Api(base, client, script, gatekeeper)


@asynccontextmanager
async def listening(server: web.BaseRunner) -> AsyncIterator[str]:
    """Serve on a free loopback port; give its address."""
    await server.setup()
    try:
        await web.TCPSite(server, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{server.addresses[0][1]}"
    finally:
        await server.cleanup()


def until(event: threading.Event, *chunks: bytes) -> Callable[[], Iterator[bytes]]:
    """Return a body that sends the first chunk, waits for the event, then sends the others."""

    def body() -> Iterator[bytes]:
        yield chunks[0]
        event.wait(PATIENCE)
        yield from chunks[1:]

    return body


def broken() -> Iterator[bytes]:
    """Send something, then fail."""
    yield b"begun"
    raise RuntimeError("broken")


def raises() -> Any:
    """Fail as a function fails."""
    raise FunctionFailed("no")


async def exchange(base: str, request: bytes) -> bytes:
    """Return all that comes back for these bytes until the server closes."""
    reader, writer = await asyncio.open_connection(urlsplit(base).hostname, urlsplit(base).port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), PATIENCE)
    writer.close()
    return answer
