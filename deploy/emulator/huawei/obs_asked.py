"""What OBS is asked, before anybody knows whether it may be: the place that a host and a path name, the dialect, and the checks that many share.

This file knows hosts and headers, and nothing of what is kept. A bucket is named by its host, on an IP address by the path (huawei.md, 4.3).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from deploy.emulator.huawei.wire import Answered, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.emulator.huawei.account import Account
    from deploy.emulator.huawei.obs_kept import Bucket, Buckets
    from deploy.emulator.huawei.wire import Asked

_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class Dialect(NamedTuple):
    """How a request is written: the first word of its signature, and how its own headers begin."""

    word: str
    prefix: str


OBS = Dialect("OBS", "x-obs-")
#: What the SDK speaks to an IP address, as it was before OBS had a dialect of its own.
AWS = Dialect("AWS", "x-amz-")


class Place(NamedTuple):
    """Where a request goes: `kind` is service, bucket, website or domain (one that has to be bound); `bucket` and `key` are "" for none."""

    kind: str
    bucket: str
    key: str
    dialect: Dialect = OBS


class Ask(NamedTuple):
    """A request to one operation. A parameter of the query without `=` is None; `bucket` is there, unless the operation makes it or needs none."""

    account: Account
    kept: Buckets
    asked: Asked
    place: Place
    query: Mapping[str, str | None]

    @property
    def bucket(self) -> Bucket:
        """The bucket. Raises Refused (404 or 403) when there is none of this name, or it is somebody else's."""
        return self.kept.find(self.place.bucket)

    def header(self, name: str) -> str:
        """Return a header of the dialect's own, such as `acl`; "" for none."""
        return self.asked.headers.get(self.place.dialect.prefix + name, "")


def place(asked: Asked, region: str) -> Place:
    """Return where a request goes. Raises Refused for a bucket in the path where the host should name it (huawei.md, 3.3)."""
    host = asked.host.partition(":")[0]
    path = unquote(asked.path)[1:]
    if _ADDRESS.fullmatch(host):
        name, _, key = path.partition("/")
        return Place("bucket" if name else "service", name, key, AWS)
    service = re.escape(f"{region}.myhuaweicloud.com")
    found = re.fullmatch(rf"(?:(.+)\.)?(obs|obs-website)\.{service}", host, re.IGNORECASE)
    if found is None:
        return Place("domain", host.lower(), path)
    if found[1]:
        return Place("bucket" if found[2].lower() == "obs" else "website", found[1], path)
    if path:
        raise _by_path(asked, path)
    return Place("service", "", "")


def parameters(query: str) -> dict[str, str | None]:
    """Return what a query says, decoded. `acl` and `acl=` are not the same to a signature: the first is None."""
    pairs = [part.partition("=") for part in query.split("&") if part]
    return {unquote(name): unquote(value) if equals else None for name, equals, value in pairs}


def check_name(name: str) -> None:
    """Return if a bucket may have this name. Raises Refused."""
    clumsy = any(pair in name for pair in ("..", ".-", "-."))
    if not _NAME.fullmatch(name) or clumsy or _ADDRESS.fullmatch(name):
        raise Refused(400, "InvalidBucketName", "The specified bucket is not valid.")


def check_digest(asked: Asked, *, wanted: bool = False) -> None:
    """Return if a body is what its Content-MD5 says. Raises Refused, also for none where one is wanted."""
    said = asked.headers.get("content-md5", "")
    if not said and not wanted:
        return
    if not said:
        raise Refused(400, "InvalidRequest", "Missing required header for this request: Content-MD5")
    try:
        digest = base64.b64decode(said, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != 16:
        raise Refused(400, "InvalidDigest", "The Content-MD5 you specified was invalid.")
    if digest != hashlib.md5(asked.body, usedforsecurity=False).digest():
        raise Refused(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")


def check_size(asked: Asked, largest: int) -> None:
    """Return if a body has at most so many bytes. Raises Refused."""
    if len(asked.body) > largest:
        raise Refused(400, "EntityTooLarge", f"Your proposed upload exceeds the maximum allowed size of {largest} bytes.")


def check_headers(ask: Ask, allowed: set[str]) -> None:
    """Return if of the dialect's own headers only these are there. Raises Refused: what is not known here must not pass unheeded."""
    prefix = ask.place.dialect.prefix
    own = {name.removeprefix(prefix) for name in ask.asked.headers if name.startswith(prefix)} - {"date"}
    if strange := {name for name in own - allowed if not ("meta-" in allowed and name.startswith("meta-"))}:
        raise unsupported(", ".join(sorted(prefix + name for name in strange)))


def missing(what: str, message: str) -> Refused:
    """Return the refusal for a thing that is not there, such as NoSuchKey."""
    return Refused(404, f"NoSuch{what}", message)


def unsupported(what: str) -> Refused:
    """Return the refusal for what OBS may know and this emulator does not."""
    return Refused(501, "NotImplemented", f"A header or parameter implies functionality that is not implemented: {what}")


def done(status: int = 200, headers: Mapping[str, str] | None = None) -> Answered:
    """Return an answer without a body."""
    return Answered(status, headers or {}, b"")


def _by_path(asked: Asked, path: str) -> Refused:
    if asked.method == "PUT" and "/" in path.strip("/"):
        return missing("Key", "The specified key does not exist.")
    return Refused(403, "VirtualHostDomainRequired", "Virtual host domain is required when accessing a specific bucket.")
