"""database.py: the way to a PostgreSQL server, against a real one; what it says of a server that fails, lies or says nothing."""

from __future__ import annotations

import base64
import socket
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from functions.shared.database import Server, place
from functions.shared.errors import RecordsError, SettingsError, Unavailable, Unknown
from tests.fakes import postgres
from tests.fakes.authority import Authority
from tests.fakes.relay import Relay, When

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.clock import Clock

PAUSES = [0.1, 0.4]
#: With a parameter, which is how everything is asked that a relay breaks off.
READ, COUNT = "select :one", "update counted set number = number + :one returning number"
WHO = "select pg_backend_pid()"
QUIET = Authority().quoted


class Way:
    """The way to a server at an address, and how long it paused between its tries."""

    def __init__(self, address: str, clock: Clock, patience: float = 5) -> None:
        self.pauses: list[float] = []
        self.server = Server(place(address), clock, patience=patience, sleep=self.pauses.append)

    def who(self) -> int:
        """Return which of the server's processes answers."""
        number: int = self.server.read(WHO, {})[0][0]
        return number


def by_name(authority: str = "", host: str = "localhost") -> str:
    """Return the address of the real server, with TLS if there is an authority."""
    here = postgres.address("postgres").replace("127.0.0.1", host)
    return f"{here}?ca={authority}" if authority else here


