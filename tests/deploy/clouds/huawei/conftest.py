"""Worlds for the Huawei target's tests: one after a first apply, to be looked at, and copies of it, or empty ones, to be changed."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from deploy.emulator.huawei.account import Account
from deploy.emulator.huawei.switches import Switches
from tests.deploy.clouds.huawei.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(name="first", scope="session")
def _first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world after a first apply; it must not be changed."""
    with World(Account(), tmp_path_factory.mktemp("huawei")) as world:
        world.apply()
        yield world


@pytest.fixture(name="have")
def _have(first: World, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Return the way to a world of the test's own: as after the first apply, or empty; and with other switches."""
    with ExitStack() as stack:

        def have(*, empty: bool = False, **switches: Any) -> World:
            chosen = Switches()._replace(**switches)
            account = Account(first.account.keys, chosen) if empty else first.copied(chosen)
            world = World(account, tmp_path)
            world.functions.ready = not empty
            return stack.enter_context(world)

        yield have


@pytest.fixture(name="applied")
def _applied(have: Callable[..., World]) -> World:
    return have()


@pytest.fixture(name="empty")
def _empty(have: Callable[..., World]) -> World:
    return have(empty=True)
