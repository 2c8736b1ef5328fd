"""Versions are run by their name and by an alias's weights, from the management API and from the data plane alike; calls and lines are told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import pytest
from huaweicloudsdkfunctiongraph.v2 import model as fg

from deploy.emulator.huawei.fleet import Fleet
from deploy.emulator.huawei.functions_kept import Absent, Invoked
from deploy.emulator.huawei.lts_kept import Logs
from deploy.emulator.huawei.version import Ran, Version
from deploy.local.backend import Answer, FunctionFailed
from tests.deploy.emulator.huawei.cloud import Cloud, zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deploy.emulator.huawei.account import Account
    from deploy.emulator.huawei.numbers import Minute
    from deploy.local.backend import Event

PATIENCE = 5.0


class Chunks:
    """A body of two chunks; the second one may fail."""

    def __init__(self, *, fails: bool) -> None:
        self._left: list[bytes | Exception] = [b"one ", ConnectionError("cut") if fails else b"two"]
        self.closed = 0

    def __iter__(self) -> Chunks:
        return self

    def __next__(self) -> bytes:
        if not self._left:
            raise StopIteration
        chunk = self._left.pop(0)
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    def close(self) -> None:
        """End it."""
        self.closed += 1


class Runtime:
    """Stands for a version's processes: it says which version it is, and fails as the event asks."""

    def __init__(self, version: Version, log: Callable[[str], object]) -> None:
        if version.code == zipped("# broken"):
            raise BadZipFile("broken")
        self.version, self._log = version, log
        self.closed = False
        self.bodies: list[Chunks] = []

    def invoke(self, event: bytes, *, request_id: str, seconds: float | None = None, alias: str = "") -> Ran:
        """Return the version, the alias and the event; an event may ask for an error."""
        asked = json.loads(event)
        self._log(f"Start invoke request '{request_id}'\n")
        if "error" in asked:
            return Ran(b"", asked["error"], 1, "")
        return Ran(json.dumps([self.version.version, alias, seconds]).encode(), "", 1, "log")

    def stream(self, event: Event, *, request_id: str, seconds: float | None = None) -> Answer:
        """Return two chunks; an event may ask for less."""
        if event.get("fails") == "at once":
            raise FunctionFailed("no head")
        self.bodies.append(Chunks(fails="fails" in event))
        return Answer(200, {"content-type": "text/plain"}, self.bodies[-1])

    def close(self) -> None:
        """End it."""
        self.closed = True


