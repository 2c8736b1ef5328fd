"""One Huawei Cloud account with one project: who may sign, what time it is, how ids are drawn, and a place for each service's things.

This file knows what all services share; each service keeps its things in a class of its own, which is a member here. All but slow operations hold
`lock` while they run, so that two that come at once are one after the other.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from deploy.emulator.huawei.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Keys(NamedTuple):
    """Who may sign, and where: an access key with its secret, the project that it leads to, and its region."""

    access: str = "EMULATED0000000000AK"
    secret: str = "emulated-secret-key-of-nobody-0000000000"
    project: str = "0123456789abcdef0123456789abcdef"
    domain: str = "fedcba9876543210fedcba9876543210"
    region: str = "cn-north-4"


class Account:
    """Everything that there is. `salt` makes ids: the same requests with the same salt draw the same ids, in whatever order they come."""

    def __init__(self, keys: Keys = Keys(), switches: Switches = Switches(), *, clock: Callable[[], float] = time.time, salt: str = "") -> None:  # noqa: B008 - immutable
        self.keys = keys
        self.switches = switches
        self.clock = clock
        self.lock = threading.RLock()
        self._salt = salt or secrets.token_hex(8)
        self._asked: Counter[str] = Counter()
        self._now = threading.local()
        #: Each service's own things, by its name: made by the service when it is first asked.
        self._kept: dict[str, Any] = {}

    def kept(self, make: Callable[[Account], T]) -> T:
        """Return what a service keeps, an instance of its own class, made at its first use."""
        with self.lock:
            name = getattr(make, "__name__", repr(make))
            if name not in self._kept:
                self._kept[name] = make(self)
            return cast("T", self._kept[name])

    def begin(self, request: bytes) -> None:
        """Say which request the ids that this thread draws next belong to."""
        digest = hashlib.sha256(request).hexdigest()
        with self.lock:
            self._asked[digest] += 1
            self._now.seed = f"{self._salt} {digest} {self._asked[digest]}"
        self._now.drawn = 0

    def new_id(self) -> str:
        """Draw an id: 32 hex digits."""
        self._now.drawn = getattr(self._now, "drawn", 0) + 1
        return hashlib.sha256(f"{getattr(self._now, 'seed', self._salt)} {self._now.drawn}".encode()).hexdigest()[:32]
