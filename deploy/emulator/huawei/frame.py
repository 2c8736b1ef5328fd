"""One request's lines in the log, between the two that the platform writes around them (huawei.md, 1.2).

This file knows those two lines' words, and how much of a log an invocation's answer carries (3.1); it must not know where lines go.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.emulator.huawei.version import Version

_TAIL = 2000  # bytes (huawei.md, 3.1)


class Frame:
    """The log of one request, begun when it is made. Lines end with a line feed, as they are printed."""

    def __init__(self, version: Version, request_id: str, log: Callable[[str], object]) -> None:
        self._version = version
        self._request_id = request_id
        self._log = log
        self._text = b""
        self._began = time.perf_counter()
        self.say(f"Start invoke request '{request_id}', version: {version.version}\n")

    @property
    def tail(self) -> str:
        """The last of what was said so far."""
        return self._text.decode("utf-8", "replace")

    def say(self, line: str) -> None:
        """Write a line."""
        self._text = (self._text + line.encode("utf-8", "replace"))[-_TAIL:]
        self._log(line)

    def end(self, used: float) -> float:
        """Write the last line, with the MB that were used; return the milliseconds since the first."""
        took = (time.perf_counter() - self._began) * 1000
        self.say(
            f"Finish invoke request '{self._request_id}', duration: {took:.3f}ms, billing duration: {math.ceil(took)}ms, "
            f"memory used: {used:.3f}MB, billing memory: {self._version.memory}MB\n"
        )
        return took
