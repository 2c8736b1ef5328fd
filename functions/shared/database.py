"""A PostgreSQL server: connections to it, and what its faults mean in the errors of the records' port. Address:
postgresql://USER:PASSWORD@HOST[:PORT]/DATABASE, and ?ca=BASE64 for a server whose certificate only its own authority vouches for (RDS): that
authority's certificate, DER in base64url. And ?table=NAME for another table than twocan_records, so that several may keep theirs in one database.

The way there is TLS with certificate and host name checked; only a server on this machine may do without. A statement that may have changed
something is never sent again: it is Unknown. Sent again is only what surely did nothing: never connected, or ended by the server for another's
sake; and reads. This file knows the driver's words and the server's codes; it must know no table. To explain another of its codes, add it to `_SAID`.
"""

from __future__ import annotations

import base64
import re
import select
import socket
import ssl
import struct
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from functions.shared import spared
from functions.shared.errors import SettingsError, Unavailable, Unknown

with spared.postgres():
    from pg8000.exceptions import DatabaseError, InterfaceError
    from pg8000.native import Connection

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What statements call their table, whatever its name is.
TABLE = "twocan_records"
#: Names that need no quotes; PostgreSQL cuts longer ones.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_WRONG = "STORE must be postgresql://USER:PASSWORD@HOST[:PORT]/DATABASE, what is special in the password %-encoded"
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
#: Seconds for a connection, and for each piece of an answer.
_PATIENCE = 5.0
#: Seconds between tries; there is one try more than pauses.
_PAUSES = (0.1, 0.4)
#: Seconds after which kept connections are not used again: a platform that froze the function may have lost them without a word.
_IDLE = 30

# https://www.postgresql.org/docs/15/errcodes-appendix.html: the server ended the statement, or let nobody in, for a reason that passes; the last two,
# because somebody else makes the table at the same moment.
_PASSING = frozenset({"40001", "40P01", "53300", "55P03", "57P03", "23505", "42P07"})
_SAID = {
    "28": "The store refuses the function. Ask the owner to check the user and the password in its address.",
    "3D": "The store's database is not there. Ask the owner to check its name in the store's address.",
    "42": "The store's table is not there, or the function's user may not make or use it. Ask the owner to deploy again, which makes it.",
    "53": "The store is full, or has no room for another connection. Ask the owner to look at the database.",
}
_ELSE = "The store does not accept a request. Ask the owner to look at the database, and that its table is Twocan's."
_UNPROVEN = "The store's server does not prove that it is the one: its certificate is for another name, or ca= in its address is not its authority."
# What the driver raises when the other side speaks no PostgreSQL, or stops in the middle of a word.
_BROKEN = (struct.error, ValueError, LookupError, AttributeError)


class Place(NamedTuple):
    """Where the database is. Its text shows nothing of the password."""

    host: str
    port: int
    database: str
    user: str
    password: str
    tls: ssl.SSLContext | None
    table: str = TABLE

    def __repr__(self) -> str:
        return "Place(...)"


def place(address: str) -> Place:
    """Return what an address says. Raises SettingsError, never from the cause: its text quotes the address, which holds a password."""
    try:
        parts = urlsplit(address)
        query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=True) if parts.query else {}
        port = 5432 if parts.port is None else parts.port
        user, password, database = (unquote(one or "", errors="strict") for one in (parts.username, parts.password, parts.path[1:]))
    except ValueError:
        raise SettingsError(_WRONG) from None
    host = parts.hostname or ""
    # A NUL would end a name within the first message, and begin another one.
    whole = all(one and "\0" not in one for one in (host, user, password, database)) and "/" not in parts.path[1:]
    if parts.scheme != "postgresql" or not (whole and port) or parts.fragment:
        raise SettingsError(_WRONG)
    if set(query) - {"ca", "table"}:
        raise SettingsError("STORE takes no option but ca: TLS is always there, without sslmode")
    tables = query.get("table", [TABLE])
    if len(tables) > 1 or not _NAME.fullmatch(tables[0]):
        raise SettingsError("STORE: table must be one name of small letters, digits and underscores")
    tls = None if host in _HERE and "ca" not in query else _tls(query.get("ca"))
    return Place(host, port, database, user, password, tls, tables[0])


def _tls(authorities: list[str] | None) -> ssl.SSLContext:
    """Return what checks the server's certificate and name. Raises SettingsError."""
    if authorities is None:
        return ssl.create_default_context()
    try:
        # One and not empty: else everybody's authorities would do.
        (authority,) = filter(None, authorities)
        return ssl.create_default_context(cadata=base64.b64decode(authority, altchars=b"-_", validate=True))
    except (ValueError, ssl.SSLError):
        raise SettingsError("STORE: ca must be the authority's certificate, DER in base64url") from None


