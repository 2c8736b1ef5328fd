"""LTS's state: groups and streams of logs, and their lines with their times.

This file knows what is kept and for how long; what a request says is lts.py's. Names, quotas and codes are UNCONFIRMED: they are from the SDK's
models and the author's memory of the service, as the contract has no section about LTS.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.emulator.huawei.account import Account

GROUPS = 100
STREAMS = 100
#: How many lines a stream keeps: as many as a test or a trial on one machine will want.
_LINES = 50_000
_DAY = 24 * 60 * 60 * 1000


class Line(NamedTuple):
    """A line: `number` grows with every line, and says the time in nanoseconds."""

    at_ms: int
    number: int
    text: str
    labels: Mapping[str, str]


@dataclass
class Stream:
    """A stream of lines; without days of its own it keeps them as long as its group."""

    id: str
    name: str
    days: int | None
    made_ms: int
    lines: list[Line] = field(default_factory=list)


@dataclass
class Group:
    """A group of streams, by their ids."""

    id: str
    name: str
    days: int
    made_ms: int
    streams: dict[str, Stream] = field(default_factory=dict)


class Logs:
    """Every group, by its id."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.groups: dict[str, Group] = {}

    def group(self, group_id: str) -> Group:
        """Return a group. Raises Refused."""
        if group_id not in self.groups:
            raise Refused(404, "LTS.0201", "The log group does not exist.")
        return self.groups[group_id]

    def stream(self, group_id: str, stream_id: str) -> Stream:
        """Return a stream. Raises Refused."""
        streams = self.group(group_id).streams
        if stream_id not in streams:
            raise Refused(404, "LTS.0208", "The log stream does not exist.")
        return streams[stream_id]

    def add_group(self, name: str, days: int) -> Group:
        """Keep a new group, and return it. Raises Refused."""
        if any(one.name == name for one in self.groups.values()):
            raise Refused(400, "LTS.0203", "A log group of this name already exists.")
        if len(self.groups) >= GROUPS:
            raise Refused(400, "LTS.0204", "There are too many log groups.")
        made = Group(self._account.new_id(), name, days, self._now())
        self.groups[made.id] = made
        return made

    def add_stream(self, group: Group, name: str, days: int | None) -> Stream:
        """Keep a new stream, and return it. Raises Refused."""
        if any(one.name == name for one in group.streams.values()):
            raise Refused(400, "LTS.0205", "A log stream of this name already exists.")
        if len(group.streams) >= STREAMS:
            raise Refused(400, "LTS.0206", "There are too many log streams.")
        made = Stream(self._account.new_id(), name, days, self._now())
        group.streams[made.id] = made
        return made

    def provide(self, group_name: str, stream_name: str) -> dict[str, str]:
        """Return a place for lines by its names, made if it is not there yet."""
        group = next((one for one in self.groups.values() if one.name == group_name), None) or self.add_group(group_name, 7)
        stream = next((one for one in group.streams.values() if one.name == stream_name), None) or self.add_stream(group, stream_name, None)
        return _place(group, stream)

    def place(self, group_id: str, stream_id: str) -> dict[str, str] | None:
        """Return a place for lines by its ids; None if there is none."""
        group = self.groups.get(group_id)
        stream = group.streams.get(stream_id) if group else None
        return _place(group, stream) if group and stream else None

    def write(self, group_id: str, stream_id: str, at_ms: int, text: str, labels: Mapping[str, str]) -> None:
        """Keep a line. One for a stream that is not there is lost, as it is in the cloud."""
        with self._account.lock:
            group = self.groups.get(group_id)
            stream = group.streams.get(stream_id) if group else None
            if group is None or stream is None:
                return
            number = max(at_ms * 1_000_000, stream.lines[-1].number + 1 if stream.lines else 0)
            stream.lines.append(Line(at_ms, number, text, labels))
            oldest = self._now() - (stream.days or group.days) * _DAY
            if len(stream.lines) > _LINES or stream.lines[0].at_ms < oldest:
                stream.lines = [one for one in stream.lines[-_LINES:] if one.at_ms >= oldest]

    def _now(self) -> int:
        return int(self._account.clock() * 1000)


def _place(group: Group, stream: Stream) -> dict[str, str]:
    return {"group_id": group.id, "group_name": group.name, "stream_id": stream.id, "stream_name": stream.name}
