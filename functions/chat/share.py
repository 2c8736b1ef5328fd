"""What all instances share, through the store: who finds a model down tells the others, and the later deadline wins; and what came of the last
questions, for the admin's page.

It knows two partitions of the records and two moments, of this instance's clock and of the calendar; it must know no vendor. No question waits for
it: what the others have said is read beside one, every few seconds at most, and what is told is told on a thread of its own. Where the store does not
answer, each instance has what it has seen itself.
"""

from __future__ import annotations

import secrets
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable

from functions.chat.board import PERIOD, Outcome
from functions.shared.errors import Conflict, TwocanError
from functions.shared.stores import ANY

if TYPE_CHECKING:
    from functions.chat.board import Board
    from functions.shared.stores import Record, Records

#: Seconds between two looks at least.
EVERY = 5.0
_PARTITION = "breaker"
_SEEN = "seen"
# Instances that are read at once.
_PAGE = 100
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
        self._last: dict[str, float] = {}
        self._lock = threading.Lock()
        # What nobody else calls itself.
        self._name = secrets.token_hex(8)
        self._told: dict[str, list[Any]] = {}
        board.tell = self.tell
        board.seen = self.seen

    def look(self) -> None:
        """Begin to read what the others have told, and to tell what was seen since it was told, if that was not done of late."""
        if self._is_time("look"):
            _beside(self._meet)

    def seen(self) -> None:
        """Begin to tell what was seen, if that was not done of late."""
        if self._is_time("tell"):
            _beside(self._tell_seen)

    def tell(self, name: str, seconds: float) -> None:
        """Begin to tell the others that a model is to be left alone for so long."""
        until = int(self._now() + seconds)
        _beside(lambda: self._write(name, until))

    def others(self) -> list[dict[str, list[Outcome]]]:
        """Return what came of the others' last questions, by instance and model, and learn what they leave alone. Waits. Raises RecordsError."""
        self._read()
        now, found, last = self._now(), [], ""
        while True:
            page = self._records.query(_SEEN, after=last, limit=_PAGE)
            found += [_seen(record, now) for record in page if record.sort != self._name]
            if len(page) < _PAGE:
                return found
            last = page[-1].sort

    def _meet(self) -> None:
        self._read()
        self._tell_seen()

    def _is_time(self, what: str) -> bool:
        now = self._clock()
        with self._lock:
            last = self._last.get(what)
            if last is not None and now - last < EVERY:
                return False
            self._last[what] = now
        return True

    def _tell_seen(self) -> None:
        now = self._now()
        seen = {name: [_written(outcome, now) for outcome in self._board.lately(name)] for name in self._board.standings()}
        if seen != self._told:
            self._records.put(_SEEN, self._name, {"models": seen}, if_version=ANY, expires=int(now) + PERIOD)
            self._told = seen

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


def _written(outcome: Outcome, now: float) -> list[Any]:
    """Return an outcome as it is stored: the second it ended in, milliseconds to the first token or null, the code."""
    waited = outcome.first_token
    return [round(now - outcome.ago), None if waited is None else round(waited * 1000), outcome.code]


def _seen(record: Record, now: float) -> dict[str, list[Outcome]]:
    """Return what an instance has told; an older or newer release may write otherwise, and then it has told nothing."""
    try:
        told = record.body["models"]
        return {name: [Outcome(now - at, None if ms is None else ms / 1000, str(code)) for at, ms, code in lines] for name, lines in told.items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}


def _beside(work: Callable[[], None]) -> None:
    def tried() -> None:
        # Nobody is there who could do anything about it.
        with suppress(TwocanError):
            work()

    threading.Thread(target=tried, name="breaker", daemon=True).start()
