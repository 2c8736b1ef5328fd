"""Records in one PostgreSQL table. Address: as functions/shared/database.py has it, which is the way there.

The table is made by `Table`, which the owner's function has: opening the store asks for nothing. Each operation is one statement, so that it
happens whole or not at all. A name is kept as its UTF-8 bytes: they are its order, and hold a NUL, too. To give the table another form, add a
statement to `_STEPS` and change `_FORM`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from functions.shared.database import Place, Server, place
from functions.shared.errors import Conflict, InvalidRequest, SettingsError, Unavailable
from functions.shared.stores import ANY, Now, Record, checked

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Bytes of a name: two of them must fit into one entry of an index.
_LONGEST_NAME = 1_024

_TABLE = """
create table if not exists twocan_records (
    partition bytea not null,
    sort bytea not null,
    version bigint not null,
    body text not null,
    expires bigint,
    primary key (partition, sort)
)
"""
_BY_EXPIRY = "create index if not exists twocan_records_by_expiry on twocan_records (expires) where expires is not null"
# In their order; each does nothing where it has been done.
_STEPS = (_TABLE, _BY_EXPIRY)
_COLUMNS = """
select attname || ' ' || format_type(atttypid, null) from pg_attribute
where attrelid = to_regclass('twocan_records') and attnum > 0 and not attisdropped order by attnum
"""
_FORM = [["partition bytea"], ["sort bytea"], ["version bigint"], ["body text"], ["expires bigint"]]
_DROP = "drop table if exists twocan_records"
_LIVE = "(expires is null or expires > :now)"
_THIS = "partition = :partition and sort = :sort"
_ONE = f"select sort, version, body, expires from twocan_records where {_THIS} and {_LIVE}"  # noqa: S608 - of constants only, here and below
_MANY = f"""
select sort, version, body, expires from twocan_records
where partition = :partition and sort > :after and {_LIVE} order by sort limit :most
"""  # noqa: S608
# Whatever is over goes with the next write, but never this item, which the write itself replaces; and no two writers wait for each other.
_OVER = f"""
with over as (
    delete from twocan_records where (partition, sort) in (
        select partition, sort from twocan_records where expires <= :now and not ({_THIS}) limit 50 for update skip locked
    )
)
"""  # noqa: S608
_INSERT = f"{_OVER} insert into twocan_records as there values (:partition, :sort, 1, :body, :expires) on conflict (partition, sort) do update"  # noqa: S608
_CREATE = f"{_INSERT} set version = 1, body = excluded.body, expires = excluded.expires where there.expires <= :now returning version"
_OVERWRITE = f"""
{_INSERT} set version = case when there.expires <= :now then 1 else there.version + 1 end, body = excluded.body, expires = excluded.expires
returning version
"""
_REPLACE = f"""
{_OVER} update twocan_records set version = version + 1, body = :body, expires = :expires
where {_THIS} and version = :version and {_LIVE} returning version
"""  # noqa: S608
_REMOVE = f"delete from twocan_records where {_THIS} and version = :version and {_LIVE} returning version"  # noqa: S608
_REMOVE_ANY = f"delete from twocan_records where {_THIS}"  # noqa: S608

_FOREIGN = "The store's table holds an item that Twocan did not write. Ask the owner to correct or delete it."
_OTHER = "The store's database has another table of this name. Give Twocan a database of its own."


def open(address: str, now: Now) -> Postgres:  # noqa: A001 - every store's module has an `open`
    """Return the store; nothing is sent yet. Raises SettingsError for an address in another form."""
    return Postgres(place(address), now)


def open_table(address: str, now: Now) -> Table:
    """Return what makes and drops the store's table; nothing is sent yet. Raises SettingsError for an address in another form."""
    return Table(place(address), now)


