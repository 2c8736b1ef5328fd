"""Twocan as `make run` starts it: a process of its own in a folder of its own, until the test run ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.local import stage
from tests.fakes.ports import free_pair

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

PASSWORD = "hornbill over quiet water"


class Person(NamedTuple):
    """Somebody with an account."""

    username: str
    password: str


class Product:
    """A running Twocan; use it in a `with`. Ends by SIGINT, as Ctrl-C ends it."""

    def __init__(self, folder: Path, cloud: str, **environment: str) -> None:
        self._folder = folder
        self._log = (folder / "run.log").open("w")
        command = [sys.executable, "-m", "deploy", "run", "--cloud", cloud, "--port", str(free_pair()), "--folder", str(folder)]
        self.process = subprocess.Popen(
            command, cwd=stage.ROOT, env={**_clean(), "PASSWORD": PASSWORD, **environment}, stdout=self._log, stderr=subprocess.STDOUT
        )
        self._numbers = count(1)
        self.ready = self._wait()
        self.cloud = cloud
        self.page: str = self.ready["page"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self._log.close()

    def somebody(self) -> Person:
        """Add a user whom no other test has: ten sign-ins in 15 minutes are all that one account has."""
        return self.add(f"person{next(self._numbers)}")

    def add(self, username: str, password: str = PASSWORD) -> Person:
        """Add a user, or give one that exists this password, which ends their sessions."""
        here = stage.Stage(self._folder)
        arguments = {"username": username, "password": password}
        for command in ("users.passwd", "users.add"):
            if stage.invoke(command, arguments, here.settings({}))["status"] == 200:
                return Person(username, password)
        raise AssertionError(username)

    def _wait(self) -> dict[str, Any]:
        path = self._folder / "ready.json"
        deadline = time.monotonic() + 90
        while not path.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((self._folder / "run.log").read_text())
            time.sleep(0.05)
        ready: dict[str, Any] = json.loads(path.read_text())
        return ready


def _clean() -> dict[str, str]:
    """Return the environment without anything that would add models."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
