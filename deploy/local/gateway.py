"""The gateway on one machine: HTTP in, the dialect's translation, a backend in a thread, HTTP out.

This file knows the order (head, route, preflight, body, authorizer, function) and HTTP's mechanics; it must know no cloud's words, which are the
dialect's. It never logs a header's value or a body. To add an address, see deploy/bundle.py; to add a cloud, see deploy/local/dialect.py.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl

from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from multidict import CIMultiDict

from deploy.local.backend import FunctionFailed
from deploy.local.dialect import Call, Kind, Refusal, Reply, sendable, status_of
from deploy.local.pump import Pump, Threads
from functions.shared import log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from deploy.bundle import Route
    from deploy.local.backend import Answer, Backend
    from deploy.local.dialect import Dialect
    from deploy.local.guard import Guard

#: Seconds that open answers have to end once the gateway is told to; then they are cut.
LAST_WORDS = 1.0
#: What aiohttp would log of a request that it cannot read quotes its headers, tokens among them.
SILENT = logging.getLogger("twocan.gateway")
SILENT.setLevel(logging.CRITICAL + 1)
# Above every dialect's own limit, so that the dialect refuses first and in its own words.
_LONGEST_LINE = 128 * 1024
# A target may be a whole address, of which only the path and query matter here (RFC 9112, 3.2.2).
_ORIGIN = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


class Serves(Protocol):
    """What a server can be made of: one API, or several. See `Gateway`, which says what each does."""

    @property
    def largest_body(self) -> int:
        """How many bytes of body are taken."""

    async def handle(self, request: web.BaseRequest, rooms: Mapping[bool, Threads]) -> web.StreamResponse:
        """Return the answer to a request."""

    def unreadable(self, error: BaseException | None) -> web.Response:
        """Return the answer to what is not HTTP."""


class Gateway:
    """One API. `backends` maps a function's name to what runs it. Raises KeyError when a route's function has none."""

    def __init__(self, dialect: Dialect, routes: Sequence[Route], backends: Mapping[str, Backend], guard: Guard) -> None:
        self._dialect = dialect
        self._guard = guard
        self._routes = {(route.method, route.path): (route, backends[route.function]) for route in routes}
        self._methods = {route.path: [one.method for one in routes if one.path == route.path] for route in routes}

    @property
    def largest_body(self) -> int:
        """How many bytes of body the gateway takes."""
        return self._dialect.limits.body

    async def handle(self, request: web.BaseRequest, rooms: Mapping[bool, Threads], base: str = "") -> web.StreamResponse:
        """Return the answer to a request, sent or to be sent. `rooms`: where calls wait, for routes that stream and for those that do not.

        `base` is where all addresses of this API begin, as the request has it.
        """
        request_id = str(uuid.uuid4())
        try:
            return await self._answer(request, request_id, rooms, base)
        except Refusal as refusal:
            return self._refuse(refusal, request_id)
        except Exception as error:  # noqa: BLE001 - the outermost frame: whatever it was, the caller gets an answer and the log its place
            log.line({"gateway": "failed", "request_id": request_id, **log.fault(error)})
            return self._refuse(Refusal(Kind.BAD_ANSWER), request_id)

    def unreadable(self, error: BaseException | None) -> web.Response:
        """Return the answer to what is not HTTP. Neither it nor the log quotes the sender's bytes, which may be a token's."""
        return self._refuse(_malformed(error), str(uuid.uuid4()))

    def find(self, call: Call) -> tuple[Route, Backend] | None:
        """Return the route of a call, its body still empty, and what stands behind it; None if there is none.

        A gateway that finds in another way, or counts what it finds, overrides this. Raises Refusal.
        """
        return self._routes.get((call.method, call.path))

    async def _answer(self, request: web.BaseRequest, request_id: str, rooms: Mapping[bool, Threads], base: str) -> web.StreamResponse:
        call, url = _head(request, request_id, base)
        self._dialect.check(call, url)

        found = self.find(call)
        if found is None:
            return self._whole(self._unrouted(call), request_id)
        route, backend = found
        call = call._replace(body=await _body(request))

        threads = rooms[route.streams]
        if route.streams and self._dialect.streams:
            return await _Forwarding(self._dialect, request, request_id).run(lambda: self._open(call, route, backend), threads)
        return self._whole(await self._wait(lambda: self._ask(call, route, backend), threads), request_id)

    def _unrouted(self, call: Call) -> Reply:
        if call.method == "OPTIONS" and call.path in self._methods:
            return self._dialect.preflight([*self._methods[call.path], "OPTIONS"])
        raise Refusal(Kind.NOT_FOUND)

    async def _wait(self, work: Callable[[], Reply], threads: Threads) -> Reply:
        try:
            async with asyncio.timeout(self._dialect.limits.seconds):
                return await threads.call(work)
        except TimeoutError:
            raise Refusal(Kind.TIMEOUT) from None

    def _ask(self, call: Call, route: Route, backend: Backend) -> Reply:
        """Return the function's whole answer; blocks. Raises Refusal."""
        event = self._event(call, route)
        try:
            answer = backend.answer(event, self._dialect.limits.seconds)
        except FunctionFailed as error:
            raise Refusal(Kind.BAD_ANSWER) from error
        if _size(answer) > self._dialect.limits.answer:
            raise Refusal(Kind.BAD_ANSWER)
        return self._dialect.reply(answer)

    def _open(self, call: Call, route: Route, backend: Backend) -> Answer:
        """Return the function's answer once it has a head; blocks. Raises Refusal."""
        event = self._event(call, route)
        try:
            return backend.stream(event, self._dialect.limits.stream_seconds)
        except FunctionFailed as error:
            raise Refusal(Kind.BAD_ANSWER) from error

    def _event(self, call: Call, route: Route) -> dict[str, Any]:
        event = self._dialect.event(call, self._guard.admit(call) if route.guarded else None)
        if _size(event) > self._dialect.limits.event:
            raise Refusal(Kind.TOO_LARGE)
        return event

    def _refuse(self, refusal: Refusal, request_id: str) -> web.Response:
        response = self._whole(self._dialect.refuse(refusal, request_id), request_id)
        # No function has logged it, and its id is what the caller was shown.
        log.line({"gateway": "refused", "request_id": request_id, "refusal": refusal.kind.name.lower(), "status": response.status})
        if refusal.kind is Kind.MALFORMED:
            # Where the next request would begin is not known.
            response.force_close()
        return response

    def _whole(self, reply: Reply, request_id: str) -> web.Response:
        return web.Response(status=reply.status, headers=_headers(self._dialect, reply.headers, request_id), body=reply.body)


