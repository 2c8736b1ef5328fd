"""Records: the one port for everything that is kept. Items named (partition, sort) with a version, an optional expiry and a JSON body.

An expired item counts as absent everywhere, whether or not the store has removed it; the clock is passed in. Reads are strongly consistent.
To add a store, write its module beside these with an `open(address, now)` and add its line to `STORES`; the contract tests then run on it.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Protocol, cast

from functions.shared.errors import InvalidRequest, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

STORES = {"dynamodb": "functions.shared.stores.dynamodb", "sqlite": "functions.shared.stores.sqlite"}

#: Any version will do: write without looking.
ANY = -1
#: Longest body in bytes of JSON; DynamoDB's items end at 400 kB, names and numbers included.
LONGEST = 350_000

Now = Callable[[], int]


class Record(NamedTuple):
    """One item. `version` counts its writes from 1; `expires` is in seconds since 1970, or None."""

    partition: str
    sort: str
    version: int
    body: Mapping[str, Any]
    expires: int | None = None


class Records(Protocol):
    """What every store does. All raise Unavailable (nothing was done) or Unknown (outcome not known: read again)."""

    def get(self, partition: str, sort: str) -> Record | None:
        """Return the item, or None."""

    def put(self, partition: str, sort: str, body: Mapping[str, Any], *, if_version: int, expires: int | None = None) -> int:
        """Write the item if it is at `if_version` (0: absent, n, or ANY) and return its new version. Raises Conflict."""

    def delete(self, partition: str, sort: str, *, if_version: int) -> None:
        """Remove the item if it is at `if_version` (n or ANY; ANY also if absent). Raises Conflict."""

    def query(self, partition: str, *, after: str = "", limit: int = 100) -> list[Record]:
        """Return up to `limit` items of a partition, those past `after`, ordered by the UTF-8 bytes of `sort`. A short page is the last."""


def open_records(address: str, now: Now) -> Records:
    """Open the store at an address such as sqlite:///var/twocan.db. Raises SettingsError if no such store is known."""
    scheme = address.partition(":")[0]
    if scheme not in STORES:
        raise SettingsError(f"STORE must begin with one of: {', '.join(sorted(STORES))}")
    return cast("Records", import_module(STORES[scheme]).open(address, now))


def checked(body: Mapping[str, Any]) -> str:
    """Return a body as the JSON to store. Raises InvalidRequest for one that is too long or holds a float, which stores round differently."""
    try:
        text = json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        size = len(text.encode("utf-8"))
    except (ValueError, RecursionError):
        # NaN, lone surrogates, endless nesting. Not `from error`: a codec's error holds the whole body.
        raise InvalidRequest("A record must be JSON in UTF-8.") from None
    if size > LONGEST:
        raise InvalidRequest(f"A record may have at most {LONGEST} bytes.")
    json.loads(text, parse_float=_no_float)
    return text


def _no_float(digits: str) -> None:
    raise InvalidRequest(f"A record may hold no fraction: {digits}")
