"""The cells of the matrix: one operation, killed at one call, run once more, and what that left compared with what a clean run leaves.

Each cell has a fork of the account as it was before the operation. To add an operation, add its line to `OPERATIONS`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import Future
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.local.stage import ROOT
from tests.matrix.account import empty
from tests.matrix.cloud import load
from tests.matrix.proxy import Kill, Proxy
from tests.matrix.stage import folder

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from tests.matrix.account import Account
    from tests.matrix.cloud import Cloud

Order = tuple[str, str]


class Operation(NamedTuple):
    """An order that is killed, and the orders that made the account in which it begins."""

    name: str
    order: Order
    before: tuple[Order, ...] = ()


_PROMOTED: tuple[Order, ...] = (("apply", "first"), ("apply", "second"), ("promote", "second"))
OPERATIONS = (
    Operation("fresh apply", ("apply", "first")),
    Operation("update", ("apply", "second"), (("apply", "first"), ("old", "first"))),
    Operation("promote", ("promote", "third"), (*_PROMOTED, ("old", "second"), ("apply", "third"))),
    Operation("destroy", ("destroy", "second"), _PROMOTED),
)


class Cell(NamedTuple):
    """One death: at which call, and whether the account still carried it out."""

    operation: Operation
    number: int
    after: bool

    def __str__(self) -> str:
        return f"{self.operation.name} {'after' if self.after else 'before'} call {self.number}"


class End(NamedTuple):
    """What an operation left: the deployer's own view, the account's list, what must never be; and the calls that it took."""

    state: dict[str, Any]
    listed: list[str]
    loose: list[str]
    changes: list[str]


class Lane:
    """One deployer behind one proxy; lanes run side by side."""

    def __init__(self, cloud: Cloud, here: Path, now: float) -> None:
        command = [sys.executable, "-m", "tests.matrix.deployer", cloud.NAME, str(here)]
        self._deployer = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.proxy = Proxy(cloud.read)
        self._now = now

    def __enter__(self) -> Self:
        self.proxy.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        with self._deployer:
            self._deployer.kill()
        self.proxy.__exit__()

    def obey(self, order: Order, account: Account, *, number: int = 0, after: bool = False) -> dict[str, Any]:
        """Have an order carried out, and its deployer killed at a call, if there is one of this number; return how it ended."""
        assert self._deployer.stdin
        assert self._deployer.stdout
        victim: Future[int] = Future()
        self.proxy.lead(account.url, Kill(number, after, victim.result))
        document = {"order": order[0], "edition": order[1], "url": self.proxy.url, "now": self._now}
        self._deployer.stdin.write(json.dumps(document) + "\n")
        self._deployer.stdin.flush()
        victim.set_result(int(self._deployer.stdout.readline()))
        ended: dict[str, Any] = json.loads(self._deployer.stdout.readline())
        return ended


class Grid:
    """`with Grid("aws", folder, lanes=2) as grid`: the accounts in which operations begin, each made once, and the lanes."""

    def __init__(self, cloud: str, here: Path, lanes: int) -> None:
        self.cloud = load(cloud)
        self._here = folder(here, self.cloud)
        self._count = lanes
        # One time for all runs, so that one rollout has one name; and one that an account may be asked for what was since.
        self._now = time.time()
        self._stack = ExitStack()
        self._known: dict[tuple[Order, ...], Account] = {}
        self._clean: dict[str, End] = {}

    def __enter__(self) -> Self:
        self._known[()] = self._stack.enter_context(empty(self.cloud.NAME))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def lanes(self) -> list[Lane]:
        """The lanes."""
        return [self._stack.enter_context(Lane(self.cloud, self._here, self._now)) for _ in range(self._count)]

    def beginning(self, orders: tuple[Order, ...]) -> Account:
        """Return the account that these orders make."""
        if orders not in self._known:
            account = self.beginning(orders[:-1]).copy()
            ended = self.lanes[0].obey(orders[-1], account)
            assert "error" not in ended, ended
            self._known[orders] = account
        return self._known[orders]

    def clean(self, operation: Operation) -> End:
        """Return what the operation leaves that nobody kills."""
        if operation.name not in self._clean:
            with self.beginning(operation.before).copied() as account:
                self._clean[operation.name] = self._end(self.lanes[0], account, operation)
        return self._clean[operation.name]

    def cells(self, operation: Operation) -> list[Cell]:
        """Return all deaths of an operation."""
        return [Cell(operation, number, after) for number in range(1, len(self.clean(operation).changes) + 1) for after in (False, True)]

    def share(self, operation: Operation, every: int) -> list[Cell]:
        """Return a death at every so manieth call, before it and after it in turn, beginning elsewhere for each operation."""
        offset = OPERATIONS.index(operation) * 3 % every
        return [one for one in self.cells(operation) if one.number % every == offset and one.after == bool(one.number // every % 2)]

    def faults(self, cell: Cell, lane: Lane) -> list[str]:
        """Run a cell and return what is not as it should be."""
        clean = self.clean(cell.operation)
        with self.beginning(cell.operation.before).copied() as account:
            ended = lane.obey(cell.operation.order, account, number=cell.number, after=cell.after)
            if not lane.proxy.killed:
                return [f"{cell}: was not killed: {ended.get('error')}"]
            call = lane.proxy.changes[-1]
            between = account.ask("loose")
            end = self._end(lane, account, cell.operation)
        where = f"{cell} ({call})"
        faults = [f"{where}: meanwhile {one}" for one in between] + [f"{where}: {one}" for one in end.loose]
        faults += [f"{where}: {one}" for one in _differences(clean, end)]
        return faults

    def _end(self, lane: Lane, account: Account, operation: Operation) -> End:
        state = lane.obey(operation.order, account)
        changes = lane.proxy.changes
        listed = [one for one in account.ask("listed") if one != self.cloud.DEAD_LOCK]
        return End(state, listed, account.ask("loose"), changes)


def _differences(clean: End, end: End) -> list[str]:
    if "error" in end.state:
        return [end.state["error"]]
    lost, more = sorted(set(clean.listed) - set(end.listed)), sorted(set(end.listed) - set(clean.listed))
    twins = sorted({one for one in end.listed if end.listed.count(one) > clean.listed.count(one)} - set(more))
    found = [f"{word} {one}" for word, several in (("lost", lost), ("added", more), ("doubled", twins)) for one in several]
    there, wanted = end.state["things"], clean.state["things"]
    found += [f"{name}: {there.get(name)} instead of {wanted.get(name)}" for name in sorted({*there, *wanted}) if there.get(name) != wanted.get(name)]
    return found + [f"{name} differ" for name in ("outputs", "left") if end.state[name] != clean.state[name]]
