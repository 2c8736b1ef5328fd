"""A real PostgreSQL server on the loopback, started with the first database that somebody asks for and ended with the tests.

It speaks TLS to those who ask for it, as `localhost`, for which `AUTHORITY` vouches.
"""

from __future__ import annotations

import atexit
import functools
from itertools import count
from typing import Any

from deploy.emulator.huawei import database as emulated
from functions.shared import spared
from functions.shared.stores import open_table
from tests.fakes.authority import Authority
from tests.fakes.clock import Clock

with spared.postgres():
    from pg8000.native import Connection

#: What an owner's address holds; a password with every character that means something in one.
USER, PASSWORD = emulated.USER, "p@ss:w/rd?#%seen"
QUOTED = "p%40ss%3Aw%2Frd%3F%23%25seen"
AUTHORITY = Authority()
_NUMBERS = count(1)


@functools.cache
def port() -> int:
    """Start the server, once, and return its port."""
    vouched = AUTHORITY.vouch("localhost")
    files = {"certificate": vouched.certificate, "key": vouched.key}
    options = {"ssl": "on", "ssl_cert_file": "{folder}/certificate", "ssl_key_file": "{folder}/key", "fsync": "off", "max_connections": "60"}
    server = emulated.Postgres(PASSWORD, files=files, options=options)
    server.__enter__()
    atexit.register(server.__exit__, None, None, None)
    return server.port


def run(statement: str, name: str = "postgres", /, **values: Any) -> list[Any]:
    """Run a statement in a database, by another hand than the store's."""
    # In plain text: to read all that the machine trusts takes longer than most statements.
    with Connection(USER, host="127.0.0.1", port=port(), database=name, password=PASSWORD, ssl_context=False) as line:
        return list(line.run(statement, **values) or [])


def database(encoding: str = "UTF8") -> str:
    """Make a database of its own for somebody, and return its name."""
    name = f"records{next(_NUMBERS)}"
    run(f"create database {name} encoding '{encoding}' template template0")
    return name


def address(name: str) -> str:
    """Return a store's address."""
    return f"postgresql://{USER}:{QUOTED}@127.0.0.1:{port()}/{name}"


@functools.cache
def prepared() -> str:
    """Return the name of one database with a table, for those who empty it."""
    name = database()
    open_table(address(name), Clock()).prepare()
    return name


def emptied() -> str:
    """Return the address of a table that is empty now."""
    run("truncate twocan_records", prepared())
    return address(prepared())


def cut_off(name: str) -> None:
    """End the connections that stores have to a database, and wait until they are gone."""
    run("select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = :name and application_name = 'twocan'", name=name)
