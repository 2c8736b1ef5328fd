"""Twocan deployed to an emulated AWS: the emulator as an owner starts it, and a deployer beside it, each in a process of its own.

`python -m tests.browser.deployed FOLDER MODEL` is that deployer: it applies, and leaves the zips that it made in the folder. Nothing else of it
is special but where it keeps the stage's secrets.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3

from deploy import operate, owner
from deploy.deployment import Deployment, Folders
from deploy.local import stage
from deploy.steps import Function
from tests.browser.program import PASSWORD, Person, Program

STAGE = "try"
_TOLD = "emulator.json"


class Deployed(Program):
    """The emulator with a stage in it; use it in a `with`. Fits a Visit."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "emulate", "--port", "0")
        try:
            told = self.told(_TOLD, "environment")
            self.environment: dict[str, str] = told["environment"]
            self.row: dict[str, str] = told["model"]
            self.apply()
            self.ready = self.told(_TOLD, "page", "api")
        except BaseException:
            self.process.kill()
            raise
        self.page: str = self.ready["page"]

    def client(self, service: str) -> Any:
        """Return boto3's client of the emulated account."""
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
        where = {"region_name": self.environment["AWS_REGION"], "endpoint_url": self.environment["AWS_ENDPOINT_URL"]}
        return boto3.client(service, **where, **keys)

    def apply(self) -> None:
        """Deploy, with the embedded model."""
        command = [sys.executable, "-m", "tests.browser.deployed", str(self.folder), json.dumps(self.row)]
        subprocess.run(command, cwd=stage.ROOT, env={**os.environ, **self.environment}, check=True, stdout=subprocess.DEVNULL)

    def zip(self, function: str) -> bytes:
        """Return a function's zip as it was deployed last."""
        return (self.folder / f"{function}.zip").read_bytes()

    def publish(self, function: str, code: bytes | None = None) -> str:
        """Publish a function as it is now, or with other code, and return the version's number."""
        functions, name = self.client("lambda"), self.name(function)
        if code:
            functions.update_function_code(FunctionName=name, ZipFile=code)
            functions.get_waiter("function_updated_v2").wait(FunctionName=name)
        return str(functions.publish_version(FunctionName=name)["Version"])

    def name(self, function: str) -> str:
        """Return a function's name in the account."""
        return f"twocan-{STAGE}-{function}"

    def somebody(self) -> Person:
        """Add a user, by the admin function in the account."""
        person = Person(next(self.names), PASSWORD)
        event = {"command": "users.add", "arguments": person._asdict()}
        answer = self.client("lambda").invoke(FunctionName=self.name("admin"), Qualifier="live", Payload=json.dumps(event))
        assert json.load(answer["Payload"])["status"] == 200
        return person


def _main(folder: Path, model: dict[str, str]) -> None:
    wish = owner.Owner(models=(model,), deploy=owner.Place(region=os.environ["AWS_REGION"]))
    deployment = Deployment(STAGE, "aws", wish, dict(os.environ), Folders(stages=folder))
    found = operate.apply(deployment, lambda _: None)
    for thing in found.seen.things.values():
        if isinstance(thing, Function):
            (folder / f"{thing.name}.zip").write_bytes(deployment._zip(thing))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), json.loads(sys.argv[2]))
