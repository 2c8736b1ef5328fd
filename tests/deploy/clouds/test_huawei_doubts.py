"""What nobody could confirm of Huawei Cloud, answered the other way, one doubt at a time: somebody signs in all the same, and a change takes over."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from deploy import operate, owner, promote
from deploy.deployment import Deployment, Folders
from deploy.emulator.huawei.database import Postgres
from deploy.emulator.huawei.emulate import Emulator
from deploy.emulator.huawei.switches import Switches
from deploy.probe import invoke
from tests.fakes.wishes import built

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deploy.package import Code

_PATIENCE = 60
PERSON = {"username": "ann", "password": "hornbill over quiet water"}
DEFAULT = Switches()
#: Those on which what we deploy depends; the emulator's own tests have the others.
DOUBTS = {
    "strips_authorization": DEFAULT._replace(strips_authorization=True),
    "client_header_wins": DEFAULT._replace(client_header_wins=True),
    "keeps_omitted_secrets": DEFAULT._replace(keeps_omitted_secrets=False),
    "platform_packages_first": DEFAULT._replace(platform_packages_first=False),
    "empty_weights_clear": DEFAULT._replace(empty_weights_clear=False),
    "denies_with_500": DEFAULT._replace(denies_with_500=True),
    "statistics_by_version": DEFAULT._replace(statistics_by_version=False),
    "refuses_no_domains": DEFAULT._replace(refuses_no_domains=True),
    "takes_effect_after": DEFAULT._replace(takes_effect_after=1.0),
}


@pytest.fixture(scope="module", name="database")
def _database() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


class Quick(Deployment):
    """A deployment whose zips are built once for all tests."""

    _codes_of_all: ClassVar[dict[str, Code]] = {}

    @property
    def _built(self) -> dict[str, Code]:
        if not self._codes_of_all:
            built: Any = vars(Deployment)["_built"]
            self._codes_of_all.update(built.func(self))
        return self._codes_of_all


def ask(api: str, path: str, body: Any = None, **headers: str) -> Any:
    """Return what the API answers, as JSON."""
    asked = urllib.request.Request(f"{api}{path}", json.dumps(body).encode() if body else None, {"content-type": "application/json", **headers})
    deadline = time.monotonic() + _PATIENCE
    # What has just been published may not be there yet.
    while (answer := _answer(asked)) is None:
        assert time.monotonic() < deadline
    return answer


def _answer(asked: urllib.request.Request) -> Any:
    """Return an answer, None for an address that there is not."""
    try:
        with urllib.request.urlopen(asked, timeout=_PATIENCE) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != 404:
            raise
    return None


@pytest.mark.parametrize("doubt", sorted(DOUBTS))
def test_it_works_either_way(doubt: str, database: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Apply, sign in through the authorizer, promote a change, apply again: nothing is left to do."""
    monkeypatch.setenv("DATABASE_URL", database.address())
    with Emulator("cn-north-4", switches=DOUBTS[doubt]) as emulator:
        place = owner.Place(region="cn-north-4", gateway=emulator.choices["[deploy]"]["gateway"])
        rollout = owner.Rollout(steps=(50, 100), probes=1, hold_seconds=30, slowdown=100)

        def stage(**site: str) -> Deployment:
            choices = owner.Owner(site=owner.Site(domain="chat.localhost", **site), deploy=place, rollout=rollout)
            return Quick("doubt", "huawei", choices, emulator.environment, Folders(built(tmp_path / "page"), tmp_path))

        found = operate.apply(stage(), lambda _: None)
        invoke(stage().target, "live", "users.add", PERSON)
        api = found.seen.outputs["api", "origin"]
        token = ask(api, "/auth/login", PERSON)["access_token"]
        me = ask(api, "/auth/me", authorization=f"Bearer {token}")
        changed = stage(name="Second")
        operate.apply(changed, lambda _: None)
        promoted = promote.promote(changed, lambda _: None)
        left = operate.apply(changed, lambda _: None)

    assert (PERSON["username"], True) == (me["username"], promoted)
    assert ([], []) == (list(left.steps), list(left.pending))