class Fleeted:
    """A cloud with a fleet; `draws` are the numbers by which an alias chooses, in order."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.draws: list[float] = []
        self.started: list[Runtime] = []
        self.fleet = Fleet(cloud.account, lambda: self.draws.pop(0) if self.draws else 0.5, self._start)
        cloud.functions.runs = self.fleet.invoke

    def _start(self, account: Account, version: Version, log: Callable[[str], object]) -> Runtime:
        self.started.append(Runtime(version, log))
        return self.started[-1]

    def ask(self, suffix: str = "", **event: Any) -> Any:
        """Call a function as the data plane does."""
        return self.fleet.answer(self.cloud.urn(suffix), event, PATIENCE)

    def stream(self, **event: Any) -> Answer:
        """Call an HTTP function as the data plane does."""
        return self.fleet.stream(self.cloud.urn(), event, PATIENCE)

    def counted(self, version: str = "latest") -> Minute:
        """Return what was counted of a version."""
        now = self.cloud.clock()
        (found,) = self.cloud.functions.numbers.between("chat", version, now - 300, now).values()
        return found


@pytest.fixture(name="fleeted")
def _fleeted() -> Iterator[Fleeted]:
    with Cloud() as cloud:
        fleeted = Fleeted(cloud)
        yield fleeted
        fleeted.fleet.close()


def split(fleeted: Fleeted) -> None:
    """Make a function with two versions, the second with 25 percent."""
    fleeted.cloud.create()
    fleeted.cloud.publish("v1")
    fleeted.cloud.publish("v2", text="# two")
    fleeted.cloud.alias("live", "v1", additional_version_weights={"v2": 25})


def test_an_alias_chooses_by_its_weights(fleeted: Fleeted) -> None:
    """Each call anew: below the weight the additional version, from there on the main one; and the function is told the alias."""
    split(fleeted)
    fleeted.draws = [0.0, 0.249, 0.25, 0.999]

    assert [["v2", "live", 5.0]] * 2 + [["v1", "live", 5.0]] * 2 == [fleeted.ask("!live") for _ in range(4)]
    assert 2 == len(fleeted.started)
    assert (2, 2) == (fleeted.counted("v1").calls, fleeted.counted("v2").calls)


def test_a_version_is_called_by_its_name(fleeted: Fleeted) -> None:
    """And the latest by none."""
    split(fleeted)

    assert [["v1", "", 5.0], ["latest", "", 5.0]] == [fleeted.ask("v1"), fleeted.ask()]


@pytest.mark.parametrize("suffix", ["v9", "!other"])
def test_what_is_not_there_is_absent(fleeted: Fleeted, suffix: str) -> None:
    """It is no failure of a function."""
    split(fleeted)
    with pytest.raises(Absent):
        fleeted.ask(suffix)


def test_a_function_that_fails_is_counted(fleeted: Fleeted) -> None:
    """And says how."""
    fleeted.cloud.create()
    with pytest.raises(FunctionFailed, match="LookupError: so") as caught:
        fleeted.ask(error="LookupError: so")

    assert caught.value.__cause__ is None
    assert (1, 1) == (fleeted.counted().calls, fleeted.counted().failed)


@pytest.mark.parametrize("error", ["no answer in time", "TimeoutError: to handle took longer than 3 seconds"])
def test_a_late_function_is_late(fleeted: Fleeted, error: str) -> None:
    """The cause tells a gateway so."""
    fleeted.cloud.create()
    with pytest.raises(FunctionFailed) as caught:
        fleeted.ask(error=error)

    assert isinstance(caught.value.__cause__, TimeoutError)


def test_the_management_api_invokes_here(fleeted: Fleeted) -> None:
    """By the real SDK."""
    split(fleeted)
    request = fg.InvokeFunctionRequest(function_urn=fleeted.cloud.urn("!live"), x_cff_request_version="v1", body={})

    assert ["v1", "live", None] == json.loads(fleeted.cloud.functiongraph.invoke_function(request).result)


def test_what_cannot_be_run_has_failed(fleeted: Fleeted) -> None:
    """For the management API that is an answer."""
    fleeted.cloud.create()
    fleeted.cloud.code("# broken")

    assert "broken" in fleeted.fleet.invoke(Invoked(fleeted.cloud.urn(), b"{}", "id")).error
    assert fleeted.fleet.invoke(Invoked(fleeted.cloud.urn("v9"), b"{}", "id")).error


def test_a_disabled_function_is_rejected(fleeted: Fleeted) -> None:
    """And counted so."""
    fleeted.cloud.create()
    fleeted.cloud.configure(strategy_config=fg.StrategyConfig(concurrency=0))
    with pytest.raises(FunctionFailed, match=r"FSS\.0429"):
        fleeted.ask()

    assert (1, 0) == (fleeted.counted().rejected, fleeted.counted().failed)


def test_a_changed_version_is_started_anew(fleeted: Fleeted) -> None:
    """The latest one changes in place; a runtime of its old code ends."""
    fleeted.cloud.create()
    fleeted.ask()
    fleeted.cloud.code("# other")
    fleeted.ask()

    assert [True, False] == [one.closed for one in fleeted.started]


def test_what_is_gone_is_pruned(fleeted: Fleeted) -> None:
    """A deleted version's runtime ends, others stay; at the end all do, and none is started again."""
    split(fleeted)
    fleeted.ask("v1")
    fleeted.ask()
    fleeted.cloud.delete("v1")
    fleeted.fleet.prune()
    pruned = [one.closed for one in fleeted.started]
    fleeted.fleet.close()

    assert ([True, False], [True, True]) == (pruned, [one.closed for one in fleeted.started])
    with pytest.raises(FunctionFailed):
        fleeted.ask("v2")


def test_lines_go_to_the_log(fleeted: Fleeted) -> None:
    """Of a function that has one, and without their line feeds."""
    created = fleeted.cloud.create(enable_lts_log=True)
    fleeted.ask()
    stream = fleeted.cloud.account.kept(Logs).stream(created.log_group_id, created.log_stream_id)

    assert [True] == [one.text.startswith("Start invoke request '") and one.text.endswith("'") for one in stream.lines]


def http(fleeted: Fleeted) -> None:
    """Make an HTTP function."""
    fleeted.cloud.create(runtime="http", handler="bootstrap")


def test_a_stream_is_counted_when_it_has_ended(fleeted: Fleeted) -> None:
    """Not before, and once only."""
    http(fleeted)
    answer = fleeted.stream()
    before = fleeted.cloud.functions.numbers.between("chat", None, 0, fleeted.cloud.clock())
    chunks = list(answer.body)
    answer.body.close()

    assert ({}, [b"one ", b"two"]) == (before, chunks)
    assert (1, 0) == (fleeted.counted().calls, fleeted.counted().failed)


def test_a_stream_that_breaks_off_has_failed(fleeted: Fleeted) -> None:
    """As has one without a head; one that nobody reads on has not."""
    http(fleeted)
    with pytest.raises(ConnectionError):
        list(fleeted.stream(fails="later").body)
    with pytest.raises(FunctionFailed):
        fleeted.stream(fails="at once")
    fleeted.stream().body.close()

    assert (3, 2) == (fleeted.counted().calls, fleeted.counted().failed)


def test_an_http_function_answers_whole_too(fleeted: Fleeted) -> None:
    """As an event function would, for a gateway that does not stream; what breaks off has failed."""
    http(fleeted)

    assert {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": "b25lIHR3bw==", "isBase64Encoded": True} == fleeted.ask()
    with pytest.raises(FunctionFailed):
        fleeted.ask(fails="later")
    assert [1, 1] == [one.closed for one in fleeted.started[0].bodies]
