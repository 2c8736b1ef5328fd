"""What the gateway on one machine and its two dialects say to each other: a Call, a Reply, a Verdict, and the Refusals a gateway makes itself.

This file knows HTTP's own rules (which headers end at a hop, which may not be sent at all) and no cloud's words. To add a cloud's gateway, write
its module beside aws.py with a class that fits `Dialect`; to add an error that a gateway makes itself, add it to `Kind` and to each dialect.
"""

from __future__ import annotations

import base64
import binascii
import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Pairs = tuple[tuple[str, str], ...]

# RFC 9110, 7.6.1, and the two that describe one message's framing.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "content-length",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


class Kind(Enum):
    """The errors that a gateway makes itself."""

    NO_IDENTITY = auto()
    UNAUTHENTICATED = auto()
    FORBIDDEN = auto()
    AUTHORIZER_FAILED = auto()
    AUTHORIZER_MALFORMED = auto()
    MALFORMED = auto()
    NOT_FOUND = auto()
    TOO_LARGE = auto()
    URL_TOO_LONG = auto()
    HEADERS_TOO_LARGE = auto()
    THROTTLED = auto()
    TIMEOUT = auto()
    BAD_ANSWER = auto()
    MISCONFIGURED = auto()


class Refusal(Exception):
    """The gateway answers by itself; `context` is what the authorizer said along with its refusal."""

    def __init__(self, kind: Kind, context: Mapping[str, str] | None = None) -> None:
        super().__init__(kind.name)
        self.kind = kind
        self.context = dict(context or {})


class Call(NamedTuple):
    """One HTTP request as it came in: `path` as sent (percent-encoded, without the query), headers as received, in order."""

    method: str
    path: str
    query: Pairs
    headers: Pairs
    body: bytes
    source: str
    request_id: str

    def header(self, name: str) -> str:
        """Return a header's values, joined: two tokens never become one (RFC 9110, 5.3). Absent is empty."""
        return ", ".join(value for key, value in self.headers if key.lower() == name)


class Reply(NamedTuple):
    """One whole HTTP response."""

    status: int
    headers: Pairs
    body: bytes


class Verdict(NamedTuple):
    """What an authorizer said, read and checked: which addresses are allowed and denied, and what is known of the caller.

    `keep`: the gateway may use it again for the same token.
    """

    allow: tuple[str, ...]
    deny: tuple[str, ...]
    context: Mapping[str, str]
    keep: bool


class Limits(NamedTuple):
    """Sizes in bytes, times in seconds. `event` and `answer` are the function's, measured as JSON."""

    body: int
    event: int
    answer: int
    header: int
    head: int
    seconds: float
    stream_seconds: float
    idle_seconds: float


class Dialect(Protocol):
    """One cloud's gateway, as pure translation. `caller` is the authorizer's context, None on a route that is not guarded."""

    @property
    def limits(self) -> Limits:
        """Return what the gateway takes and how long it waits."""

    @property
    def streams(self) -> bool:
        """Return whether an answer can be forwarded chunk by chunk."""

    def check(self, call: Call, url: int) -> None:
        """Refuse a head that is too large; `url` is the length of the address with its query. Raises Refusal."""

    def event(self, call: Call, caller: Mapping[str, str] | None) -> dict[str, Any]:
        """Return the function's event."""

    def authorizer_event(self, call: Call) -> dict[str, Any]:
        """Return the authorizer's event."""

    def verdict(self, answer: Any) -> Verdict:
        """Read what the authorizer answered. Raises Refusal."""

    def failed(self, message: str) -> Refusal:
        """Return what it means that the authorizer raised an exception with this text."""

    def admit(self, verdict: Verdict, call: Call) -> Mapping[str, str]:
        """Return the caller, if the verdict lets this call through. Raises Refusal."""

    def reply(self, answer: Any) -> Reply:
        """Read what a function answered as one document. Raises Refusal."""

    def refuse(self, refusal: Refusal, request_id: str) -> Reply:
        """Return the gateway's own error."""

    def preflight(self, methods: Sequence[str]) -> Reply:
        """Return the answer to OPTIONS on an address that takes `methods`. Raises Refusal where none was configured."""

    def stamp(self, request_id: str) -> Pairs:
        """Return the headers that the gateway puts on every answer that does not have them yet."""


def end_to_end(headers: Iterable[tuple[str, str]]) -> Pairs:
    """Return the headers that travel on: not those of one hop, and not those that `connection` names."""
    pairs = tuple(headers)
    named = {word.strip().lower() for name, value in pairs if name.lower() == "connection" for word in value.split(",")}
    return tuple((name, value) for name, value in pairs if name.lower() not in _HOP_BY_HOP | named)


def sendable(headers: Any) -> Pairs:
    """Return a function's headers as pairs. Raises Refusal: a line break in one would let a caller write headers of his own."""
    if headers is None:
        return ()
    if not isinstance(headers, dict):
        raise Refusal(Kind.BAD_ANSWER)
    pairs = tuple((name, value) for name, values in headers.items() for value in (values if isinstance(values, list) else [values]))
    for name, value in pairs:
        if not isinstance(value, str) or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise Refusal(Kind.BAD_ANSWER)
    return end_to_end(pairs)


def status_of(answer: Mapping[str, Any]) -> int:
    """Return the status in an answer. Raises Refusal: none is ever assumed. 1xx would never end the answer."""
    status = answer.get("statusCode")
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
        raise Refusal(Kind.BAD_ANSWER)
    return status


def body_of(answer: Mapping[str, Any]) -> bytes:
    """Return the body in an answer; null is empty. Raises Refusal."""
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise Refusal(Kind.BAD_ANSWER)
    try:
        return base64.b64decode(body, validate=True) if answer.get("isBase64Encoded") is True else body.encode("utf-8")
    except (binascii.Error, ValueError):
        raise Refusal(Kind.BAD_ANSWER) from None
