"""How often FunctionGraph's versions were called, how long it took and how it ended, by the minute: what statistics and CES tell.

This file knows counting; it knows no cloud's words for it. Older numbers than a day's are forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_DAY = 24 * 60

#: A version: the function's name, and its own.
Which = tuple[str, str]


class Minute(NamedTuple):
    """What happened within a minute; times in milliseconds. What was rejected has not been run, and took none."""

    calls: int = 0
    failed: int = 0
    rejected: int = 0
    total: float = 0
    longest: float = 0
    shortest: float = 0

    @property
    def ran(self) -> int:
        """How many were run."""
        return self.calls - self.rejected

    def plus(self, other: Minute) -> Minute:
        """Return both together."""
        shortest = min(one.shortest for one in (self, other) if one.ran) if self.ran or other.ran else 0
        calls, failed, rejected = self.calls + other.calls, self.failed + other.failed, self.rejected + other.rejected
        return Minute(calls, failed, rejected, self.total + other.total, max(self.longest, other.longest), shortest)


class Numbers:
    """The numbers of every version."""

    def __init__(self) -> None:
        self._minutes: dict[Which, dict[int, Minute]] = {}

    def add(self, which: Which, now: float, took: float, *, failed: bool, rejected: bool) -> None:
        """Count one call."""
        minutes = self._minutes.setdefault(which, {})
        minute = int(now // 60)
        spent = 0.0 if rejected else took
        minutes[minute] = minutes.get(minute, Minute()).plus(Minute(1, int(failed), int(rejected), spent, spent, spent))
        for old in [one for one in minutes if one < minute - _DAY]:
            del minutes[old]

    def between(self, name: str, version: str | None, since: float, until: float) -> dict[int, Minute]:
        """Return a version's minutes, or the whole function's: each by its beginning, in seconds."""
        found: dict[int, Minute] = {}
        for minute, one in self._of(name, version):
            if int(since // 60) <= minute <= int(until // 60):
                found[minute * 60] = found.get(minute * 60, Minute()).plus(one)
        return dict(sorted(found.items()))

    def forget(self, name: str) -> None:
        """Forget a function."""
        for which in [one for one in self._minutes if one[0] == name]:
            del self._minutes[which]

    def _of(self, name: str, version: str | None) -> Iterable[tuple[int, Minute]]:
        return (pair for which, minutes in self._minutes.items() if which[0] == name and version in {None, which[1]} for pair in minutes.items())