@contextmanager
def saying(answer: bytes | None, heard: list[bytes] | None = None) -> Iterator[int]:
    """Be a server that answers the first words of anybody with something; None: that says nothing. Yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=answering, args=(listening, answer, [] if heard is None else heard))
        thread.start()
        port: int = listening.getsockname()[1]
        yield port
        with socket.create_connection(("127.0.0.1", port)) as last:
            last.sendall(b"end")
        thread.join()


def answering(listening: socket.socket, answer: bytes | None, heard: list[bytes]) -> None:
    """Answer until the end is said."""
    while True:
        line, _ = listening.accept()
        with line:
            heard.append(line.recv(65_536))
            if heard[-1] == b"end":
                return
            if answer is None:
                line.recv(65_536)
            else:
                line.sendall(answer)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("postgresql://ann:secret@127.0.0.1/records", ("127.0.0.1", 5432, "records", "ann", "secret")),
        ("postgresql://ann:secret@db.example.com:6432/records", ("db.example.com", 6432, "records", "ann", "secret")),
        (f"postgresql://ann:secret@192.168.0.7/records?ca={QUIET}", ("192.168.0.7", 5432, "records", "ann", "secret")),
        ("postgresql://a%40b:p%2F%3A%3F%23%25%E4%BD%A0@[::1]:1/a%2Fb", ("::1", 1, "a/b", "a@b", "p/:?#%你")),
    ],
    ids=["short", "port", "authority", "quoted"],
)
def test_an_address_leads_to_its_database(address: str, expected: tuple[str, int, str, str, str]) -> None:
    """Whatever has a meaning in an address is quoted in it."""
    assert expected == place(address)[:5]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql:",
        "postgresql://",
        "postgres://ann:seen@db/records",
        "postgresql://db/records",
        "postgresql://ann@db/seen",
        "postgresql://ann:@db/seen",
        "postgresql://:seen@db/records",
        "postgresql://ann:seen@/records",
        "postgresql://ann:seen@db",
        "postgresql://ann:seen@db/",
        "postgresql://ann:seen@db/records/more",
        "postgresql://ann:seen@db:0/records",
        "postgresql://ann:seen@db:port/records",
        "postgresql://ann:seen@db:65536/records",
        "postgresql://ann:seen@[db/records",
        "postgresql://ann:se/en@db/records",
        "postgresql://ann:se#en@db/records",
        "postgresql://ann:se?en@db/records",
        "postgresql://ann:seen%00@db/records",
        "postgresql://ann%00database%00other:seen@db/records",
        "postgresql://ann:seen%ff@db/records",
        "postgresql://ann:seen@db/records#part",
        "postgresql://ann:seen@db/records?sslmode=disable",
        f"postgresql://ann:seen@db/records?ca={QUIET}&sslmode=disable",
        "postgresql://ann:seen@db/records?ca",
        "postgresql://ann:seen@db/records?ca=",
        "postgresql://ann:seen@127.0.0.1/records?ca=",
        "postgresql://ann:seen@db/records?ca=seen",
        f"postgresql://ann:seen@db/records?ca={base64.urlsafe_b64encode(b'seen' * 9).decode()}",
        f"postgresql://ann:seen@db/records?ca={QUIET[:-8]}",
        f"postgresql://ann:seen@db/records?ca={QUIET}&ca={QUIET}",
        "postgresql://ann:seen@db/records?table=",
        "postgresql://ann:seen@db/records?table=seen;drop",
        "postgresql://ann:seen@db/records?table=Seen",
        "postgresql://ann:seen@db/records?table=1seen",
        f"postgresql://ann:seen@db/records?table={'s' * 64}",
        "postgresql://ann:seen@db/records?table=a&table=b",
    ],
)
def test_an_address_of_another_form_is_refused(address: str) -> None:
    """Without quoting it: neither its password nor anything that could be one, and not in what led to it either."""
    with pytest.raises(SettingsError, match=r"^STORE") as told:
        place(address)

    assert "see" not in told.value.message
    assert (None, True) == (told.value.__cause__, told.value.__suppress_context__ or told.value.__context__ is None)


def test_an_address_on_this_machine_may_name_a_table_and_do_without_tls() -> None:
    """Only an authority asks for TLS there."""
    there = place("postgresql://ann:secret@127.0.0.1/records?table=twocan_try")

    assert ("twocan_try", None) == (there.table, there.tls)


def test_a_place_does_not_tell_its_password() -> None:
    """Wherever somebody prints it."""
    assert "Place(...)" == repr(place("postgresql://ann:secret@db/records")) == str(place("postgresql://ann:secret@db/records"))


@pytest.mark.parametrize(
    ("host", "query", "checked"),
    [
        ("127.0.0.1", "", False),
        ("localhost", "", False),
        ("[::1]", "", False),
        ("localhost", f"?ca={QUIET}", True),
        ("127.0.0.2", "", True),
        ("localhost.example.com", "", True),
        ("192.168.0.7", "", True),
    ],
)
def test_only_this_machine_may_do_without_tls(host: str, query: str, checked: bool) -> None:
    """And nowhere is a certificate or a name left unchecked."""
    tls = place(f"postgresql://ann:secret@{host}/records{query}").tls

    assert checked == (tls is not None)
    assert tls is None or (True, 2) == (tls.check_hostname, tls.verify_mode)


@pytest.mark.parametrize("authority", ["", postgres.AUTHORITY.quoted], ids=["plain", "tls"])
def test_a_connection_is_kept(clock: Clock, authority: str) -> None:
    """Signing in again for each statement would cost more than the statement."""
    way = Way(by_name(authority), clock)

    assert way.who() == way.who()
    assert [[bool(authority)]] == way.server.read("select ssl from pg_stat_ssl where pid = pg_backend_pid()", {})


@pytest.mark.parametrize(("authority", "host"), [(QUIET, "localhost"), (postgres.AUTHORITY.quoted, "127.0.0.1")], ids=["unknown", "another-name"])
def test_a_server_that_proves_nothing_is_refused(clock: Clock, authority: str, host: str) -> None:
    """Vouched for by somebody else, or for another name; at once, since another try would not make it better."""
    way = Way(by_name(authority, host), clock)

    with pytest.raises(Unavailable, match="does not prove that it is the one"):
        way.who()
    assert [] == way.pauses


def test_a_server_without_tls_hears_no_name(clock: Clock) -> None:
    """It was asked for TLS, and that is all that it was told."""
    heard: list[bytes] = []
    with saying(b"N", heard) as port, pytest.raises(Unavailable):
        Way(f"postgresql://ann:secret@127.0.0.1:{port}/records?ca={QUIET}", clock).who()

    assert [b"\0\0\0\x08\x04\xd2\x16\x2f"] * 3 == heard[:3]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (postgres.QUOTED, "wrong", "check the user and the password"),
        (f"//{postgres.USER}:", "//nobody:", "check the user and the password"),
        ("/postgres", "/nowhere", "database is not there"),
    ],
    ids=["password", "user", "database"],
)
def test_who_is_not_let_in_is_told_what_to_do(clock: Clock, old: str, new: str, said: str) -> None:
    """At once, and without the server's own words, which quote names."""
    way = Way(by_name().replace(old, new), clock)

    with pytest.raises(Unavailable, match=said) as told:
        way.who()
    assert [] == way.pauses
    assert not any(word in told.value.message for word in ("nobody", "nowhere", "wrong", postgres.USER))


def test_a_server_that_is_gone_is_tried_again(clock: Clock) -> None:
    """A restart takes a moment; then it is said that nothing was done."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    way = Way(f"postgresql://ann:secret@127.0.0.1:{port}/records", clock)

    with pytest.raises(Unavailable):
        way.server.write(COUNT, {"one": 1})
    assert PAUSES == way.pauses


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"R\0\0\0\x0c\0\0\0\x63????", b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0", b"\xff" * 99]
)
def test_who_speaks_no_postgresql_is_unavailable(clock: Clock, answer: bytes) -> None:
    """Whatever it says; nothing was done."""
    with saying(answer) as port:
        way = Way(f"postgresql://ann:secret@127.0.0.1:{port}/records", clock)
        with pytest.raises(Unavailable):
            way.server.write(COUNT, {"one": 1})

    assert PAUSES == way.pauses


def test_who_says_nothing_is_waited_for_once(clock: Clock) -> None:
    """Three times that long, and the caller's own time would be over."""
    with saying(None) as port:
        way = Way(f"postgresql://ann:secret@127.0.0.1:{port}/records", clock, patience=0.2)
        with pytest.raises(Unavailable):
            way.who()

    assert [] == way.pauses


