"""One deployer at a time: a lock in the cloud that names who holds it, and that nobody has to clean up after.

This file knows when a lock is still good: it is renewed every minute, a dead process on this host loses it at once, any other after ten minutes.
It must know no cloud: an object that is written only if it is absent, or only if it is unchanged, is all it needs.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Protocol

from deploy.clouds import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds between two renewals, and after which a lock that was not renewed is nobody's.
RENEWED = 60.0
FORGOTTEN = 600.0


class Held(NamedTuple):
    """A lock as it lies there: what it says, the mark of this writing, and for how many seconds it has not been renewed."""

    body: bytes
    mark: str
    age: float


class Place(Protocol):
    """Where a lock lies."""

    def read_lock(self) -> Held | None:
        """Return the lock, or None."""

    def write_lock(self, body: bytes, mark: str) -> str | None:
        """Write it if it is as marked, "" for absent, and return its new mark; None if it is not so any more."""

    def drop_lock(self, mark: str) -> None:
        """Remove it, if it is as marked."""


class Holder(NamedTuple):
    """Who holds a lock: `born` is the process's own beginning, because numbers of processes come again."""

    host: str
    process: int
    born: str
    since: str


@contextmanager
def held(place: Place, *, renewed: float = RENEWED, now: Callable[[], float] = time.time) -> Iterator[None]:
    """Hold the lock within the block. Raises DeployError when another holds it, or when it was lost meanwhile."""
    since = datetime.fromtimestamp(now(), timezone.utc).isoformat(timespec="seconds")
    me = Holder(socket.gethostname(), os.getpid(), _born(os.getpid()), since)
    renewal = _Renewal(place, json.dumps(me._asdict()).encode(), _take(place, me), renewed)
    try:
        yield
    finally:
        mark = renewal.stop()
        if mark:
            place.drop_lock(mark)
    if not mark:
        raise DeployError("Another deployer took the lock over meanwhile. Run `python -m deploy status` to see what is there.")


def _take(place: Place, me: Holder) -> str:
    body = json.dumps(me._asdict()).encode()
    there = place.read_lock()
    if there is not None and not _over(there, me.host):
        raise DeployError(_refusal(there))
    mark = place.write_lock(body, there.mark if there is not None else "")
    if mark is None:
        raise DeployError("Another deployer has begun at the same moment. Wait until it is through, then try again.")
    return mark


def _over(there: Held, host: str) -> bool:
    if there.age > FORGOTTEN:
        return True
    holder = _holder(there.body)
    return holder is not None and holder.host == host and _born(holder.process) != holder.born


def _refusal(there: Held) -> str:
    holder = _holder(there.body)
    who = f"process {holder.process} on {holder.host}, since {holder.since}" if holder else "somebody unknown"
    return (
        f"Another deployer is at work: {who}. Wait for it; if it is gone, its lock is free {FORGOTTEN / 60:.0f} minutes after its last sign of life."
    )


def _holder(body: bytes) -> Holder | None:
    try:
        document: Any = json.loads(body)
        return Holder(str(document["host"]), int(document["process"]), str(document["born"]), str(document["since"]))
    except (ValueError, KeyError, TypeError):
        return None


def _born(process: int) -> str:
    """Return when a process began, in the kernel's own count, or "" when there is none; where there is no /proc, only whether it lives."""
    stat = Path(f"/proc/{process}/stat")
    if stat.parent.parent.exists() and Path("/proc/self/stat").exists():
        try:
            # The name in parentheses may hold anything; the 22nd field is counted after it.
            return stat.read_text(encoding="utf-8").rpartition(")")[2].split()[19]
        except OSError:
            return ""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "alive"


class _Renewal:
    """Writes the lock anew every minute, in a thread of its own."""

    def __init__(self, place: Place, body: bytes, mark: str, every: float) -> None:
        self._place = place
        self._body = body
        self._mark: str | None = mark
        self._every = every
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lock", daemon=True)
        self._thread.start()

    def stop(self) -> str | None:
        """Stop, and return the mark; None if the lock was lost."""
        self._stopped.set()
        self._thread.join()
        return self._mark

    def _run(self) -> None:
        while self._mark and not self._stopped.wait(self._every):
            # A moment without network is no loss: the lock is good for nine more tries.
            with suppress(DeployError):
                self._mark = self._place.write_lock(self._body, self._mark)
