"""Twocan deployed to an emulated cloud: the emulator as an owner starts it, and a deployer beside it, each in a process of its own.

`python -m tests.browser.deployed FOLDER` is that deployer: it applies, and leaves the zips that it made in the folder. Nothing else of it
is special but where it keeps the stage's secrets.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from deploy import gateway_responses, operate, owner
from deploy.deployment import Deployment, Folders
from deploy.local import stage
from deploy.steps import Function
from tests.browser.hands import hand
from tests.browser.program import PASSWORD, Person, Program

STAGE = "try"
_TOLD, _PLACE = "emulator.json", "place.json"


class Deployed(Program):
    """The emulator of a cloud with a stage in it; use it in a `with`. Fits a Visit. `place` is what its owner writes under [deploy] besides."""

    def __init__(self, folder: Path, cloud: str, **place: Any) -> None:
        (folder / _PLACE).write_text(json.dumps(place))
        super().__init__(folder, "emulate", "--cloud", cloud, "--port", "0")
        self.cloud = cloud
        try:
            told = self.told(_TOLD, "environment")
            self.environment: dict[str, str] = told["environment"]
            self.hand = hand(cloud, told, STAGE)
            self.run("tests.browser.deployed", check=True)
            self.ready = self.told(_TOLD, "page", "api")
        except BaseException:
            self.process.kill()
            raise
        self.page: str = self.ready["page"]

    def run(self, module: str, *words: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a deployer of the tests in a process of its own, as an owner's would be."""
        command = [sys.executable, "-m", module, str(self.folder), *words]
        environment = {**os.environ, **self.environment}
        return subprocess.run(command, cwd=stage.ROOT, env=environment, capture_output=True, text=True, check=check, timeout=170)

    def zip(self, function: str) -> bytes:
        """Return a function's zip as it was deployed last."""
        return (self.folder / f"{function}.zip").read_bytes()

    def somebody(self) -> Person:
        """Add a user, by the admin function in the account."""
        person = Person(next(self.names), PASSWORD)
        said, _ = self.hand.invoke("admin", "live", {"command": "users.add", "arguments": person._asdict()})
        assert said["status"] == 200
        return person


def wish(folder: Path, rollout: owner.Rollout = owner.Rollout()) -> tuple[gateway_responses.Cloud, owner.Owner]:  # noqa: B008 - immutable
    """Return the cloud and what its owner chooses: the embedded model, and what the emulator says must stand in twocan.toml."""
    told = json.loads((folder / _TOLD).read_text())
    choices = told.get("choices", {})
    # More than the tests ask for: what is throttled says nothing of who answers.
    place = owner.Place(**{"region": told["region"], "rate": 10_000, **choices.get("[deploy]", {}), **json.loads((folder / _PLACE).read_text())})
    return told["cloud"], owner.Owner(models=(told["model"],), deploy=place, site=owner.Site(**choices.get("[site]", {})), rollout=rollout)


def _main(folder: Path) -> None:
    cloud, choices = wish(folder)
    deployment = Deployment(STAGE, cloud, choices, dict(os.environ), Folders(stages=folder))
    found = operate.apply(deployment, lambda _: None)
    for thing in found.seen.things.values():
        if isinstance(thing, Function):
            (folder / f"{thing.name}.zip").write_bytes(deployment._zip(thing))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
