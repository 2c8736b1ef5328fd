"""Which of the owner's models AWS itself serves, and which of those the chat function asks as itself, with no key. Pure.

It knows the vendors' names and what a row says; it must know no policy (`clouds/aws/asking.py`). To add a service of AWS's, add its line to `_NAMED`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The vendors that are services of AWS's, and what a row calls `model` there.
_NAMED = {"bedrock": "model", "sagemaker": "endpoint"}
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")


def unkeyed(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows of AWS's own services that name no key."""
    return [row for row in rows if row["vendor"] in _NAMED and not row.get("key")]


def own(rows: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Return what the chat function must be allowed to ask, such as "endpoint llama", each once, with its region, "" where its address tells none."""
    return tuple(sorted({(f"{_NAMED[row['vendor']]} {row['model']}", _region(row["base_url"])) for row in unkeyed(rows)}))


def _region(address: str) -> str:
    """Return the region in the name of a service's host, such as runtime.sagemaker.eu-central-1.amazonaws.com."""
    names = (urlsplit(address).hostname or "").split(".")
    return next((one for one in names if _REGION.fullmatch(one)), "")
