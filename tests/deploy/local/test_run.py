"""Everything from one command: how it begins, how it is refused, and that it leaves nothing behind."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest

from deploy import owner
from deploy.local import run, stage
from deploy.local.alone import NotAlone
from tests.fakes.ports import free_pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Self

PASSWORD = "seven kettles sing at noon"


@pytest.fixture(name="pair")
def _pair() -> int:
    return free_pair()


@pytest.fixture(name="here")
def _here(tmp_path: Path) -> stage.Stage:
    here = stage.Stage(tmp_path / "stage")
    here.make()
    return here


def plan(here: stage.Stage, port: int, password: str = PASSWORD) -> run.Plan:
    """Return what a run is told."""
    return run.Plan(here, "aws", port, password, owner.Owner(), {})


def never(_ready: Mapping[str, Any]) -> None:
    """Be told of a start that must not happen."""
    raise AssertionError("it started")


@pytest.mark.parametrize("beyond", [0, 1], ids=["page", "api"])
def test_a_port_that_is_taken_is_said_at_once(here: stage.Stage, pair: int, beyond: int) -> None:
    """Before a model is loaded, and with the way out: another PORT."""
    with socket.create_server(("127.0.0.1", pair + beyond)), pytest.raises(NotAlone) as refused:
        run.run(plan(here, pair), never)

    assert f"Port {pair + beyond} is taken" in str(refused.value)
    assert "make run PORT=" in str(refused.value)


@pytest.mark.parametrize(("password", "why"), [("short", "15 characters"), ("passwordpassword", "tried first")], ids=["short", "common"])
def test_a_password_that_is_no_good_is_refused(here: stage.Stage, password: str, why: str) -> None:
    """The owner's is held to the same rules as everybody's."""
    with pytest.raises(run.RunError, match=f"PASSWORD cannot be used: .*{why}"):
        run.set_password(password, here.settings({}))


def test_the_owners_password_is_set_again_at_every_start(here: stage.Stage) -> None:
    """Whoever has the machine has the account: made when it is absent, let in again when it was disabled."""
    run.set_password(PASSWORD, here.settings({}))
    stage.invoke("users.disable", {"username": stage.USERNAME}, here.settings({}))
    run.set_password(PASSWORD, here.settings({}))

    assert [{"username": "owner", "enabled": True, "admin": True}] == stage.invoke("users.list", {}, here.settings({}))["body"]["users"]


def test_page_and_api_are_two_origins(here: stage.Stage) -> None:
    """As in production, so that browsers ask for leave as they do there."""
    assert ("http://127.0.0.1:8700", "http://127.0.0.1:8701") == (plan(here, 8700).page, plan(here, 8700).api)


def test_a_second_run_in_the_same_folder_is_refused(here: stage.Stage, pair: int) -> None:
    """It would give the owner another password, and take the first one's ready.json away at its end."""
    (here.folder / "ready.json").write_text("{}")
    with (here.folder / "run.lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        with pytest.raises(NotAlone, match=r"already: use it, end it with Ctrl-C, or give"):
            run.run(plan(here, pair), never)

    assert (here.folder / "ready.json").exists()


class Life:
    """One run from beginning to end; use it in a `with`. It has a process group of its own, so that whatever it leaves behind is found."""

    def __init__(self, folder: Path, cloud: str, port: int) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "deploy", "run", "--cloud", cloud, "--port", str(port), "--folder", str(folder)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
        self.process = subprocess.Popen(
            command, cwd=stage.ROOT, env={**environment, "PASSWORD": PASSWORD}, stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.left():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def ready(self) -> dict[str, Any]:
        """Return what ready.json says, as soon as it is there."""
        path = self.folder / "ready.json"
        deadline = time.monotonic() + 60
        while not path.exists():
            assert self.process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def left(self) -> bool:
        """Say whether a process of this run is still there."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True


@pytest.fixture(name="life", params=["aws", "huawei"])
def _life(request: pytest.FixtureRequest, tmp_path: Path, pair: int) -> Iterator[Life]:
    with Life(tmp_path / "stage", request.param, pair) as life:
        yield life


def signed_in(ready: dict[str, Any]) -> int:
    """Return the status of a sign-in with what ready.json says."""
    body = json.dumps({name: ready[name] for name in ("username", "password")}).encode()
    asked = Request(ready["api"] + "/auth/login", body, {"content-type": "application/json"})
    with urlopen(asked, timeout=30) as answer:
        return int(answer.status)


@pytest.mark.parametrize("after", [0.5, 1.0, 1.3])
def test_a_run_that_is_killed_while_it_starts_leaves_no_model(life: Life, after: float) -> None:
    """Whenever it is ended, the model's process goes with it."""
    time.sleep(after)
    life.process.terminate()
    life.process.wait(20)
    deadline = time.monotonic() + 20
    while life.left() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert not life.left()


def test_a_second_run_leaves_the_first_ones_word(life: Life) -> None:
    """Whoever starts it again by mistake is told that the port is taken, and what is running stays as it was."""
    ready = life.ready()
    port = ready["page"].rstrip("/").rpartition(":")[2]
    again = subprocess.run(
        [sys.executable, "-m", "deploy", "run", "--port", port, "--folder", str(life.folder)], cwd=stage.ROOT, capture_output=True, check=False
    )

    assert again.returncode == 1
    assert life.ready() == ready


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_a_run_leaves_nothing_behind(life: Life, number: signal.Signals) -> None:
    """It says where it is, serves page and API, and ends by one signal: no process, no ready.json, and nothing amiss."""
    ready = life.ready()
    with urlopen(ready["page"], timeout=30) as answer:
        page = answer.read().decode()
    status = signed_in(ready)
    life.process.send_signal(number)
    said, _ = life.process.communicate(timeout=30)

    assert {"page", "api", "username", "password", "cloud", "models"} == set(ready)
    assert ("owner", PASSWORD, 200) == (ready["username"], ready["password"], status)
    assert re.search(r"connect-src 'self' (\S+);", page)
    assert ready["page"] in said
    assert (0, False, False) == (life.process.returncode, life.left(), (life.folder / "ready.json").exists())


def test_a_run_that_is_killed_takes_its_model_along(life: Life) -> None:
    """Nothing can be done then, so the model watches for the end itself."""
    life.ready()
    life.process.kill()
    life.process.wait()
    deadline = time.monotonic() + 20
    while life.left() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert not life.left()
