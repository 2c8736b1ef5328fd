"""`make matrix`: every cell of every cloud's every operation, or of those that are named; a line for each, and one for each fault, as it comes.

`python -m tests.matrix huawei promote "fresh apply"` runs two operations on one cloud.
Exit code 1 if there is a fault.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from tests.matrix.cloud import NAMES
from tests.matrix.grid import OPERATIONS, Grid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.matrix.grid import Cell, Lane, Operation


def run(grid: Grid, cells: Sequence[Cell]) -> Iterator[list[str]]:
    """Run cells, as many side by side as there are lanes, and yield the faults of each."""
    free: SimpleQueue[Lane] = SimpleQueue()
    for lane in grid.lanes:
        free.put(lane)

    def one(cell: Cell) -> list[str]:
        lane = free.get()
        try:
            return grid.faults(cell, lane)
        finally:
            free.put(lane)

    with ThreadPoolExecutor(len(grid.lanes)) as pool:
        yield from pool.map(one, cells)


def main(names: Sequence[str]) -> int:
    """Run all and print what came of it."""
    operations = [one for one in OPERATIONS if one.name in names] or OPERATIONS
    return int(sum(_wrong(cloud, operations) for cloud in [one for one in NAMES if one in names] or NAMES) > 0)


def _wrong(cloud: str, operations: Sequence[Operation]) -> int:
    """Run these operations on a cloud, print what came of each, and return in how many cells something was wrong."""
    wrong = 0
    with tempfile.TemporaryDirectory() as here, Grid(cloud, Path(here), os.cpu_count() or 1) as grid:
        for operation in operations:
            began = time.monotonic()
            cells = grid.cells(operation)
            faulty = [_shown(faults) for faults in run(grid, cells) if faults]
            wrong += len(faulty)
            print(f"{cloud} {operation.name}: {len(cells) - len(faulty)}/{len(cells)} in {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201
    return wrong


def _shown(faults: list[str]) -> list[str]:
    print(*faults, sep="\n", file=sys.stderr, flush=True)  # noqa: T201
    return faults


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
