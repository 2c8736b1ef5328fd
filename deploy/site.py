"""The page's files as they are published: each with its bytes, its type and its cache rule. Pure: it reads the built page and writes nothing.

Everything but the page itself lies under `releases/<digest>/` and never changes there; `index.html` is the pointer to one release, and is
never cached. This file knows what the build left out (two placeholders and config.json); it must know no cloud. To add a kind of file, add its
suffix to `TYPES`; to add a header that every file is served with, add it to `HEADERS`.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOREVER = "public, max-age=31536000, immutable"
#: `no-cache` still lets a browser keep a copy, but it asks before each use: so a moved pointer is seen at once.
ALWAYS_ASK = "no-cache"

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}

# The page carries its own policy in a <meta>; a browser enforces both, and `frame-ancestors` works from a header only.
HEADERS: Mapping[str, str] = {
    "content-security-policy": "frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

# An origin, and the path under which a gateway may have the API: AWS's own address of one ends with its stage.
_API = re.compile(r"(https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?)((?:/[a-z0-9_-]+)*)", re.IGNORECASE)


class SiteError(Exception):
    """The page cannot be published as it is; the message tells what to do."""


class SiteFile(NamedTuple):
    """One object of the site. `path` has no leading slash; `cache` is its cache-control."""

    path: str
    body: bytes
    type: str
    cache: str


def render(dist: Path, api: str, name: str) -> tuple[SiteFile, ...]:
    """Return the files of one release, `index.html` last, because whoever writes them in order then never points at a missing file.

    Raises SiteError.
    """
    address = _API.fullmatch(api)
    if address is None:
        raise SiteError(f"The API's address must look like https://api.example.org or https://api.example.org/live; it is {api!r}.")

    built = _read(dist)
    index = built.pop("index.html")
    built["config.json"] = json.dumps({"api": api, "name": name}, ensure_ascii=False).encode("utf-8")
    base = f"releases/{_digest({**built, 'index.html': index})}"

    page = _fill(index, base, address[1])
    # A copy of the pointer lies with the release, so that going back to it needs nothing but the bucket.
    files = [SiteFile(f"{base}/{path}", body, type_of(path), FOREVER) for path, body in sorted({**built, "index.html": page}.items())]
    return (*files, SiteFile("index.html", page, TYPES[".html"], ALWAYS_ASK))


def check(dist: Path) -> None:
    """Raise SiteError if there is no page."""
    if not (dist / "index.html").is_file():
        raise SiteError(f"There is no page in {dist}: build it with `make frontend`, then try again.")


def _read(dist: Path) -> dict[str, bytes]:
    check(dist)
    return {path.relative_to(dist).as_posix(): path.read_bytes() for path in dist.rglob("*") if path.is_file()}


def _digest(files: Mapping[str, bytes]) -> str:
    """Return 16 hex digits over all names and bytes; lengths go in too, so that no two trees run together into the same bytes."""
    total = hashlib.sha256()
    for path, body in sorted(files.items()):
        total.update(f"{path}\0{len(body)}\0".encode())
        total.update(body)
    return total.hexdigest()[:16]


def _fill(index: bytes, base: str, api_origin: str) -> bytes:
    text = index.decode("utf-8")
    for placeholder, value in {"{{base}}": base, "{{api_origin}}": api_origin}.items():
        if placeholder not in text:
            raise SiteError(f"index.html has no {placeholder}: build it again with `make frontend`.")
        text = text.replace(placeholder, html.escape(value))
    return text.encode("utf-8")


def type_of(path: str) -> str:
    """Return a file's type by its suffix. Raises SiteError."""
    suffix = path[path.rfind(".") :] if "." in path else ""
    if suffix not in TYPES:
        raise SiteError(f"No type is known for {path}: add its suffix to TYPES in deploy/site.py.")
    return TYPES[suffix]
