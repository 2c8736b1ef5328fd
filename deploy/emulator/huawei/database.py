"""A PostgreSQL server on the loopback, for as long as the block lasts: the database that an owner brings to Huawei Cloud.

It is the machine's own server, if one is installed, with a folder of its own; it does not run as root, so root starts it as the package's user.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

from deploy.local.alone import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

USER = "twocan"
_OPTIONS: Mapping[str, str] = MappingProxyType({"fsync": "off", "max_connections": "60"})
#: Seconds that the server has to come up, and to go.
_PATIENCE = 30


class NoServer(Exception):
    """There is no PostgreSQL server here, or it does not start; the message says what to do."""


class Postgres:
    """`with Postgres() as server:` a server at `server.port`. `files` are placed in its folder, whose path `options` have as {folder}."""

    def __init__(self, password: str = "", *, files: Mapping[str, bytes] = MappingProxyType({}), options: Mapping[str, str] = _OPTIONS) -> None:
        self.password = password or secrets.token_hex(16)
        self.port = 0
        self._files = {"password": self.password.encode(), **files}
        self._options = options
        self._user = "postgres" if os.getuid() == 0 else None

    def __enter__(self) -> Self:
        self._programs = {name: binary(name) for name in ("initdb", "postgres", "pg_isready")}
        self._folder = Path(tempfile.mkdtemp(prefix="twocan-postgres-"))
        try:
            self._start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # The fast way: who is connected is cut off.
        self._process.send_signal(signal.SIGINT)
        self._process.wait(_PATIENCE)
        shutil.rmtree(self._folder, ignore_errors=True)

    def address(self, database: str = "postgres") -> str:
        """Return a database's address."""
        return f"postgresql://{USER}:{quote(self.password, safe='')}@127.0.0.1:{self.port}/{database}"

    def log(self) -> str:
        """Return what the server has said so far."""
        return (self._folder / "log").read_text(encoding="utf-8")

    def _start(self) -> None:
        for name, body in self._files.items():
            self._place(self._folder / name, body)
        if self._user:
            shutil.chown(self._folder, self._user)
        data, self.port = str(self._folder / "data"), free_port()
        made = ["-D", data, "-U", USER, "--auth=scram-sha-256", f"--pwfile={self._folder / 'password'}", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run([self._programs["initdb"], *made], user=self._user, cwd=self._folder, capture_output=True, check=True)
        options = {"listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": "{folder}", **self._options}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value.format(folder=self._folder)}")]
        with (self._folder / "log").open("w") as log:
            command = [self._programs["postgres"], "-D", data, *words]
            # So that Ctrl-C in a terminal is not the server's, too.
            self._process = subprocess.Popen(command, user=self._user, cwd=self._folder, stdout=log, stderr=log, start_new_session=True)
        while not self._is_up():
            if self._process.poll() is not None:
                raise NoServer(f"PostgreSQL does not start: {self.log()}")

    def _place(self, path: Path, body: bytes) -> None:
        path.touch(0o600)
        path.write_bytes(body)
        if self._user:
            about = pwd.getpwnam(self._user)
            os.chown(path, about.pw_uid, about.pw_gid)

    def _is_up(self) -> bool:
        ready = [self._programs["pg_isready"], "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1"]
        return subprocess.run(ready, capture_output=True, check=False).returncode == 0


def binary(name: str) -> str:
    """Return the newest program of that name that Debian's packages or the path have. Raises NoServer."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(places[-1]) if places else shutil.which(name)
    if found is None:
        raise NoServer("There is no PostgreSQL server on this machine: install one (apt-get install postgresql), or set DATABASE_URL to yours.")
    return found