def test_a_slow_answer_is_unknown_for_a_write(clock: Clock) -> None:
    """A read is simply unavailable: its time is gone."""
    way = Way(by_name(), clock, patience=0.2)

    for work, expected in ((way.server.read, Unavailable), (way.server.write, Unknown)):
        with pytest.raises(expected):
            work("select pg_sleep(2)", {})
    assert [] == way.pauses


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_write_is_unknown(clock: Clock, when: When) -> None:
    """Carried out or not, nobody knows, so that it is not sent again."""
    postgres.run("create table if not exists counted (number integer)")
    postgres.run("delete from counted")
    postgres.run("insert into counted values (0)")
    with Relay(postgres.port(), when) as relay:
        way = Way(by_name().replace(str(postgres.port()), str(relay.port)), clock)
        with pytest.raises(Unknown):
            way.server.write(COUNT, {"one": 1})

    assert ([], 1) == (way.pauses, relay.calls)
    assert [[0 if when == "before" else 1]] == postgres.run("select number from counted")


def test_a_lost_read_is_sent_again(clock: Clock) -> None:
    """It changes nothing."""
    with Relay(postgres.port(), "after") as relay:
        way = Way(by_name().replace(str(postgres.port()), str(relay.port)), clock)
        with pytest.raises(Unavailable):
            way.server.read(READ, {"one": "1"})

    assert (PAUSES, 3) == (way.pauses, relay.calls)


def test_a_connection_that_ended_is_not_used(clock: Clock) -> None:
    """A write into it would be Unknown for nothing."""
    name = postgres.database()
    way = Way(postgres.address(name), clock)
    first = way.who()
    postgres.cut_off(name)

    assert first != way.server.write(WHO, {})[0][0]
    assert [] == way.pauses


@pytest.mark.parametrize(("seconds", "kept"), [(30, True), (31, False)])
def test_a_connection_that_waited_long_is_not_used(clock: Clock, seconds: int, kept: bool) -> None:
    """Frozen meanwhile, the function would not know that it is gone."""
    way = Way(by_name(), clock)
    first = way.who()
    clock.forward(seconds)

    assert kept == (first == way.who())


@pytest.mark.parametrize(
    ("code", "read", "write", "pauses"),
    [
        ("40001", Unavailable, Unavailable, PAUSES),
        ("40P01", Unavailable, Unavailable, PAUSES),
        ("57P01", Unavailable, Unknown, PAUSES),
        ("58030", Unavailable, Unknown, PAUSES),
        ("XX000", Unavailable, Unknown, PAUSES),
        ("42501", Unavailable, Unavailable, []),
        ("53100", Unavailable, Unavailable, []),
        ("22003", Unavailable, Unavailable, []),
    ],
)
def test_a_code_says_what_was_done(clock: Clock, code: str, read: type[Exception], write: type[Exception], pauses: list[float]) -> None:
    """Ended for another's sake, it is tried again; shut down in the middle, a write is Unknown. The server's words are not passed on."""
    way = Way(by_name(), clock)
    statement = f"do $$ begin raise exception 'seen' using errcode = '{code}'; end $$"

    with pytest.raises(RecordsError) as told:
        way.server.read(statement, {})
    assert (read, pauses) == (kind(told.value), way.pauses)
    way.pauses.clear()
    with pytest.raises(RecordsError) as told:
        way.server.write(statement, {})
    assert (write, pauses if write is read else []) == (kind(told.value), way.pauses)
    assert "seen" not in told.value.message


def kind(error: BaseException) -> type[BaseException]:
    """Return which of the port's two errors it is."""
    return Unknown if isinstance(error, Unknown) else Unavailable


@pytest.mark.parametrize(("password", "authority"), [("seen", ""), (postgres.QUOTED, QUIET)], ids=["password", "certificate"])
def test_no_error_tells_the_password(clock: Clock, password: str, authority: str) -> None:
    """Neither in its own text nor in that of what led to it."""
    with pytest.raises(RecordsError) as told:
        Way(by_name(authority).replace(postgres.QUOTED, password), clock).who()
    error: BaseException | None = told.value
    texts = [repr(told.value.body())]
    while error is not None:
        texts += [str(error), repr(error)]
        error = error.__cause__ or error.__context__

    assert [] == [text for text in texts if "seen" in text]
