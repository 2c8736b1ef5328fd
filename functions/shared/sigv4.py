"""AWS Signature Version 4: a request in, the headers to send it with out. Pure: no clock, no environment, no socket.

It signs for every service but S3, which alone wants paths encoded once and a header with the body's hash. A URL is taken as it goes over the
wire: percent-encoded, where "+" is a plus. What is signed: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import quote, unquote_to_bytes, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALGORITHM = "AWS4-HMAC-SHA256"
_PORTS = {"http": 80, "https": 443}


class Credentials(NamedTuple):
    """Who signs. `session_token` belongs to temporary credentials and is "" for others. Its text shows nothing of it."""

    access_key: str
    secret_key: str
    session_token: str = ""

    def __repr__(self) -> str:
        return "Credentials(...)"


def role(environ: Mapping[str, str]) -> Credentials | None:
    """Return the credentials that AWS gives a function by its own variables, or None."""
    access, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    return Credentials(access, secret, environ.get("AWS_SESSION_TOKEN", "")) if access and secret else None


def credentials(key: str) -> Credentials | None:
    """Return the credentials that an owner writes as ACCESS_KEY_ID:SECRET_ACCESS_KEY, and :SESSION_TOKEN for temporary ones, or None."""
    parts = key.split(":")
    return Credentials(*parts) if len(parts) in (2, 3) and all(parts) else None


class Scope(NamedTuple):
    """What a signature is good for, such as eu-central-1 and dynamodb."""

    region: str
    service: str


class Call(Protocol):
    """A request that is complete; outbound's Outgoing is one. Header names that differ in case only are the caller's mistake."""

    @property
    def method(self) -> str:
        """A verb such as POST."""

    @property
    def url(self) -> str:
        """Scheme, host, path and query."""

    @property
    def headers(self) -> Mapping[str, str]:
        """All are signed: none may be one that a proxy changes."""

    @property
    def body(self) -> bytes:
        """All of it."""


def signed(call: Call, credentials: Credentials, scope: Scope, moment: int) -> dict[str, str]:
    """Return the call's headers, names in lower case, with host, date and signature; `moment` is in seconds since 1970."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment))
    headers = {name.lower(): value for name, value in call.headers.items()}
    headers.setdefault("host", _host(call.url))
    headers["x-amz-date"] = stamp
    if credentials.session_token:
        headers["x-amz-security-token"] = credentials.session_token

    names = sorted(headers.keys() - {"authorization"})
    within = "/".join([stamp[:8], *scope, "aws4_request"])
    signing = "\n".join([_ALGORITHM, stamp, within, _sha256(_canonical(call, {name: headers[name] for name in names}))])
    signature = hmac.new(_key(credentials.secret_key, stamp[:8], scope), signing.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = f"{_ALGORITHM} Credential={credentials.access_key}/{within}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return headers


def _canonical(call: Call, headers: Mapping[str, str]) -> bytes:
    """Return the request in the one form in which both sides hash it; the headers are in order already."""
    parts = urlsplit(call.url)
    lines = [f"{name}:{' '.join(value.split())}" for name, value in headers.items()]
    digest = _sha256(call.body)
    return "\n".join([call.method.upper(), _path(parts.path), _query(parts.query), *lines, "", ";".join(headers), digest]).encode()


def _host(url: str) -> str:
    """Return the host as a client names it: in lower case, without user and without the scheme's own port."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    return host.removesuffix(f":{_PORTS.get(parts.scheme)}")


def _path(path: str) -> str:
    """Return a path without dots and empty segments, encoded once more than it is on the wire."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            kept = kept[:-1]
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if kept and path.endswith("/") else ""
    return quote("/" + "/".join(kept) + end, safe="/~")


def _query(query: str) -> str:
    """Return the pairs sorted by encoded name, then by encoded value; a name alone has an empty value."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    # Decoded first: a server does not sign what it got but what it made of it, and writes %7E as ~.
    return "&".join(f"{name}={value}" for name, value in sorted((_encoded(name), _encoded(value)) for name, _, value in pairs))


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="~")


def _key(secret: str, day: str, scope: Scope) -> bytes:
    """Return the key of one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in (day, *scope, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
