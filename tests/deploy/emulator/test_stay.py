"""`python -m deploy emulate`: it tells where everything is, stays up until it is ended, and leaves nothing."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from deploy import emulator_commands
from deploy.emulator import stay
from deploy.local import model, stage
from tests.deploy.emulator.aws.account import Account, code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any, Self

PATIENCE = 60


class Stays:
    """The command in a process of its own; use it in a `with`."""

    def __init__(self, folder: Path, *words: str) -> None:
        command = [sys.executable, "-m", "deploy", "emulate", "--port", "0", "--folder", str(folder), *words]
        self.path = folder / stay.TOLD
        self.process = subprocess.Popen(command, cwd=stage.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.told: dict[str, Any] = json.loads(self.wait(lambda: self.path.exists() and self.path.read_text()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def wait(self, seen: Any) -> Any:
        """Return what somebody sees as soon as it is something."""
        deadline = time.monotonic() + PATIENCE
        while not (found := seen()):
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return found

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """End it as a terminal does, and return how it ended and what it had printed."""
        self.process.send_signal(number)
        printed, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, printed


@pytest.fixture(scope="module", name="emulator")
def _emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stays]:
    with Stays(tmp_path_factory.mktemp("stays"), "--region", "eu-west-1") as emulator:
        yield emulator


def test_it_tells_where_everything_is(emulator: Stays) -> None:
    """For its owner alone; an account answers there, and the model is real."""
    environment, row = emulator.told["environment"], emulator.told["model"]
    account = Account(environment["AWS_ENDPOINT_URL"]).sts.get_caller_identity()["Account"]
    with urllib.request.urlopen(f"{row['base_url']}/models") as answer:
        names = [one["id"] for one in json.load(answer)["data"]]

    assert (0o600, "123456789012", [model.NAME]) == (emulator.path.stat().st_mode & 0o777, account, names)
    assert ("eu-west-1", "eu-west-1") == (environment["AWS_REGION"], environment["AWS_DEFAULT_REGION"])


def test_a_second_one_in_the_same_folder_is_refused(emulator: Stays) -> None:
    """And the first one's file stays."""
    second = CliRunner().invoke(emulator_commands.emulate, ["--port", "0", "--no-model", "--folder", str(emulator.path.parent)])

    assert (1, True) == (second.exit_code, emulator.path.exists())
    assert "already" in second.output


@pytest.mark.parametrize(("number", "words"), [(signal.SIGINT, []), (signal.SIGTERM, ["--no-model"])], ids=["ctrl-c", "terminate"])
def test_the_end_leaves_nothing(tmp_path: Path, number: signal.Signals, words: list[str]) -> None:
    """No process, of the model's or of a function's, and no file that says where it is; what was printed is what one has to type."""
    with Stays(tmp_path, *words) as emulator:
        account = Account(emulator.told["environment"]["AWS_ENDPOINT_URL"])
        account.functions.invoke(FunctionName=account.function(Code={"ZipFile": code("def handler(event, context):\n    return 1")}), Payload=b"{}")
        api = account.staged()["restApiId"]
        told = emulator.wait(lambda: (now := json.loads(emulator.path.read_text())).get("api") and now)
        children = subprocess.run(["pgrep", "-P", str(emulator.process.pid)], capture_output=True, text=True, check=True).stdout.split()
        ended, printed = emulator.end(number)

    left = subprocess.run(["ps", "-o", "pid=", "-p", ",".join(children)], capture_output=True, text=True, check=False).stdout
    assert (0, 2 - len(words), "", False) == (ended, len(children), left.strip(), emulator.path.exists())
    assert f"{told['environment']['TWOCAN_API_ENDPOINT']}/{api}/live" == told["api"]
    wanted = [f"export {name}={value}" for name, value in told["environment"].items()] + [f"{told['api']}/v1"]
    wanted += [f'{name} = "{value}"' for name, value in told.get("model", {}).items()]
    assert [] == [words for words in wanted if words not in printed]


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    """Before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = CliRunner().invoke(emulator_commands.emulate, ["--port", str(port), "--folder", str(tmp_path)])

    assert 1 == refused.exit_code
    assert f"Port {port} is taken" in refused.output
    assert [] == list(tmp_path.iterdir())
