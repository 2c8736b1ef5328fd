"""Records in one SQLite file: the embedded default. Address: sqlite:///path/to/file (three slashes: relative; four: absolute).

One connection behind one lock, since handlers run in a pool of threads; other processes are kept apart by SQLite's own locking.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from functions.shared.errors import Conflict, SettingsError, Unavailable
from functions.shared.stores import ANY, Now, Record, checked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SCHEME = "sqlite:///"
#: How long to wait for another process's write, in seconds.
_PATIENCE = 5.0
# SQLite compares text by its UTF-8 bytes (the `binary` collation), which is the order that the port promises.
_SCHEMA = """
create table if not exists records (
    partition text not null,
    sort text not null,
    version integer not null,
    body text not null,
    expires integer,
    primary key (partition, sort)
) without rowid
"""
_BY_EXPIRY = "create index if not exists by_expiry on records (expires) where expires is not null"
_ONE = "select version, body, expires from records where partition = ? and sort = ? and (expires is null or expires > ?)"
_MANY = """
select sort, version, body, expires from records
where partition = ? and sort > ? and (expires is null or expires > ?) order by sort limit ?
"""


def open(address: str, now: Now, patience: float = _PATIENCE) -> Sqlite:  # noqa: A001 - every store's module has an `open`
    """Open the store, making its file and table if they are absent. Raises SettingsError or Unavailable."""
    path = address.removeprefix(_SCHEME)
    if path == address or not path:
        raise SettingsError(f"STORE must be {_SCHEME}path")
    try:
        connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
        connection.execute("pragma journal_mode = wal")
        connection.execute(_SCHEMA)
        connection.execute(_BY_EXPIRY)
    except sqlite3.Error as error:
        raise Unavailable("The store's file cannot be opened: check that its folder exists and may be written.") from error
    return Sqlite(connection, now, patience)


class Sqlite:
    """Records in one open SQLite database."""

    def __init__(self, connection: sqlite3.Connection, now: Now, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._connection = connection
        self._now = now
        self._lock = threading.Lock()

    def get(self, partition: str, sort: str) -> Record | None:
        """Return the item, or None."""
        with self._begun("deferred") as run:
            return _find(run, partition, sort, self._now())

    def put(self, partition: str, sort: str, body: Mapping[str, Any], *, if_version: int, expires: int | None = None) -> int:
        """Write the item if it is at `if_version` and return its new version. Raises Conflict."""
        text = checked(body)
        with self._begun("immediate") as run:
            version = _check(_find(run, partition, sort, self._now()), if_version) + 1
            # Whatever is over goes with the next write: attempts and sessions would fill the file for ever.
            run.execute("delete from records where expires <= ?", (self._now(),))
            run.execute("replace into records values (?, ?, ?, ?, ?)", (partition, sort, version, text, expires))
            return version

    def delete(self, partition: str, sort: str, *, if_version: int) -> None:
        """Remove the item if it is at `if_version`. Raises Conflict."""
        with self._begun("immediate") as run:
            _check(_find(run, partition, sort, self._now()), if_version)
            run.execute("delete from records where partition = ? and sort = ?", (partition, sort))

    def query(self, partition: str, *, after: str = "", limit: int = 100) -> list[Record]:
        """Return up to `limit` live items past `after`, in order."""
        with self._begun("deferred") as run:
            rows = run.execute(_MANY, (partition, after, self._now(), limit)).fetchall()
        return [Record(partition, sort, version, json.loads(body), expires) for sort, version, body, expires in rows]

    @contextmanager
    def _begun(self, kind: str) -> Iterator[sqlite3.Connection]:
        """Hold the lock and a transaction; whatever goes wrong rolls back, so that nothing was done."""
        # As long as SQLite itself waits for another process, and no longer: else each of many callers would wait for all those before it.
        if not self._lock.acquire(timeout=self._patience):
            raise Unavailable
        try:
            self._connection.execute(f"begin {kind}")
            try:
                yield self._connection
                self._connection.execute("commit")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("rollback")
                raise
        except sqlite3.Error as error:
            # Locked by another process, read-only, full or gone. A commit that fails leaves the transaction open, and is rolled back too.
            raise Unavailable from error
        finally:
            self._lock.release()


def _find(run: sqlite3.Connection, partition: str, sort: str, now: int) -> Record | None:
    row = run.execute(_ONE, (partition, sort, now)).fetchone()
    return None if row is None else Record(partition, sort, row[0], json.loads(row[1]), row[2])


def _check(found: Record | None, if_version: int) -> int:
    version = found.version if found else 0
    if if_version not in (ANY, version):
        raise Conflict
    return version
