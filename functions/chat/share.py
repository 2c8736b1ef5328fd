"""Breakers that all instances share, through the store: who finds a model down tells the others, and the later deadline wins.

It knows a partition of the records and two moments, of this instance's clock and of the calendar; it must know no vendor. Nobody waits for it: what
the others have said is read beside a question, every few seconds at most, and what is told is told on a thread of its own. Where the store does not
answer, each instance has what it has seen itself.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Callable

from functions.shared.errors import Conflict, TwocanError

if TYPE_CHECKING:
    from functions.chat.board import Board
    from functions.shared.stores import Record, Records

#: Seconds between two looks at least.
EVERY = 5.0
_PARTITION = "breaker"
# Names of models are the owner's, and few.
_MOST = 100
# Tries to tell: another instance may tell of the same model at the same moment.
_TRIES = 3


class Share:
    """What instances tell one another of their boards. `now` is in seconds since 1970."""

    def __init__(self, records: Records, board: Board, now: Callable[[], float], clock: Callable[[], float]) -> None:
        self._records = records
        self._board = board
        self._now = now
        self._clock = clock
        self._looked: float | None = None
        self._lock = threading.Lock()
        board.tell = self.tell

    def look(self) -> None:
        """Begin to read what the others have told, if that was not done of late."""
        with self._lock:
            now = self._clock()
            if self._looked is not None and now - self._looked < EVERY:
                return
            self._looked = now
        _beside(self._read)

    def tell(self, name: str, seconds: float) -> None:
        """Begin to tell the others that a model is to be left alone for so long."""
        until = int(self._now() + seconds)
        _beside(lambda: self._write(name, until))

    def _read(self) -> None:
        for record in self._records.query(_PARTITION, limit=_MOST):
            self._board.shut(record.sort, _until(record) - self._now())

    def _write(self, name: str, until: int) -> None:
        for _ in range(_TRIES):
            there = self._records.get(_PARTITION, name)
            if there is not None and _until(there) >= until:
                return
            with suppress(Conflict):
                self._records.put(_PARTITION, name, {"until": until}, if_version=there.version if there else 0, expires=until + 1)
                return


def _until(record: Record) -> int:
    until = record.body.get("until")
    return until if isinstance(until, int) else 0


def _beside(work: Callable[[], None]) -> None:
    def tried() -> None:
        # Nobody is there who could do anything about it.
        with suppress(TwocanError):
            work()

    threading.Thread(target=tried, name="breaker", daemon=True).start()
