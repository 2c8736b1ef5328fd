"""LTS by the real SDK: groups, streams, and lines by their time, their words and their number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from huaweicloudsdklts.v2 import model as lts

from deploy.emulator.huawei import lts_kept
from deploy.emulator.huawei.lts_kept import Logs
from tests.deploy.emulator.huawei.cloud import Cloud, refused

if TYPE_CHECKING:
    from collections.abc import Iterator


class Place(NamedTuple):
    """A stream in a group."""

    cloud: Cloud
    group: str
    stream: str

    def write(self, at_ms: int, text: str, **labels: str) -> None:
        """Write a line, so many milliseconds from now."""
        self.cloud.account.kept(Logs).write(self.group, self.stream, self.now() + at_ms, text, labels)

    def now(self) -> int:
        """Return the time in milliseconds."""
        return int(self.cloud.clock() * 1000)

    def ask(self, **fields: Any) -> Any:
        """Ask for lines of the last and the next minute."""
        wanted = {"start_time": str(self.now() - 60_000), "end_time": str(self.now() + 60_000), **fields}
        body = lts.QueryLtsLogParams(**wanted)
        return self.cloud.lts.list_logs(lts.ListLogsRequest(log_group_id=self.group, log_stream_id=self.stream, body=body))

    def texts(self, **fields: Any) -> list[str]:
        """Return the lines."""
        return [one.content for one in self.ask(**fields).logs]


@pytest.fixture(name="place")
def _place() -> Iterator[Place]:
    with Cloud() as cloud:
        group = create_group(cloud)
        yield Place(cloud, group, create_stream(cloud, group))


def create_group(cloud: Cloud, name: str = "twocan", days: int = 7) -> str:
    """Create a group, and return its id."""
    body = lts.CreateLogGroupParams(log_group_name=name, ttl_in_days=days)
    made: str = cloud.lts.create_log_group(lts.CreateLogGroupRequest(body=body)).log_group_id
    return made


def create_stream(cloud: Cloud, group: str, name: str = "chat") -> str:
    """Create a stream, and return its id."""
    body = lts.CreateLogStreamParams(log_stream_name=name)
    made: str = cloud.lts.create_log_stream(lts.CreateLogStreamRequest(log_group_id=group, body=body)).log_stream_id
    return made


def test_groups_and_streams_are_listed_changed_and_deleted(place: Place) -> None:
    """A deleted group takes its streams along."""
    client = place.cloud.lts
    changed = client.update_log_group(lts.UpdateLogGroupRequest(log_group_id=place.group, body=lts.UpdateLogGroupParams(ttl_in_days=365)))
    groups = client.list_log_groups(lts.ListLogGroupsRequest()).log_groups
    streams = client.list_log_stream(lts.ListLogStreamRequest(log_group_id=place.group)).log_streams
    client.delete_log_stream(lts.DeleteLogStreamRequest(log_group_id=place.group, log_stream_id=place.stream))
    left = client.list_log_stream(lts.ListLogStreamRequest(log_group_id=place.group)).log_streams
    client.delete_log_group(lts.DeleteLogGroupRequest(log_group_id=place.group))

    assert ("twocan", 365, [365]) == (changed.log_group_name, changed.ttl_in_days, [one.ttl_in_days for one in groups])
    assert ([place.stream], []) == ([one.log_stream_id for one in streams], left)
    assert 404 == refused(lambda: client.list_log_stream(lts.ListLogStreamRequest(log_group_id=place.group)))[0]


@pytest.mark.parametrize(("name", "days"), [("twocan", 7), ("other", 0), ("other", 366), ("a" * 65, 7), ("odd name", 7), (".name", 7)])
def test_a_group_is_refused(place: Place, name: str, days: int) -> None:
    """One of the same name, or for no or too many days, or with an odd name."""
    assert 400 == refused(lambda: create_group(place.cloud, name, days))[0]


@pytest.mark.parametrize("name", ["chat", "", "a/b"])
def test_a_stream_is_refused(place: Place, name: str) -> None:
    """One of the same name, or with an odd name."""
    assert 400 == refused(lambda: create_stream(place.cloud, place.group, name))[0]


def test_there_are_so_many_groups_and_streams(place: Place) -> None:
    """100 of each."""
    kept = place.cloud.account.kept(Logs)
    group = kept.group(place.group)
    for number in range(lts_kept.GROUPS - 1):
        kept.add_group(f"g{number}", 1)
        kept.add_stream(group, f"s{number}", None)

    assert 400 == refused(lambda: create_group(place.cloud, "one-more"))[0]
    assert 400 == refused(lambda: create_stream(place.cloud, place.group, "one-more"))[0]


def test_lines_are_found_by_time_words_and_labels(place: Place) -> None:
    """Each in its order."""
    place.write(-120_000, "long ago")
    place.write(-2, "began well", function="chat")
    place.write(-1, "ended well")

    assert ["began well", "ended well"] == place.texts()
    assert ["ended well", "began well"] == place.texts(is_desc=True)
    assert ["ended well"] == place.texts(keywords="ended")
    assert ["began well"] == place.texts(labels={"function": "chat"})
    assert (2, None) == (place.ask(is_count=True).count, place.ask(is_count=True).logs)


def test_lines_come_in_pages(place: Place) -> None:
    """The next page begins behind the line whose number is given, in both directions, and back again."""
    for number in range(5):
        place.write(0, f"line {number}")
    first = place.ask(limit=2).logs
    last = place.ask(limit=2, is_desc=True).logs

    assert ["line 2", "line 3"] == place.texts(limit=2, line_num=first[-1].line_num, search_type="forwards", is_iterative=True)
    assert ["line 2", "line 1"] == place.texts(limit=2, line_num=last[-1].line_num, search_type="forwards", is_desc=True)
    assert ["line 2"] == place.texts(limit=1, line_num=last[0].line_num, search_type="backwards", keywords="2")
    assert ["line 3"] == place.texts(limit=1, line_num=last[0].line_num, search_type="backwards")


def test_numbers_grow_and_tell_the_time(place: Place) -> None:
    """In nanoseconds; two lines of one moment have two numbers."""
    place.write(0, "one")
    place.write(0, "two")
    numbers = [int(one.line_num) for one in place.ask().logs]

    assert numbers == sorted(set(numbers))
    assert 1_000 > abs(numbers[0] // 1_000_000 - place.now())


@pytest.mark.parametrize(
    "fields",
    [{"start_time": "now"}, {"end_time": "1"}, {"limit": 0}, {"limit": 5001}, {"line_num": "one"}, {"search_type": "sideways"}],
    ids=["no number", "ends before it begins", "no lines", "too many lines", "no line", "no direction"],
)
def test_a_question_is_refused(place: Place, fields: dict[str, Any]) -> None:
    """What makes no sense."""
    assert 400 == refused(lambda: place.ask(**fields))[0]


def test_lines_are_forgotten_in_time(place: Place) -> None:
    """After as many days as the group keeps them."""
    place.write(-7 * 24 * 60 * 60 * 1000 - 1, "old")
    place.write(0, "new")

    assert ["new"] == [one.text for one in place.cloud.account.kept(Logs).stream(place.group, place.stream).lines]


def test_a_line_for_nowhere_is_lost(place: Place) -> None:
    """Nothing fails for it."""
    place._replace(stream="nowhere").write(0, "lost")
    place._replace(group="nowhere").write(0, "lost")

    assert [] == place.texts()
    assert 404 == refused(lambda: place._replace(stream="nowhere").ask())[0]
