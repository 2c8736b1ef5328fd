"""What the chat handler adds to a direct urllib3 call to the same upstream, and what a strict token check adds to a bare `jwt.decode`."""

from __future__ import annotations

import json
import time
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import jwt
import urllib3

from bench.upstream import CHUNKS
from functions.chat.handler import handler
from functions.shared import tokens

if TYPE_CHECKING:
    from collections.abc import Callable

_KEY = "a key of the bench, long enough for HS256"
_ISSUER = tokens.Issuer("twocan/bench", "twocan/bench", tokens.keys(_KEY, ""))
_ROUNDS = 150


class Context:
    """A platform that lets a call run for long."""

    aws_request_id = "1"

    def get_remaining_time_in_millis(self) -> int:
        """Return a minute."""
        return 60_000


class Added(NamedTuple):
    """What the handler adds, in milliseconds and, per chunk, in microseconds."""

    plain: float
    first_token: float
    chunk: float


class Bench:
    """The same request, sent directly and through the handler, in turn."""

    def __init__(self, upstream: str) -> None:
        self._url = f"{upstream}/chat/completions"
        self._pool = urllib3.PoolManager()
        self._events = {stream: event("mock", stream=stream) for stream in (False, True)}
        self._chat = started([{"name": "mock", "vendor": "openai", "base_url": upstream, "model": "mock"}])

    def measure(self) -> Added:
        """Return the differences of the medians."""
        plain = _difference(self._through_plain, self._direct_plain)
        firsts: tuple[list[float], list[float]] = ([], [])
        wholes: tuple[list[float], list[float]] = ([], [])
        for _ in range(_ROUNDS // 5):
            for which, way in enumerate((self._through_stream, self._direct_stream)):
                first, whole = way()
                firsts[which].append(first)
                wholes[which].append(whole - first)
        first_token = median(firsts[0]) - median(firsts[1])
        return Added(plain, first_token, (median(wholes[0]) - median(wholes[1])) * 1000 / CHUNKS)

    def _direct_plain(self) -> None:
        json.loads(self._pool.request("POST", self._url, body=_body(stream=False)).data)

    def _through_plain(self) -> None:
        self._chat(self._events[False], Context())

    def _direct_stream(self) -> tuple[float, float]:
        began = time.perf_counter()
        response = self._pool.request("POST", self._url, body=_body(stream=True), preload_content=False)
        return drained(response.stream(65_536), began)

    def _through_stream(self) -> tuple[float, float]:
        began = time.perf_counter()
        return drained(self._chat.respond(self._events[True], Context()).body, began)


def settings(rows: list[dict[str, str]], routes: list[dict[str, Any]] | None = None) -> dict[str, str]:
    """Return what a deployer would set, for these models and routes."""
    known = {"SITE_ORIGIN": "https://chat.example.com", "TOKEN_ISSUER": _ISSUER.issuer, "TOKEN_AUDIENCE": _ISSUER.audience, "TOKEN_KEY": _KEY}
    return {**known, "MODELS": json.dumps(rows), "ROUTES": json.dumps(routes or [])}


def started(rows: list[dict[str, str]], routes: list[dict[str, Any]] | None = None) -> Any:
    """Return the chat function at work."""
    return handler.start("aws", settings(rows, routes).get)


def verify_ratio() -> float:
    """Return what verifying a token takes, in bare `jwt.decode`s of the same token."""
    given = token()

    def ours() -> None:
        tokens.verify(given, _ISSUER, now=int(time.time()))

    def bare() -> None:
        jwt.decode(given, _KEY, algorithms=["HS256"], audience=_ISSUER.audience, issuer=_ISSUER.issuer)

    both: tuple[list[float], list[float]] = ([], [])
    # In turn: measured one after the other, whatever slows the machine down for a moment slows one of them only.
    for _ in range(3000):
        for which, work in enumerate((ours, bare)):
            both[which].append(_milliseconds(work))
    return median(both[0]) / median(both[1])


def _difference(ours: Callable[[], None], direct: Callable[[], None]) -> float:
    both: tuple[list[float], list[float]] = ([], [])
    for _ in range(_ROUNDS):
        for which, work in enumerate((ours, direct)):
            both[which].append(_milliseconds(work))
    return median(both[0]) - median(both[1])


def _milliseconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def drained(chunks: Any, began: float) -> tuple[float, float]:
    """Return after how many milliseconds the first bytes came, and the last."""
    first = 0.0
    for chunk in chunks:
        if chunk and not first:
            first = (time.perf_counter() - began) * 1000
    return first, (time.perf_counter() - began) * 1000


def _body(model: str = "mock", *, stream: bool) -> bytes:
    return json.dumps({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hi"}]}).encode()


def token() -> str:
    """Return a token that the started functions take."""
    return tokens.issue(_ISSUER, subject="ann", session="1", now=int(time.time()))


def event(model: str, *, stream: bool) -> dict[str, Any]:
    """Return a gateway's event that asks this model."""
    headers = {"Authorization": f"Bearer {token()}"}
    around = {"requestId": "1", "identity": {"sourceIp": "127.0.0.1"}}
    body = _body(model, stream=stream).decode()
    return {"httpMethod": "POST", "path": "/v1/chat/completions", "headers": headers, "body": body, "requestContext": around}
