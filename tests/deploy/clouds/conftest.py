"""An emulated AWS for the deployer's tests: accounts as they are after each edition of the stage, made once, and forked for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from tests.matrix import aws
from tests.matrix.aws import REGION
from tests.matrix.grid import Grid
from tests.matrix.stage import deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deploy.deployment import Deployment
    from tests.matrix.account import Account
    from tests.matrix.cloud import Call
    from tests.matrix.grid import Lane, Order
    from tests.matrix.proxy import Proxy

FIRST: tuple[Order, ...] = (("apply", "first"),)


class Here:
    """A test's own account, with a proxy before it, and hands of its own."""

    def __init__(self, grid: Grid, account: Account, folder: Path) -> None:
        self.account = account
        self._grid, self._folder = grid, folder
        self.lane.proxy.lead(account.url)

    @property
    def lane(self) -> Lane:
        """The deployer that is a process of its own."""
        return self._grid.lanes[0]

    @property
    def proxy(self) -> Proxy:
        """What stands before the account."""
        return self.lane.proxy

    def obey(self, order: str, edition: str) -> dict[str, Any]:
        """Have an order carried out in another process, and return what there is then, or the error."""
        return self.lane.obey((order, edition), self.account)

    def deployment(self, edition: str) -> Deployment:
        """Return the stage in this process."""
        return deployment(aws, self._folder, edition)

    def client(self, service: str) -> Any:
        """Return another hand than the deployer's."""
        return client(self.account, service)

    @property
    def api(self) -> str:
        """The id of the stage's API."""
        return api(self.account)

    def deployed(self) -> Any:
        """Return what the API's stage serves."""
        return self.account.ask(f"deployed?api={self.api}")


class First:
    """The account after a first apply, only to be looked at, and the calls that it took."""

    def __init__(self, account: Account, calls: list[Call]) -> None:
        self.account, self.calls = account, calls
        self._clients: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        return self._clients.setdefault(service, client(self.account, service))

    @property
    def functions(self) -> Any:
        """The client of Lambda, whose name is no name in Python."""
        return self._clients.setdefault("lambda", client(self.account, "lambda"))

    @property
    def api(self) -> str:
        """The id of the stage's API."""
        return api(self.account)

    def deployed(self) -> Any:
        """Return what the API's stage serves."""
        return self.account.ask(f"deployed?api={self.api}")

    def served(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the addresses that the stage serves, by method and path."""
        resources = self.deployed()["resources"]
        return {(method, one["path"]): about for one in resources for method, about in one.get("resourceMethods", {}).items()}


def client(account: Account, service: str) -> Any:
    """Return a client that goes to the account itself, not through the proxy."""
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    return boto3.client(service, endpoint_url=account.url, region_name=REGION, config=Config(s3={"addressing_style": "path"}), **keys)


def api(account: Account) -> str:
    """Return the id of the stage's API."""
    items = client(account, "apigateway").get_rest_apis()["items"]
    return str(next(one["id"] for one in items if one["name"] == "twocan-matrix"))


@pytest.fixture(name="grid_folder", scope="session")
def _grid_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("grid")


@pytest.fixture(name="grid", scope="session")
def _grid(grid_folder: Path) -> Iterator[Grid]:
    with Grid("aws", grid_folder, lanes=2) as grid:
        yield grid


@pytest.fixture(name="first", scope="session")
def _first(grid: Grid) -> Iterator[First]:
    with grid.beginning(()).copied() as account:
        ended = grid.lanes[0].obey(("apply", "first"), account)
        assert "error" not in ended, ended
        yield First(account, list(grid.lanes[0].proxy.calls))


@pytest.fixture(name="have")
def _have(grid: Grid, grid_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Here]]:
    """Return the way to an account of the test's own, after these orders."""
    used = []

    def have(*orders: Order) -> Here:
        copy = grid.beginning(orders).copied()
        used.append(copy)
        here = Here(grid, copy.__enter__(), grid_folder)
        for name, value in aws.environment(here.proxy.url).items():
            monkeypatch.setenv(name, value)
        return here

    yield have
    grid.lanes[0].proxy.meddle = lambda _: None
    for one in used:
        one.__exit__(None, None, None)


@pytest.fixture(name="applied")
def _applied(have: Callable[..., Here]) -> Here:
    return have(*FIRST)
