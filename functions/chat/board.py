"""What this instance has seen of each model of late: which one to leave alone for now, how busy it is, how quick.

A circuit breaker for each (https://martinfowler.com/bliki/CircuitBreaker.html): open after three failures in a row, or at once where the server says
when to come back; then one question is let through to probe it, not a herd. It knows names and moments of a clock; it must know no vendor, and asks
nobody. It is safe for threads.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Callable, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Failures in a row after which a model is left alone.
FAILURES = 3
#: Seconds for which it is then, twice as long each time, and at most; a server's own Retry-After may be as long as `_LONGEST_ASKED`.
_FIRST, _LONGEST, _LONGEST_ASKED = 2.0, 60.0, 600.0
#: Seconds after which a probe whose end nobody saw counts for nothing.
_PROBE = 30.0
_SOON = 0.25
#: How much of the last time to a first token goes into the average, and the seconds for which that is believed.
_SHARE, _FRESH = 0.3, 120.0
#: Seconds after which an outcome counts no more.
PERIOD = 3600
#: How many of the last outcomes are kept of each model.
_LATELY = 50


class Standing(NamedTuple):
    """How a model stands: seconds until it may be asked, 0 for now; questions that are open; how many failed of how many.

    `first_token` is the seconds to one, None where nobody has waited for one of late.
    """

    wait: float = 0.0
    open: int = 0
    failed: int = 0
    asked: int = 0
    first_token: float | None = None


class Outcome(NamedTuple):
    """What came of one question: how many seconds ago it ended, the seconds to its first token if one was waited for, its error's code or ""."""

    ago: float
    first_token: float | None
    code: str


class Board:
    """The standings, by the models' names. `tell` is called with a name and seconds when a model is to be left alone for that long, and `seen`
    when there is something new to see, on the way: of a platform that stops a function between questions it asks no time after one.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self.tell: Callable[[str, float], None] = lambda _name, _seconds: None
        self.seen: Callable[[], None] = lambda: None

    def standing(self, name: str) -> Standing:
        """Return how a model stands."""
        kept = self._kept.get(name)
        return kept.standing() if kept else Standing()

    def standings(self) -> Mapping[str, Standing]:
        """Return how all stand that were ever asked."""
        return {name: self.standing(name) for name in list(self._kept)}

    def lately(self, name: str) -> list[Outcome]:
        """Return what came of a model's last questions, the oldest first."""
        kept = self._kept.get(name)
        return kept.lately() if kept else []

    def lease(self, name: str) -> Lease | None:
        """Return leave to ask a model one question, or None while it is to be left alone. End it."""
        return self._found(name).lease()

    def shut(self, name: str, seconds: float) -> None:
        """Leave a model alone for so long, as somebody else has found; the later deadline wins."""
        if seconds > 0:
            self._found(name).shut(min(seconds, _LONGEST_ASKED))

    def _is_new(self) -> None:
        self.seen()

    def _found(self, name: str) -> _Kept:
        return self._kept.setdefault(name, _Kept(self._clock, lambda seconds: self.tell(name, seconds), self._is_new))


class Lease:
    """One question that is open. Ending it twice is ending it once. `probes`: it is the one question by which a model is tried again."""

    def __init__(self, kept: _Kept, began: float, *, probes: bool) -> None:
        self._kept = kept
        self._began = began
        self._probes = probes
        self._open = True
        self._noted: _Noted | None = None

    def first_token(self) -> None:
        """Note that the first token is here: it is an answer, unless it fails yet."""
        self._noted = self._kept.note(self._kept.learn(self._began), "")

    def end(self, *, failed: str | None = "", retry_after: float | None = None) -> None:
        """Note how it ended: by the error of this code, by none, or None where nobody can tell."""
        if self._open:
            self._open = False
            self._kept.end(probes=self._probes, failed=failed, retry_after=retry_after)
            if self._noted is not None:
                self._kept.amend(self._noted, failed or "")
            elif failed is not None:
                self._kept.note(None, failed)


class _Noted:
    """An outcome as it is kept: it may get worse while an answer goes on."""

    def __init__(self, moment: float, first_token: float | None, code: str) -> None:
        self._told = (moment, first_token, code)

    def end(self, moment: float, code: str) -> None:
        self._told = (moment, self._told[1], code)

    def outcome(self, now: float) -> Outcome:
        moment, first_token, code = self._told
        return Outcome(now - moment, first_token, code)


class _Kept:
    """One model's: the moments until which it is left alone (0: it is not) and until which a probe is waited for, failures in a row, and counts."""

    def __init__(self, clock: Callable[[], float], tell: Callable[[float], None], seen: Callable[[], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._seen = seen
        self._lock = threading.Lock()
        self._until = self._probed = self._learnt = 0.0
        self._row = self._open = self._asked = self._failed = 0
        self._first_token: float | None = None
        self._lately: deque[_Noted] = deque(maxlen=_LATELY)

    def standing(self) -> Standing:
        now = self._clock()
        with self._lock:
            return Standing(self._shut(now), self._open, self._failed, self._asked, self._known(now))

    def lease(self) -> Lease | None:
        now = self._clock()
        with self._lock:
            if self._shut(now):
                return None
            probes = bool(self._until)
            # It stays shut for the others until the probe's end, or until that is not to be waited for any more.
            self._probed = now + _PROBE if probes else 0.0
            self._open += 1
            self._asked += 1
        return Lease(self, now, probes=probes)

    def shut(self, seconds: float) -> None:
        with self._lock:
            self._until = max(self._until, self._clock() + seconds)

    def learn(self, began: float) -> float:
        now = self._clock()
        with self._lock:
            known = self._known(now)
            self._first_token = now - began if known is None else known + _SHARE * (now - began - known)
            self._learnt = now
        return now - began

    def note(self, first_token: float | None, code: str) -> _Noted:
        noted = _Noted(self._clock(), first_token, code)
        with self._lock:
            self._lately.append(noted)
        self._seen()
        return noted

    def amend(self, noted: _Noted, code: str) -> None:
        noted.end(self._clock(), code)

    def lately(self) -> list[Outcome]:
        now = self._clock()
        with self._lock:
            return [noted.outcome(now) for noted in self._lately]

    def end(self, *, probes: bool, failed: str | None, retry_after: float | None) -> None:
        now = self._clock()
        with self._lock:
            self._open -= 1
            self._probed = 0.0 if probes else self._probed
            if failed:
                self._fail(now, retry_after)
            elif failed is not None and (probes or not self._until):
                # What was asked before it was shut opens nothing: it says how things were then.
                self._until, self._row = 0.0, 0

    def _fail(self, now: float, retry_after: float | None) -> None:
        self._row += 1
        self._failed += 1
        if retry_after is None and self._row < FAILURES and not self._until:
            return
        pause = min(_FIRST * 2 ** max(self._row - FAILURES, 0), _LONGEST) if retry_after is None else min(retry_after, _LONGEST_ASKED)
        # Of two that failed at once the later word holds.
        self._until = max(self._until, now + pause)
        self._tell(pause)

    def _shut(self, now: float) -> float:
        """Return the seconds for which it is left alone at least: a probe may be back at any moment."""
        return max(0.0, self._until - now, _SOON if self._probed > now else 0.0)

    def _known(self, now: float) -> float | None:
        return self._first_token if now - self._learnt <= _FRESH else None
