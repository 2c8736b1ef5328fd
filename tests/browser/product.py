"""Twocan as `make run` starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.local import stage
from tests.browser.program import PASSWORD, Person, Program
from tests.fakes.ports import free_pair

if TYPE_CHECKING:
    from pathlib import Path


class Product(Program):
    """A running Twocan; use it in a `with`."""

    def __init__(self, folder: Path, cloud: str, **environment: str) -> None:
        super().__init__(folder, "run", "--cloud", cloud, "--port", str(free_pair()), PASSWORD=PASSWORD, **environment)
        self.ready = self.told("ready.json")
        self.cloud = cloud
        self.page: str = self.ready["page"]

    def somebody(self) -> Person:
        """Add a user whom no other test has: ten sign-ins in 15 minutes are all that one account has."""
        return self.add(next(self.names))

    def add(self, username: str, password: str = PASSWORD) -> Person:
        """Add a user, or give one that exists this password, which ends their sessions."""
        here = stage.Stage(self.folder)
        arguments = {"username": username, "password": password}
        for command in ("users.passwd", "users.add"):
            if stage.invoke(command, arguments, here.settings({}))["status"] == 200:
                return Person(username, password)
        raise AssertionError(username)