class _Passing(Unavailable):
    """Nothing was done, and it may go better in a moment."""


class Server:
    """Connections to the database, and what their faults mean in the port's errors. Threads have one each; they are kept."""

    def __init__(self, place: Place, now: Callable[[], int], *, patience: float = _PATIENCE, sleep: Callable[[float], None] = time.sleep) -> None:
        self._place = place
        self._now = now
        self._patience = patience
        self._sleep = sleep
        self._kept: list[Connection] = []
        self._used = now()
        weakref.finalize(self, _end, self._kept)

    def read(self, statement: str, values: Mapping[str, Any]) -> list[Any]:
        """Return the rows of a statement that changes nothing. Raises Unavailable."""
        return self._tried(statement, values, lost=_Passing)

    def write(self, statement: str, values: Mapping[str, Any]) -> list[Any]:
        """Return the rows of a statement that changes something. Raises Unavailable and Unknown."""
        return self._tried(statement, values, lost=Unknown)

    def _tried(self, statement: str, values: Mapping[str, Any], *, lost: type[Exception]) -> list[Any]:
        for pause in _PAUSES:
            with suppress(_Passing):
                return self._once(statement, values, lost)
            self._sleep(pause)
        return self._once(statement, values, lost)

    def _once(self, statement: str, values: Mapping[str, Any], lost: type[Exception]) -> list[Any]:
        line = self._line()
        try:
            rows = list(line.run(statement.replace(TABLE, self._place.table), **values) or [])
        except DatabaseError as error:
            _close(line)
            raise _refusal(error, lost) from None
        except (OSError, InterfaceError, *_BROKEN) as error:
            # Whatever broke the conversation off: nobody knows how far the server came.
            _close(line)
            # A read is not tried again either when its time is gone.
            raise (Unavailable if _is_late(error) and lost is _Passing else lost) from error
        self._kept.append(line)
        return rows

    def _line(self) -> Connection:
        """Return a connection: a kept one that is still there, or a new one. Raises Unavailable."""
        moment = self._now()
        fresh, self._used = moment - self._used <= _IDLE, moment
        with suppress(IndexError):
            while line := self._kept.pop():
                if fresh and not _has_ended(line):
                    return line
                _close(line)
        return self._made()

    def _made(self) -> Connection:
        """Return a new connection. Raises Unavailable."""
        try:
            return self._signed_in()
        except DatabaseError as error:
            raise _refusal(error, _Passing) from None
        except ssl.SSLCertVerificationError as error:
            raise Unavailable(_UNPROVEN) from error
        except Exception as error:
            # Each library that takes part in signing in has its own; and nothing was done yet.
            raise (Unavailable if _is_late(error) else _Passing) from error

    def _signed_in(self) -> Connection:
        """Return a new connection. Raises whatever the driver does, which forgets to close what it could not use."""
        host, port, database, user, password, tls, _ = self._place
        wire = socket.create_connection((host, port), self._patience)
        try:
            return Connection(user, host=host, database=database, password=password, ssl_context=tls or False, sock=wire, application_name="twocan")
        except BaseException:
            wire.close()
            raise


def _is_late(error: BaseException) -> bool:
    return isinstance(error, TimeoutError) or isinstance(error.__cause__, TimeoutError)


def _has_ended(line: Connection) -> bool:
    """Say whether a connection that waits for nothing has something to say, which can only be its end."""
    look = select.poll()
    # Of its own it tells only when it is asked something, which then is lost.
    look.register(line._usock, select.POLLIN)  # noqa: SLF001
    return bool(look.poll(0))


def _end(lines: list[Connection]) -> None:
    for line in lines:
        _close(line)


def _close(line: Connection) -> None:
    with suppress(OSError, ValueError, InterfaceError):
        line.close()


def _refusal(error: DatabaseError, lost: type[Exception]) -> Exception:
    """Return what a server's own error means. Its words are not passed on: they quote names and values."""
    told: Any = error.args[0] if error.args else {}
    code = str(told.get("C", "")) if isinstance(told, dict) else ""
    if code in _PASSING:
        return _Passing()
    # Shut down or crashed within the statement.
    return lost() if code[:2] in {"08", "57", "58", "XX"} else Unavailable(_SAID.get(code[:2], _ELSE))
