"""A clock that goes only when it is told to."""

from __future__ import annotations


class Clock:
    """Seconds since 1970; call it for the time, as code calls `time.time`."""

    def __init__(self, seconds: int = 1_800_000_000) -> None:
        self.seconds = seconds

    def __call__(self) -> int:
        """Return the time."""
        return self.seconds

    def forward(self, seconds: int) -> None:
        """Let time pass."""
        self.seconds += seconds
