"""Records: the one port for everything that is kept. Items named (partition, sort) with a version, an optional expiry and a JSON body.

An expired item counts as absent everywhere, whether or not the store has removed it; the clock is passed in. Reads are strongly consistent.
To add a store, write its module beside these with an `open(address, now)` and add its line to `STORES`; the contract tests then run on it. Wheels
that only it needs are named in a file beside the module that imports them, as in `functions/shared/database.txt`. A store whose table only the
functions can reach has an `open_table(address, now)`, too, and a line in `TABLES`; the others' are made by the deployer, or by opening them.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Protocol, cast

from functions.shared.errors import InvalidRequest, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

STORES = {
    "dynamodb": "functions.shared.stores.dynamodb",
    "postgresql": "functions.shared.stores.postgres",
    "sqlite": "functions.shared.stores.sqlite",
}

#: The stores whose tables the owner's function makes: a database inside a private network, which no laptop reaches.
TABLES = {"postgresql": "functions.shared.stores.postgres"}

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


class Table(Protocol):
    """What is done about the place of the records, before and after there are any. All raise Unavailable or Unknown."""

    def prepare(self) -> None:
        """Make it, or bring it up to date; again is no harm. Raises SettingsError if the place is not fit for it."""

    def ready(self) -> bool:
        """Say whether records can be kept there."""

    def delete(self) -> None:
        """Remove it with everything in it; it need not be there. Raises InvalidRequest if that is not the function's to do."""


def open_records(address: str, now: Now) -> Records:
    """Open the store at an address such as sqlite:///var/twocan.db. Raises SettingsError if no such store is known."""
    return cast("Records", import_module(STORES[_scheme(address)]).open(address, now))


def open_table(address: str, now: Now) -> Table:
    """Return what is done about the table of the store at an address. Raises SettingsError if no such store is known."""
    scheme = _scheme(address)
    return cast("Table", import_module(TABLES[scheme]).open_table(address, now)) if scheme in TABLES else _Given()


def _scheme(address: str) -> str:
    scheme = address.partition(":")[0]
    if scheme not in STORES:
        raise SettingsError(f"STORE must begin with one of: {', '.join(sorted(STORES))}")
    return scheme


class _Given:
    """A table that is there whenever the store can be opened: the deployer makes it, or opening does."""

    def prepare(self) -> None:
        pass

    def ready(self) -> bool:
        return True

    def delete(self) -> None:
        raise InvalidRequest("The records of this store are not the function's to delete: whoever made their place removes it.")


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
