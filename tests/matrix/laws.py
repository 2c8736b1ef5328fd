"""What must never be so on any cloud. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

_OPEN = {("POST", "/auth/login"), ("POST", "/auth/refresh")}


def may_be_open(method: str, path: str) -> bool:
    """Say whether an address may be called without a token."""
    return method == "OPTIONS" or (method, path) in _OPEN


def absent(index: bytes | None, keys: Container[str]) -> Iterator[str]:
    """Yield a line for each of the files that a page names and that is not there."""
    named = re.findall(r"/(releases/[^\"']+)", index.decode()) if index else ()
    yield from (f"index.html: no {one}" for one in named if one not in keys)