class Table:
    """The table itself, for the owner's function."""

    def __init__(self, place: Place, now: Now) -> None:
        self._server = Server(place, now)

    def prepare(self) -> None:
        """Make the table, or bring it up to date. Raises SettingsError, Unavailable and Unknown; again is no harm."""
        # Names are bytes, but bodies are text, which people look at.
        if self._server.read("show server_encoding", {}) != [["UTF8"]]:
            raise SettingsError("The store's database must have the encoding UTF8: make another one, with: create database … encoding 'UTF8'")
        for step in _STEPS:
            self._server.write(step, {})
        if not self.ready():
            raise Unavailable(_OTHER)

    def ready(self) -> bool:
        """Say whether the table is there, in today's form. Raises Unavailable."""
        return self._server.read(_COLUMNS, {}) == _FORM

    def delete(self) -> None:
        """Drop the table with everything in it; it need not be there. Raises Unavailable and Unknown."""
        self._server.write(_DROP, {})


class Postgres:
    """Records in one table. A name that no item can have, by its length or for being empty, is the name of nothing."""

    def __init__(self, place: Place, now: Now) -> None:
        self._server = Server(place, now)
        self._now = now

    def get(self, partition: str, sort: str) -> Record | None:
        """Return the item, or None."""
        if not _nameable(partition, sort):
            return None
        rows = self._server.read(_ONE, {**_named(partition, sort), "now": self._now()})
        return _record(partition, rows[0]) if rows else None

    def put(self, partition: str, sort: str, body: Mapping[str, Any], *, if_version: int, expires: int | None = None) -> int:
        """Write the item if it is at `if_version` and return its new version. Raises Conflict."""
        text = checked(body)
        if not _nameable(partition, sort):
            raise InvalidRequest(f"A record's names must have 1 to {_LONGEST_NAME} bytes of UTF-8.")
        statement = {ANY: _OVERWRITE, 0: _CREATE}.get(if_version, _REPLACE)
        values: dict[str, Any] = {**_named(partition, sort), "body": text, "expires": expires, "now": self._now()}
        rows = self._server.write(statement, values | ({"version": if_version} if statement is _REPLACE else {}))
        if not rows:
            raise Conflict
        version: int = rows[0][0]
        return version

    def delete(self, partition: str, sort: str, *, if_version: int) -> None:
        """Remove the item if it is at `if_version`. Raises Conflict."""
        if if_version == 0:
            if self.get(partition, sort) is not None:
                raise Conflict
        elif not _nameable(partition, sort):
            if if_version != ANY:
                raise Conflict
        elif if_version == ANY:
            self._server.write(_REMOVE_ANY, _named(partition, sort))
        elif not self._server.write(_REMOVE, {**_named(partition, sort), "version": if_version, "now": self._now()}):
            raise Conflict

    def query(self, partition: str, *, after: str = "", limit: int = 100) -> list[Record]:
        """Return up to `limit` live items past `after`, in order. Raises InvalidRequest for an `after` that cannot be a name."""
        if after and not _nameable("-", after):
            raise InvalidRequest(f"A list must begin after a name of at most {_LONGEST_NAME} bytes of UTF-8.")
        if not _nameable(partition, "-"):
            return []
        values = {"partition": partition.encode(), "after": after.encode(), "now": self._now(), "most": limit}
        return [_record(partition, row) for row in self._server.read(_MANY, values)]


def _nameable(partition: str, sort: str) -> bool:
    """Say whether an item can have these names."""
    try:
        sizes = (len(partition.encode()), len(sort.encode()))
    except UnicodeEncodeError:
        return False
    return all(0 < size <= _LONGEST_NAME for size in sizes)


def _named(partition: str, sort: str) -> dict[str, Any]:
    return {"partition": partition.encode(), "sort": sort.encode()}


def _record(partition: str, row: Any) -> Record:
    """Return a row as a record. Raises Unavailable for one in another form: somebody has edited the table."""
    sort, version, body, expires = row
    try:
        record = Record(partition, sort.decode(), version, json.loads(body), expires)
    except (ValueError, RecursionError):
        # Not `from error`: a decoder's error holds the whole body.
        raise Unavailable(_FOREIGN) from None
    if not isinstance(record.body, dict) or record.version < 1:
        raise Unavailable(_FOREIGN)
    return record
