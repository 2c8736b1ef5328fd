"""A share of the crash matrix on strict moto; `make matrix` runs all of it, and tests/laws the same on a cloud in memory, at every call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.matrix.__main__ import run
from tests.matrix.grid import OPERATIONS

if TYPE_CHECKING:
    from tests.matrix.grid import Grid, Operation

#: `make test` kills at every so manieth call.
EVERY = 36
#: Fewer calls than any operation takes that does what it should.
FEW = 24


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_a_clean_run_leaves_nothing_to_do(grid: Grid, operation: Operation) -> None:
    """What the cells are compared with is itself as it should be."""
    clean = grid.clean(operation)
    left = [] if operation.order[0] == "destroy" else clean.state["left"]
    # An apply removes nothing, which is a promotion's to do; and a promotion keeps the files of the page that was shown before.
    later = "Delete(" if operation.order[0] == "apply" else "Delete(thing=SiteFile"

    assert ([], None, []) == (clean.loose, clean.state.get("error"), [one for one in left if not one.startswith(later)])
    assert len(clean.changes) > FEW


@pytest.mark.timeout(600)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_a_deployer_that_was_killed_is_gone_on_with(grid: Grid, operation: Operation) -> None:
    """Before a call was sent and after AWS carried it out: the end is a clean run's, nothing is doubled or lost, and nothing is open meanwhile."""
    cells = grid.share(operation, EVERY)

    assert [] == [fault for faults in run(grid, cells) for fault in faults]
    assert cells