class _Forwarding:
    """One streamed answer on its way out. What is not whole never ends like something whole: the connection is cut (aws.md, 1.1)."""

    def __init__(self, dialect: Dialect, request: web.BaseRequest, request_id: str) -> None:
        self._dialect = dialect
        self._request = request
        self._request_id = request_id

    async def run(self, open_answer: Callable[[], Answer], threads: Threads) -> web.StreamResponse:
        """Return the response, wholly sent or cut. Raises Refusal while nothing has been sent."""
        pump = Pump(open_answer)
        try:
            return await self._run(pump, threads)
        finally:
            # Also when the client went away: `runner` has this task cancelled then.
            pump.stop()

    async def _run(self, pump: Pump, threads: Threads) -> web.StreamResponse:
        limits = self._dialect.limits
        until = asyncio.get_running_loop().time() + limits.stream_seconds
        try:
            async with asyncio.timeout(min(limits.idle_seconds, limits.stream_seconds)):
                await threads.start(pump.run)
                answer = await pump.head()
        except TimeoutError:
            raise Refusal(Kind.TIMEOUT) from None

        pairs = sendable(dict(answer.headers))
        response = web.StreamResponse(status=status_of({"statusCode": answer.status}), headers=_headers(self._dialect, pairs, self._request_id))
        try:
            async with asyncio.timeout_at(until):
                await response.prepare(self._request)
                await self._forward(pump, response)
        except Exception as error:  # noqa: BLE001 - the head is out: there is nothing left to say, only to cut
            self._cut(error)
        return response

    async def _forward(self, pump: Pump, response: web.StreamResponse) -> None:
        chunks = pump.chunks()
        while True:
            async with asyncio.timeout(self._dialect.limits.idle_seconds):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            await response.write(chunk)

    def _cut(self, error: Exception) -> None:
        log.line({"gateway": "cut", "request_id": self._request_id, **log.fault(error)})
        if self._request.transport is not None:
            # close, not abort: what was written still goes out, and no last chunk follows it.
            self._request.transport.close()


