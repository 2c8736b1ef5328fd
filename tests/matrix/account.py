"""The handle of an emulated account: its address, its copies, and what it says about itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.local.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator


class Account(NamedTuple):
    """One account, by its server's process and port."""

    process: int
    port: int

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, question: str) -> Any:
        """Return its answer to one of server.py's questions."""
        with urllib.request.urlopen(f"{self.url}/matrix/{question}", timeout=60) as answer:
            return json.loads(answer.read())

    def copy(self) -> Account:
        """Return a copy with all that is in it, which ends with this one."""
        return Account(**self.ask("fork"))

    @contextmanager
    def copied(self) -> Iterator[Account]:
        """Have a copy for as long as the block lasts."""
        copy = self.copy()
        try:
            yield copy
        finally:
            with suppress(ProcessLookupError):
                os.kill(copy.process, signal.SIGKILL)


@contextmanager
def empty(cloud: str) -> Iterator[Account]:
    """Have a new account of a cloud for as long as the block lasts."""
    with subprocess.Popen([sys.executable, "-m", "tests.matrix.server", cloud], cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield Account(server.pid, int(server.stdout.readline()))
        finally:
            server.kill()
