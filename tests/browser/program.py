"""A program of ours as its user starts it: a process of its own, in a folder of its own, that ends by SIGINT, as Ctrl-C ends it."""

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

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

PASSWORD = "hornbill over quiet water"
_PATIENCE = 90


class Person(NamedTuple):
    """Somebody with an account."""

    username: str
    password: str


class Program:
    """`python -m deploy` with these words; use it in a `with`."""

    def __init__(self, folder: Path, *words: str, **environment: str) -> None:
        self.folder = folder
        self.names = (f"person{number}" for number in count(1))
        command = [sys.executable, "-m", "deploy", *words, "--folder", str(folder)]
        with (folder / "run.log").open("w") as log:
            self.process = subprocess.Popen(command, cwd=stage.ROOT, env={**_clean(), **environment}, stdout=log, stderr=subprocess.STDOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        finally:
            self.process.kill()

    def told(self, name: str, *members: str) -> dict[str, Any]:
        """Return what it tells in a file of its folder, once that has these members."""
        deadline = time.monotonic() + _PATIENCE
        path = self.folder / name
        while True:
            found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
            if found and set(members) <= found.keys():
                return found
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((self.folder / "run.log").read_text())
            time.sleep(0.05)


def _clean() -> dict[str, str]:
    """Return the environment without anything that would add models."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
