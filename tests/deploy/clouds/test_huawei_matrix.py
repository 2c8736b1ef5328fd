"""A share of the crash matrix on the emulated Huawei Cloud; `make matrix` runs all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.matrix.__main__ import run
from tests.matrix.grid import OPERATIONS, Grid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.matrix.grid import Operation

#: `make test` kills at every so manieth call.
EVERY = 36
#: Fewer calls than any operation takes that does what it should.
FEW = 24


@pytest.fixture(name="grid", scope="module")
def _grid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grid]:
    with Grid("huawei", tmp_path_factory.mktemp("huawei"), lanes=2) as grid:
        yield grid


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_a_clean_run_leaves_nothing_to_do(grid: Grid, operation: Operation) -> None:
    """What the cells are compared with is itself as it should be."""
    clean = grid.clean(operation)
    left = [] if operation.order[0] == "destroy" else clean.state["left"]
    # An apply removes nothing, which is a promotion's to do; and a promotion keeps the files of the page that was shown before.
    later = "Delete(" if operation.order[0] == "apply" else "Delete(thing=SiteFile"

    assert ([], None, []) == (clean.loose, clean.state.get("error"), [one for one in left if not one.startswith(later)])
    assert len(clean.changes) > FEW
    assert operation.order[0] != "destroy" or not clean.listed


@pytest.mark.timeout(600)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_a_deployer_that_was_killed_is_gone_on_with(grid: Grid, operation: Operation) -> None:
    """Before a call was sent and after Huawei Cloud carried it out: the end is a clean run's, and nothing is open meanwhile."""
    cells = grid.share(operation, EVERY)

    assert [] == [fault for faults in run(grid, cells) for fault in faults]
    assert cells


@pytest.mark.parametrize("call", ["PUT twocan", "POST /functions/twocan-matrix-lock", "POST /groups", "POST /throttle-bindings"])
def test_what_a_dead_deployer_began_can_be_destroyed(grid: Grid, call: str) -> None:
    """A bucket without its lock, a group without a stream: each alone is enough to know that there is something."""
    lane, made = grid.lanes[0], grid.clean(OPERATIONS[0]).changes
    number = 1 + next(place for place, one in enumerate(made) if one.startswith(call))
    with grid.beginning(()).copied() as account:
        lane.obey(("apply", "first"), account, number=number, after=True)
        ended = lane.obey(("destroy", "first"), account)
        left = account.ask("listed")

    assert ("", []) == (ended.get("error", ""), left)


def test_what_a_dead_deployer_left_of_a_destroyed_stage_can_be_used_again(grid: Grid) -> None:
    """The lock outlives the bucket, so it is what was left."""
    lane, destroy = grid.lanes[0], OPERATIONS[-1]
    with grid.beginning(destroy.before).copied() as account:
        lane.obey(destroy.order, account, number=len(grid.clean(destroy).changes))
        between = account.ask("listed")
        ended = lane.obey(("apply", "first"), account)

    assert {"twocan-matrix-lock"} == {one.split()[1] for one in between}
    assert ([], None) == (ended["left"], ended.get("error"))
