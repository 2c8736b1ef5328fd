"""Versions that take over and versions that are taken back, on each emulated cloud, while somebody uses it all the time."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.browser.deployed import Deployed
from tests.browser.hands import HANDS
from tests.browser.promoting import TAKEN_BACK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self


@pytest.fixture(scope="module", name="deployed", params=sorted(HANDS))
def _deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with Deployed(tmp_path_factory.mktemp("rolling"), request.param) as deployed:
        yield deployed


class Somebody:
    """A person who asks for the models all the time; use it in a `with`. `met` counts what came back: status and release."""

    def __init__(self, deployed: Deployed) -> None:
        self._api: str = deployed.ready["api"]
        body = json.dumps(deployed.somebody()._asdict()).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self._api}/auth/login", body)) as answer:
            self._token: str = json.load(answer)["access_token"]
        self.met: Counter[tuple[int, str]] = Counter()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def ask(self) -> tuple[int, str]:
        """Ask once, and return status and release."""
        asked = urllib.request.Request(f"{self._api}/v1/models", headers={"authorization": f"Bearer {self._token}"})
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return answer.status, answer.headers["x-twocan-release"]
        except urllib.error.HTTPError as error:
            error.close()
            return error.code, ""

    def _run(self) -> None:
        while not self._stopped.wait(0.1):
            self.met[self.ask()] += 1


BAD = {
    "500s": "asked directly: chat: ",
    "slow first token": "asked directly: chat: first tokens, at best: ",
    "refuses tokens": "asked directly: authorizer: ",
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_version_is_taken_back_and_nobody_met_it(deployed: Deployed, kind: str) -> None:
    """By itself, with the reason; every request before, meanwhile and after is answered by the version that was there."""
    with Somebody(deployed) as somebody:
        before = somebody.ask()
        done = deployed.run("tests.browser.promoting", kind)
        after = somebody.ask()

    assert (TAKEN_BACK, True) == (done.returncode, BAD[kind] in done.stdout), done.stdout + done.stderr
    assert "Taken back, and everything is as it was" in done.stdout
    assert {before} == {after, *somebody.met}
    assert 200 == before[0]


def test_a_good_version_takes_over_and_nobody_notices(deployed: Deployed) -> None:
    """Some meet it early, in the end everybody does; no request fails."""
    with Somebody(deployed) as somebody:
        before = somebody.ask()
        done = deployed.run("tests.browser.promoting", "good")
        after = somebody.ask()

    assert 0 == done.returncode, done.stdout + done.stderr
    assert before != after
    assert {before, after} == set(somebody.met)
    assert "100 % of the calls go to the new version of chat" in done.stdout
