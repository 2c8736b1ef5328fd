"""How a gateway asks its custom authorizer, and for how long it remembers the answer (aws.md, 5; huawei.md, 2.3).

This file knows the order: identity source, cache, function. What a verdict means is the dialect's. The cache is by identity only, which is the
token: one kept verdict serves every address, which is why an authorizer of ours answers for the whole stage.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from deploy.local.backend import FunctionFailed
from deploy.local.dialect import Call, Dialect, Kind, Refusal, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deploy.local.backend import Authorizer


def bearer(call: Call) -> str:
    """Return what a caller is known by: the token in `Authorization`. Raises Refusal without one."""
    token = call.header("authorization")
    if not token:
        raise Refusal(Kind.NO_IDENTITY)
    return token


class _Kept(NamedTuple):
    verdict: Verdict
    until: float


class Guard:
    """The gateway's memory of its authorizer. `ttl` is in seconds; 0 asks every time. `identify` returns what a caller is remembered by.

    Used from many threads at once.
    """

    def __init__(
        self,
        dialect: Dialect,
        authorizer: Authorizer,
        *,
        ttl: float = 60,
        clock: Callable[[], float] = time.monotonic,
        identify: Callable[[Call], str] = bearer,
    ) -> None:
        self._dialect = dialect
        self._authorizer = authorizer
        self._ttl = ttl
        self._clock = clock
        self._identify = identify
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def admit(self, call: Call) -> Mapping[str, str]:
        """Return what the authorizer says of the caller. Raises Refusal; without an identity source no function is asked."""
        token = self._identify(call)
        verdict = self._remember(token)
        if verdict is None:
            verdict = self._ask(call)
            self._keep(token, verdict)
        return self._dialect.admit(verdict, call)

    def _ask(self, call: Call) -> Verdict:
        try:
            answer = self._authorizer.decide(self._dialect.authorizer_event(call), self._dialect.limits.seconds)
        except FunctionFailed as error:
            raise self._dialect.failed(error.message) from error
        return self._dialect.verdict(answer)

    def _remember(self, token: str) -> Verdict | None:
        with self._lock:
            kept = self._kept.get(token)
        return kept.verdict if kept is not None and self._clock() < kept.until else None

    def _keep(self, token: str, verdict: Verdict) -> None:
        if not verdict.keep or self._ttl <= 0:
            return
        now = self._clock()
        with self._lock:
            self._kept = {name: kept for name, kept in self._kept.items() if now < kept.until}
            self._kept[token] = _Kept(verdict, now + self._ttl)
