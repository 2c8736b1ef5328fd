"""What functions wrote, and what a deployment meets in LTS, on Huawei Cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.deploy.clouds.huawei.world import CHOICES, PLACE

if TYPE_CHECKING:
    from tests.deploy.clouds.huawei.world import World


def write(world: World, function: str, *lines: tuple[int, str]) -> None:
    """Let a function write lines, each so many milliseconds ago."""
    ((group_id, group),) = world.logs.groups.items()
    stream = next(one.id for one in group.streams.values() if one.name.endswith(function))
    now = int(world.account.clock() * 1000)
    for ago, text in lines:
        world.logs.write(group_id, stream, now - ago, text, {})


def test_lines_of_all_functions_are_told_in_order(applied: World) -> None:
    """Of time, whichever function wrote them; the platform's own lines around each call are left out."""
    write(applied, "chat", (5000, "Start invoke request 'a', version: 1"), (4000, "one"), (1000, "four"))
    write(applied, "login", (3000, "two\n"), (2000, "three"), (1500, "Finish invoke request 'b', duration: 1ms"))
    told = list(applied.deployment().target.logs(applied.account.clock() - 60))

    assert [("chat", "one"), ("login", "two"), ("login", "three"), ("chat", "four")] == [(one.function, one.text) for one in told]
    assert sorted(one.moment for one in told) == [one.moment for one in told]


def test_lines_of_many_pages_are_told_once(applied: World) -> None:
    """Also those of one and the same millisecond."""
    write(applied, "chat", *((1000, f"line {number}") for number in range(1203)))
    told = list(applied.deployment().target.logs(applied.account.clock() - 60))

    assert [f"line {number}" for number in range(1203)] == [one.text for one in told]
    assert 1203 == len({one.identity for one in told})


def test_two_functions_lines_of_one_moment_are_two(applied: World) -> None:
    """A follower drops what it has told already by its identity, which is each line's own."""
    write(applied, "chat", (1000, "same"))
    write(applied, "login", (1000, "same"))
    told = list(applied.deployment().target.logs(applied.account.clock() - 60))

    assert 2 == len({one.identity for one in told})


def test_older_lines_are_not_told(applied: World) -> None:
    """Than the owner asks for."""
    write(applied, "chat", (90_000, "old"), (1000, "new"))
    told = list(applied.deployment().target.logs(applied.account.clock() - 60))

    assert ["new"] == [one.text for one in told]


def test_without_a_stage_there_are_no_lines(empty: World) -> None:
    """And that is no error."""
    assert [] == list(empty.deployment().target.logs(0.0))


def test_a_log_that_somebody_deleted_is_made_anew(applied: World) -> None:
    """And the function that wrote to it is told where it is now."""
    ((_, group),) = applied.logs.groups.items()
    gone = next(name for name, one in group.streams.items() if one.name.endswith("chat"))
    del group.streams[gone]
    found = applied.apply()

    assert [] == list(found.steps)
    assert applied.function("chat").latest.settings["log_config"]["stream_id"] in group.streams


def test_two_logs_at_once_make_one_group(empty: World) -> None:
    """Each function's log is made side by side with the others."""
    empty.apply(CHOICES._replace(deploy=PLACE._replace(log_days=7)))

    assert [("twocan-mine", 7, 5)] == [(one.name, one.days, len(one.streams)) for one in empty.logs.groups.values()]
