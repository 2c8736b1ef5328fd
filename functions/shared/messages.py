"""The three nouns of the walk: Request, Response, Decision. All immutable, all free of any cloud's words.

This file knows no event and no gateway: `clouds/` reads events into a Request and writes a Response or a Decision back. NamedTuples rather
than dataclasses, because importing `dataclasses` costs a cold start some 20 ms (it pulls in `inspect`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Union

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Request(NamedTuple):
    """What somebody asked: the neutral form of a gateway's event.

    `headers` has lower-case names. `source` is the caller's address as the gateway saw it, never as a header claims it. `seconds_left` is
    how long the platform lets this call run, from now.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    request_id: str
    source: str = ""
    seconds_left: float = 900.0


class Response(NamedTuple):
    """What is answered. Whoever consumes `body`, a bytes iterable, decides whether it streams; it is consumed once and closed by its consumer.

    A body may yield b"": nothing to send yet, but a moment to see whether anybody still listens.

    `facts` go into the request's log line; a streaming body adds to them until it ends. No secret and no message text ever goes in.
    """

    status: int
    headers: Mapping[str, str]
    body: Iterable[bytes]
    facts: dict[str, Any]


class Allow(NamedTuple):
    """The caller is `subject`, and may use every route; `token` travels on to the function, which verifies it again."""

    subject: str
    token: str


class Unauthenticated(NamedTuple):
    """There is no valid token: sign in."""


class Forbidden(NamedTuple):
    """The token is valid, but what it names may not be used."""


Decision = Union[Allow, Unauthenticated, Forbidden]