class _Connection(web.RequestHandler):
    """One client's connection. aiohttp's own would answer what it cannot read in plain text and quote it; this one asks the gateway."""

    __slots__ = ("_gateway",)

    def __init__(self, gateway: Serves, manager: web.Server, **options: Any) -> None:
        super().__init__(manager, **options)
        self._gateway = gateway

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,  # noqa: ARG002 - the dialect has its own
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes the sender
    ) -> web.StreamResponse:
        """Return the gateway's own error. Raises ConnectionError when an answer has begun."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun, so that no other can be sent")
        return self._gateway.unreadable(exc)


class _Server(web.Server):
    """Connections of one gateway."""

    def __init__(self, gateway: Serves, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], **options: Any) -> None:
        super().__init__(handler, **options)
        self._gateway = gateway

    def __call__(self) -> web.RequestHandler:
        return _Connection(self._gateway, self, loop=self._loop, **self._kwargs)


def runner(gateway: Serves) -> web.ServerRunner:
    """Return the gateway's server, for the running loop. It tells a handler when its client has gone, and logs no request: lines quote headers."""
    # Answers that stream may last for minutes and fill their room; signing in and everything short has its own.
    rooms = {streams: Threads() for streams in (True, False)}
    server = _Server(
        gateway,
        lambda request: gateway.handle(request, rooms),
        request_factory=partial(web.BaseRequest, loop=asyncio.get_running_loop(), client_max_size=gateway.largest_body),
        handler_cancellation=True,
        auto_decompress=False,
        access_log=None,
        logger=SILENT,
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_LINE,
    )
    return web.ServerRunner(server, shutdown_timeout=LAST_WORDS)


def target(request: web.BaseRequest) -> str:
    """Return what a request asks for, from its path's slash on. What is not UTF-8 becomes U+FFFD, so that JSON can carry it."""
    text = _text(request.raw_path)
    whole = _ORIGIN.match(text)
    return text[whole.end() :] if whole else text


def _head(request: web.BaseRequest, request_id: str, base: str) -> tuple[Call, int]:
    """Return the call, its body still empty, and the length of its URL."""
    wanted = target(request).removeprefix(base)
    path, _, query = wanted.partition("#")[0].partition("?")
    pairs = tuple(parse_qsl(query, keep_blank_values=True, errors="replace"))
    headers = tuple((_text(name), _text(value)) for name, value in _raw(request))
    return Call(request.method, path, pairs, headers, b"", request.remote or "", request_id), len(wanted.encode())


def _raw(request: web.BaseRequest) -> list[tuple[str, str]]:
    # From the raw headers, because only they keep the case of the names as received.
    return [(name.decode("utf-8", "replace"), value.decode("utf-8", "replace")) for name, value in request.raw_headers]


def _text(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


async def _body(request: web.BaseRequest) -> bytes:
    """Return the body. Raises Refusal; one that asks first is answered only here, when a function would take it (RFC 9110, 10.1.1)."""
    if request.content_length is not None and request.content_length > request.client_max_size:
        raise Refusal(Kind.TOO_LARGE)
    expected = request.headers.get("expect", "").lower()
    if expected not in {"", "100-continue"}:
        raise Refusal(Kind.MALFORMED)
    if expected and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # It counts as no part of the answer.
        request.writer.output_size = 0
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise Refusal(Kind.TOO_LARGE) from None
    except (HttpProcessingError, web.RequestPayloadError) as error:
        raise _malformed(error) from None


def _malformed(error: BaseException | None) -> Refusal:
    return Refusal(Kind.HEADERS_TOO_LARGE if isinstance(error, LineTooLong) else Kind.MALFORMED)


def _headers(dialect: Dialect, pairs: Sequence[tuple[str, str]], request_id: str) -> CIMultiDict[str]:
    headers = CIMultiDict(pairs)
    for name, value in dialect.stamp(request_id):
        headers.setdefault(name, value)
    return headers


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
