"""What the matrix must know of a cloud: a folder of its name beside this file, whose module is a `Cloud` and whose `application.py` an `Inside`.

To add a cloud, write its folder and add its name to `NAMES`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from deploy.deployment import Deployment
    from deploy.gateway_responses import Cloud as Name
    from tests.matrix.stage import Edition

NAMES: tuple[Name, ...] = ("aws", "huawei")
Application = Callable[[dict[str, Any], Callable[..., Any]], "Iterable[bytes]"]


class Call(NamedTuple):
    """One request; `headers` by small letters, `path` with its query. `name` is what it is called; `changes`: something in the account, if it may."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    name: str
    changes: bool


class Cloud(Protocol):
    """A cloud, seen by whoever deploys to it and counts the calls.

    `DEAD_LOCK` is how the inventory lists a lock: where a deployer died with everything done, the next has nothing to do and takes none.
    """

    NAME: Name
    DEAD_LOCK: str
    EDITIONS: Mapping[str, Edition]

    def read(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Call:
        """Return what a request is, told from the request alone."""

    def environment(self, url: str) -> dict[str, str]:
        """Return the variables that lead a deployer to an address."""

    def warm(self) -> None:
        """Import what a deployer imports only when it needs it; make no client."""

    def settle(self, deployment: Deployment) -> None:
        """Replace what would be another in each run."""


class Inside(Protocol):
    """A cloud, seen from the process that is the account."""

    def empty(self) -> tuple[Application, Mapping[str, Callable[[Mapping[str, str]], Any]]]:
        """Return a new account, and what it can be asked about itself: `listed` and `loose` at least."""


def load(name: str) -> Cloud:
    """Return the cloud of this name."""
    return cast("Cloud", import_module(f"tests.matrix.{name}"))


def inside(name: str) -> Inside:
    """Return the cloud of this name, to be run in this process."""
    return cast("Inside", import_module(f"tests.matrix.{name}.application"))
