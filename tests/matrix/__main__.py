"""`make matrix`: every cell of every operation, or of those that are named; a line for each operation, and one for each fault, as it comes.

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

from tests.matrix.grid import OPERATIONS, Grid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.matrix.grid import Cell, Lane


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
    wrong = 0
    with tempfile.TemporaryDirectory() as here, Grid(Path(here), os.cpu_count() or 1) as grid:
        for operation in [one for one in OPERATIONS if one.name in names or not names]:
            began = time.monotonic()
            cells = grid.cells(operation)
            faulty = [_shown(faults) for faults in run(grid, cells) if faults]
            wrong += len(faulty)
            print(f"{operation.name}: {len(cells) - len(faulty)}/{len(cells)} in {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201
    return int(wrong > 0)


def _shown(faults: list[str]) -> list[str]:
    print(*faults, sep="\n", file=sys.stderr, flush=True)  # noqa: T201
    return faults


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
