"""What a month's use comes to, whatever the cloud: calls and seconds of each function, visits, and what is sent and logged. Measured on the walk."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from deploy import bundle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.clouds import Use

#: What a request logs, and what a first visit loads, in bytes.
_LOG_LINE, PAGE_BYTES = 600.0, 70_000.0
#: A session is refreshed every 15 minutes while somebody is there: as many as fit between two messages of a talkative hour.
_REFRESHES_PER_MESSAGE = 0.2
#: Questions that come with documents, and the seconds that these take: some pages of PDF.
_WITH_DOCUMENTS, _READING = 0.1, 0.5
_KB, GB = 1e3, 1e9


class Usage(NamedTuple):
    """A month: `seconds` that each function runs, and `memory` that it has meanwhile, in GB; `logged` and `sent` in GB."""

    calls: Mapping[str, float]
    seconds: Mapping[str, float]
    memory: Mapping[str, float]
    refreshes: float
    visits: float
    logged: float
    sent: float

    @property
    def gigabyte_seconds(self) -> float:
        """What functions are billed by."""
        return sum(self.seconds[name] * self.memory[name] for name in self.calls)


def usage(use: Use) -> Usage:
    """Return what a use comes to."""
    chats, refreshes, visits = use.messages, use.messages * _REFRESHES_PER_MESSAGE, float(use.people * 30)
    passages = chats * _WITH_DOCUMENTS
    calls = {"chat": chats + visits, "login": refreshes + visits, "qa": passages, "authorizer": (chats + visits) / 2}
    seconds = {
        "chat": chats * use.seconds + visits * 0.02,
        "login": refreshes * 0.02 + visits * 0.4,
        "qa": passages * _READING,
        "authorizer": calls["authorizer"] * 0.01,
    }
    memory = {one.name: one.memory / 1024 for one in bundle.FUNCTIONS}
    logged = sum(calls.values()) * 2 * _LOG_LINE / GB
    return Usage(calls, seconds, memory, refreshes, visits, logged, chats * use.kilobytes * _KB / GB)
