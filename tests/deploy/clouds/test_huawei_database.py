"""The owner's database on the emulated Huawei Cloud: a wrong address is corrected, a changed password follows, and what is kept is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploy import operate, owner, promote
from deploy.clouds import DeployError
from deploy.deployment import Deployment, Folders
from deploy.emulator.huawei.emulate import Emulator
from deploy.probe import invoke
from deploy.steps import Records, key
from tests.deploy.clouds.test_huawei_doubts import Quick
from tests.fakes import postgres
from tests.fakes.wishes import built

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANN = {"username": "ann", "password": "hornbill over quiet water"}


@pytest.fixture(name="emulator")
def _emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    monkeypatch.setenv("DATABASE_URL", postgres.address(postgres.database()))
    with Emulator("cn-north-4") as emulator:
        yield emulator


def stage(emulator: Emulator, folder: Path, address: str = "") -> Deployment:
    """Return the stage, as its owner deploys it who believes the database to be there."""
    place = owner.Place(region="cn-north-4", gateway=emulator.choices["[deploy]"]["gateway"])
    rollout = owner.Rollout(steps=(100,), probes=1, hold_seconds=30, slowdown=100)
    choices = owner.Owner(site=owner.Site(domain="chat.localhost"), deploy=place, rollout=rollout)
    environment = {**emulator.environment, **({"DATABASE_URL": address} if address else {})}
    return Quick("kept", "huawei", choices, environment, Folders(built(folder / "page"), folder))


def test_a_wrong_address_is_corrected_by_the_next_apply(emulator: Emulator, tmp_path: Path) -> None:
    """Nothing is live before the table is there. A hole that was: the live function was asked, which nobody could correct any more."""
    with pytest.raises(DeployError, match="Check DATABASE_URL") as told:
        operate.apply(stage(emulator, tmp_path, "postgresql://u:wrong-password@127.0.0.1:9/none"), lambda _: None)
    live = [name for name in stage(emulator, tmp_path).target.observe().things if name.startswith("live")]
    found = operate.apply(stage(emulator, tmp_path), lambda _: None)

    assert "wrong-password" not in str(told.value)
    assert ([], []) == (live, list(found.steps))


def test_a_changed_password_takes_over_by_apply_and_promote(emulator: Emulator, tmp_path: Path) -> None:
    """While what is live cannot reach its database any more. A hole that was: each sent to the other."""
    operate.apply(stage(emulator, tmp_path), lambda _: None)
    invoke(stage(emulator, tmp_path).target, "live", "users.add", ANN)
    # Another one that may do as much stands for the same one with another password, which the other tests need.
    name = emulator.environment["DATABASE_URL"].rpartition("/")[2]
    postgres.run("drop role if exists changed")
    postgres.run("create role changed superuser login password 'another'")
    changed = stage(emulator, tmp_path, f"postgresql://changed:another@127.0.0.1:{postgres.port()}/{name}")
    operate.apply(changed, lambda _: None)
    promoted = promote.promote(changed, lambda _: None)
    listed = invoke(changed.target, "live", "users.list", {})["body"]["users"]

    assert (True, True) == (promoted, "ann" in [one["username"] for one in listed])


def test_accounts_that_are_kept_are_told(emulator: Emulator, tmp_path: Path) -> None:
    """Although the functions, which alone could see them, are gone."""
    operate.apply(stage(emulator, tmp_path), lambda _: None)
    kept = operate.destroy(stage(emulator, tmp_path), lambda _: None, delete_data=False)

    assert [key(Records())] == [key(one) for one in kept]
