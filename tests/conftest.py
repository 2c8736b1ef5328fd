"""What every test may ask for: a clock, records in memory, the desk that signs in, recorded events. No test reaches a network."""

from __future__ import annotations

import gc
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from functions.shared.stores import Records, open_records
from tests.fakes.clock import Clock
from tests.fakes.desk import Desk
from tests.fakes.forge import token

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

EVENTS = Path(__file__).parent / "fixtures" / "events"
_SLOW = tuple(Path(__file__).parent / folder for folder in ("deploy/clouds", "browser"))
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")

settings.register_profile("check", max_examples=60, deadline=None, derandomize=True, database=None)
settings.register_profile("nightly", max_examples=5_000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "check"))


def _refuse_the_world(name: str, arguments: tuple[Any, ...]) -> None:
    if name != "socket.connect":
        return
    address = arguments[1]
    if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
        raise RuntimeError(f"a test tried to reach {address[0]}")


# An audit hook sees every socket of this process, whichever library opens it, and nothing needs to be patched.
sys.addaudithook(_refuse_the_world)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes long first, so that no worker is left alone with it at the end; the others stay shuffled."""
    shuffled = {item.path: place for place, item in enumerate(items)}
    items.sort(key=lambda item: (_is_quick(item), shuffled[item.path], _line(item)))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the collector of garbage not look at what stays to the end: the modules and the tests themselves are millions of objects.

    Each of its full rounds would walk through them all, while they are made and in the tests that ask for one.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def _is_quick(item: pytest.Item) -> bool:
    return not any(map(item.path.is_relative_to, _SLOW))


def _line(item: pytest.Item) -> tuple[str, int]:
    # The deployed stage's tests break parts of it and mend them, all in one account, whose rates and workers the next test meets: in their own order,
    # one cloud after the other.
    if item.path.name != "test_deployed.py":
        return "", 0
    return re.split(r"[]-]", item.name.rpartition("[")[2])[0], item.reportinfo()[1] or 0


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


@pytest.fixture(name="records")
def _records(clock: Clock) -> Records:
    return open_records("sqlite:///:memory:", clock)


@pytest.fixture(name="desk")
def _desk(records: Records, clock: Clock) -> Desk:
    desk = Desk(records, clock)
    desk.open_account()
    return desk


@pytest.fixture(name="recorded")
def _recorded() -> Callable[[str], Any]:
    """Return the reader of recorded events: recorded("aws/me"). In their texts $TOKEN stands for a good access token."""
    return lambda name: json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8").replace("$TOKEN", token()))
