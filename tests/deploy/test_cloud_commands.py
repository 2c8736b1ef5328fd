"""The command line's words about a stage: what they say, what they leave, and with which exit code they end."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

from deploy import cloud_commands, operate, record, upkeep_commands
from deploy.clouds import Finding
from deploy.plan import WITHIN
from deploy.steps import API_PARTS, Delete, Records, Role, key
from tests.fakes.rolling import NAMES, RollingCloud, Staged
from tests.fakes.wishes import built

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from click.testing import Result

    from deploy.steps import Step


class Nested(RollingCloud):
    """A cloud in which, as in every real one, what lies within something else goes with it."""

    def do(self, step: Step) -> Mapping[str, str]:
        """Do a step."""
        outputs = super().do(step)
        if isinstance(step, Delete):
            self.things = {name: thing for name, thing in self.things.items() if not isinstance(thing, (*API_PARTS, *WITHIN))}
        return outputs


class Sticky(Nested):
    """A cloud in which a role cannot be removed."""

    def do(self, step: Step) -> Mapping[str, str]:
        """Leave the role."""
        return {} if isinstance(step, Delete) and isinstance(step.thing, Role) else super().do(step)


class Ailing(RollingCloud):
    """A cloud that has something to say."""

    def __init__(self, text: str = "lambda answers") -> None:
        super().__init__()
        self._text = text

    def findings(self) -> list[Finding]:
        """Say it."""
        return [Finding(good=True, text=self._text)]

    def logs(self, since: float) -> tuple[()]:
        """Say nothing."""
        return ()


class Filed(Staged):
    """A stage with a folder on this machine."""

    def __init__(self, cloud: RollingCloud, dist: Path, folder: Path, **wishes: Any) -> None:
        super().__init__(cloud, dist, **wishes)
        self.folder = folder


@pytest.fixture(name="dist", scope="module")
def _dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("page"))


def said(command: click.Command, staged: Staged, *words: str, given: str = "") -> Result:
    """Return what a command says of a stage."""
    inner: Any = command.callback
    params = [one for one in command.params if one.name not in {"cloud", "stage", "region"}]
    return CliRunner().invoke(click.Command(command.name, callback=partial(inner.__wrapped__, staged), params=params), words, input=given)


def applied(cloud: RollingCloud, dist: Path, folder: Path) -> Filed:
    """Return a stage that was applied once."""
    staged = Filed(cloud, dist, folder)
    operate.apply(staged, lambda _: None)  # type: ignore[arg-type]
    return staged


def test_a_promotion_that_is_taken_back_ends_with_4(dist: Path, tmp_path: Path) -> None:
    """Here, because no gateway can be reached. The reason is said, the history has it, and everybody still has what they had."""
    cloud = RollingCloud()
    applied(cloud, dist, tmp_path)
    newer = Filed(cloud, dist, tmp_path, code="b")
    operate.apply(newer, lambda _: None)  # type: ignore[arg-type]
    done = said(upkeep_commands.promote, newer)

    assert 4 == done.exit_code
    assert done.stderr.startswith("Error: Taken back, and everything is as it was: asked directly: through the gateway: ")
    assert "through the gateway" in record.read(tmp_path, 1)[0]["taken_back"]
    assert {"1"} == {str(getattr(cloud.pointer(name), "version", "")) for name in NAMES}


@pytest.mark.parametrize(("command", "words"), [(cloud_commands.apply, ()), (cloud_commands.destroy, ("--yes",))])
def test_whoever_interrupts_is_told_how_to_go_on(dist: Path, tmp_path: Path, command: click.Command, words: tuple[str, ...]) -> None:
    """All that was said was that it was aborted."""
    staged = applied(RollingCloud(), dist, tmp_path)
    staged.target.observe = _interrupted
    done = said(command, staged, *words)

    assert 130 == done.exit_code
    assert f"`{command.name}` goes on with the rest" in done.stderr


def _interrupted() -> None:
    raise KeyboardInterrupt


def test_a_doctor_for_a_script_tells_each_finding(dist: Path, tmp_path: Path) -> None:
    """And ends with 1 where there is something to see to."""
    done = said(upkeep_commands.doctor, Filed(Ailing(), dist, tmp_path), "--json")

    assert 1 == done.exit_code
    assert [{"good": True, "text": "lambda answers"}, {"good": False, "text": "no model"}] == json.loads(done.stdout)


def test_a_finding_is_shown_as_it_is(dist: Path, tmp_path: Path) -> None:
    """What stands in brackets was once taken for a colour, and gone."""
    done = said(upkeep_commands.doctor, Filed(Ailing("[site] domain needs `certificate`"), dist, tmp_path))

    assert "[site] domain needs `certificate`" in done.stdout


def test_the_log_of_a_stage_that_is_not_there_is_an_error(dist: Path, tmp_path: Path) -> None:
    """A name that was mistyped looked like a stage where nothing happens."""
    done = said(upkeep_commands.logs, Filed(Ailing(), dist, tmp_path))

    assert (1, "") == (done.exit_code, done.stdout)
    assert "Nothing of this stage is live yet" in done.stderr


def test_nothing_to_promote_is_no_error(dist: Path, tmp_path: Path) -> None:
    """And it is no line of the history."""
    done = said(upkeep_commands.promote, applied(RollingCloud(), dist, tmp_path))

    assert (0, "Nothing to promote: everybody has what was applied.\n") == (done.exit_code, done.stdout)
    assert [] == list(record.read(tmp_path, 1))


def test_nothing_to_go_back_to_is_no_error(dist: Path, tmp_path: Path) -> None:
    """It is said."""
    done = said(upkeep_commands.rollback, applied(RollingCloud(), dist, tmp_path))

    assert 0 == done.exit_code
    assert done.stdout.startswith("There is nothing to go back to")


def test_a_removal_that_nobody_confirms_removes_nothing(dist: Path, tmp_path: Path) -> None:
    """It is asked for, naming the stage and what will stay."""
    cloud = RollingCloud()
    staged = applied(cloud, dist, tmp_path)
    before = dict(cloud.things)
    done = said(cloud_commands.destroy, staged, given="n\n")

    assert (1, before) == (done.exit_code, cloud.things)
    assert "Remove everything but the accounts of the stage test?" in done.stdout


def test_a_removal_says_what_it_kept(dist: Path, tmp_path: Path) -> None:
    """The accounts, and how they would go, too."""
    done = said(cloud_commands.destroy, applied(Nested(), dist, tmp_path), "--yes")

    assert 0 == done.exit_code
    assert f"Kept: {key(Records())}. `destroy --delete-data` removes it.\nNothing else is left.\n" == done.stdout[done.stdout.index("Kept") :]


def test_accounts_that_no_function_reaches_any_more_are_told(dist: Path, tmp_path: Path) -> None:
    """Where they lie in the owner's database and an earlier removal kept them. A hole that was: "Nothing else is left", and nothing else."""
    deployment = applied(Nested(), dist, tmp_path)
    deployment.own_records = False
    kept = said(cloud_commands.destroy, deployment, "--yes")
    deployment.target.things.clear()
    gone = said(cloud_commands.destroy, deployment, "--yes", "--delete-data")

    assert "They are in the stage's table of your database." in kept.stdout
    assert (0, True) == (gone.exit_code, "drop the stage's table in your database by hand" in gone.stdout)


def test_a_removal_that_left_something_is_an_error(dist: Path, tmp_path: Path) -> None:
    """It names what is left, and what to do."""
    done = said(cloud_commands.destroy, applied(Sticky(), dist, tmp_path), "--yes", "--delete-data")

    assert 1 == done.exit_code
    assert "Error: Left: " in done.stderr
    assert "role chat" in done.stderr
    assert done.stderr.endswith("Run the same command again.\n")


@pytest.mark.parametrize(("code", "ends"), [("a", 0), ("b", 3)], ids=["nothing", "something"])
def test_a_plan_for_a_script_tells_by_its_exit_code(dist: Path, tmp_path: Path, code: str, ends: int) -> None:
    """3 where something would change; the steps are JSON."""
    cloud = RollingCloud()
    applied(cloud, dist, tmp_path)
    done = said(cloud_commands.plan, Filed(cloud, dist, tmp_path, code=code), "--json")

    assert ends == done.exit_code
    assert bool(json.loads(done.stdout)["steps"]) == (ends == 3)
