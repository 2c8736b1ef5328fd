"""Versions are run by their number and by an alias's weights, from the control plane and from the data plane alike; and CloudWatch is told."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from deploy import streaming
from deploy.emulator.aws.control import Control
from deploy.emulator.aws.fleet import Fleet
from deploy.emulator.aws.runtime_api import Faulty
from deploy.emulator.aws.stored import Absent, Callee
from deploy.emulator.aws.telemetry import Telemetry
from deploy.local.backend import FunctionFailed
from tests.deploy.emulator.aws.account import REGION, Account, code
from tests.deploy.streaming.zips import CHAT, PATIENCE, streams

if TYPE_CHECKING:
    from collections.abc import Iterator

WHO = "import os\n\n\ndef handler(event, context):\n    return [os.environ['AWS_LAMBDA_FUNCTION_VERSION'], os.getpid()]\n"
FAILS = "def handler(event, context):\n    raise LookupError('so')"


class Lambda:
    """A fleet behind a control plane; `draws` are the numbers by which an alias chooses, in order."""

    def __init__(self) -> None:
        self.told = Telemetry()
        self.draws: list[float] = []
        self.fleet = Fleet(self.told, lambda: self.draws.pop(0))
        self.control = Control(runs=self.fleet.invoke)

    @property
    def account(self) -> Account:
        """The account, by boto3."""
        return Account(self.control.url)

    def function(self, index: str = WHO, **also: Any) -> str:
        """Make a function whose first version an alias names."""
        name = self.account.function(Code={"ZipFile": code(index)}, **also)
        self.account.functions.publish_version(FunctionName=name)
        self.account.functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        return name

    def ask(self, name: str, qualifier: str = "live") -> Any:
        """Call a function as the data plane does."""
        return self.fleet.answer(Callee(REGION, name, qualifier), {}, PATIENCE)

    def sums(self, name: str, version: str) -> dict[str, float]:
        """Return the sums of a version's metrics, as the deployer asks for them."""
        self.told.flush()
        named = {"FunctionName": name, "Resource": f"{name}:live", "ExecutedVersion": version}
        dimensions = [{"Name": key, "Value": value} for key, value in named.items()]
        now = datetime.now(timezone.utc)
        about = {"Namespace": "AWS/Lambda", "Dimensions": dimensions, "StartTime": now - timedelta(hours=1), "EndTime": now + timedelta(hours=1)}
        found = {}
        for metric in ("Invocations", "Errors", "Throttles", "Duration"):
            given = self.account.cloudwatch.get_metric_statistics(MetricName=metric, Period=7200, Statistics=["Sum"], **about)["Datapoints"]
            found[metric] = sum(one["Sum"] for one in given)
        return found


@pytest.fixture(name="functions")
def _functions() -> Iterator[Lambda]:
    functions = Lambda()
    with functions.control, functions.told:
        yield functions
        functions.fleet.close()


def split(functions: Lambda, weight: float) -> str:
    """Make a function with two versions, the second with this share."""
    name = functions.function()
    functions.account.functions.update_function_code(FunctionName=name, ZipFile=code(f"{WHO}# again\n"))
    functions.account.functions.get_function_configuration(FunctionName=name)
    functions.account.functions.publish_version(FunctionName=name)
    functions.account.functions.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": weight}})
    return name


def test_an_alias_chooses_by_its_weights(functions: Lambda) -> None:
    """Below the weight it is the new version, from there on the one that the alias names."""
    name = split(functions, 0.25)
    functions.draws = [0.0, 0.249, 0.25, 0.999]

    assert ["2", "2", "1", "1"] == [functions.ask(name)[0] for _ in range(4)]


def test_a_version_is_called_by_its_number(functions: Lambda) -> None:
    """Whatever the alias says; and $LATEST is what is there now."""
    name = split(functions, 1.0)

    assert ["1", "2", "$LATEST"] == [functions.ask(name, qualifier)[0] for qualifier in ("1", "2", "$LATEST")]


def test_a_version_keeps_its_workers(functions: Lambda) -> None:
    """From both planes: it is started once."""
    name = functions.function()
    functions.draws = [0.5, 0.5]
    mine = [functions.ask(name)[1] for _ in range(2)]
    theirs = json.load(functions.account.functions.invoke(FunctionName=name, Qualifier="1", Payload=b"{}")["Payload"])[1]

    assert {theirs} == set(mine)


def test_what_changes_is_started_anew(functions: Lambda) -> None:
    """$LATEST after an update; never what it was before."""
    name = functions.function()
    before = functions.ask(name, "$LATEST")[1]
    functions.account.configure(name, Timeout=7)

    assert before != functions.ask(name, "$LATEST")[1]


def test_a_deleted_version_is_ended(functions: Lambda) -> None:
    """And a number that comes again is another function's."""
    name = functions.function()
    first = functions.ask(name, "1")[1]
    functions.account.functions.delete_function(FunctionName=name)
    functions.fleet.prune()
    with pytest.raises(Absent):
        functions.ask(name, "1")
    functions.account.function(FunctionName=name, Code={"ZipFile": code(WHO)})
    functions.account.functions.publish_version(FunctionName=name)

    assert first != functions.ask(name, "1")[1]


def test_what_is_still_there_is_not_ended(functions: Lambda) -> None:
    """Looking changes nothing."""
    name = functions.function()
    before = functions.ask(name, "1")
    functions.fleet.prune()

    assert before == functions.ask(name, "1")


@pytest.mark.parametrize("callee", [("nothing", "live"), ("", "other"), ("", "9")], ids=["function", "alias", "version"])
def test_what_is_not_there_is_absent(functions: Lambda, callee: tuple[str, str]) -> None:
    """It is no failure of a function."""
    name = functions.function()
    with pytest.raises(Absent):
        functions.ask(callee[0] or name, callee[1])


def test_an_error_is_told_as_lambda_tells_it(functions: Lambda) -> None:
    """By invoke: a success of the call, whose payload is the error."""
    answer = functions.account.functions.invoke(FunctionName=functions.function(FAILS), Qualifier="1", Payload=b"{}")
    told = json.load(answer["Payload"])

    assert (200, "Unhandled", "1") == (answer["StatusCode"], answer["FunctionError"], answer["ExecutedVersion"])
    assert ("LookupError", "so") == (told["errorType"], told["errorMessage"])


def test_what_cannot_be_started_is_an_error_too(functions: Lambda) -> None:
    """As Lambda says of an entry point that is not there."""
    name = functions.function(Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/bootstrap"}})
    answer = functions.account.functions.invoke(FunctionName=name, Qualifier="1", Payload=b"{}")
    with pytest.raises(FunctionFailed, match="AWS_LAMBDA_EXEC_WRAPPER"):
        functions.ask(name, "1")

    assert ("Unhandled", "Runtime.InvalidEntrypoint") == (answer["FunctionError"], json.load(answer["Payload"])["errorType"])


def test_calls_by_the_alias_are_counted_by_version(functions: Lambda) -> None:
    """With their errors; what is called by number is not under the alias."""
    name = functions.function("def handler(event, context):\n    if event: raise ValueError")
    functions.draws = [0.5] * 3
    functions.ask(name)
    functions.ask(name, "1")
    for _ in range(2):
        with pytest.raises(FunctionFailed):
            functions.fleet.answer(Callee(REGION, name, "live"), {"fail": True}, PATIENCE)
    sums = functions.sums(name, "1")

    assert Counter(Invocations=3, Errors=2, Throttles=0) == Counter({key: int(value) for key, value in sums.items() if key != "Duration"})
    assert sums["Duration"] > 0


@pytest.mark.parametrize(
    ("body", "errors"),
    [("yield b'one'", 0), ("yield b'one'\n    raise ValueError", 1), ("yield b'one'\n    while True: yield b' '", 0)],
    ids=["whole", "broken off", "left"],
)
def test_a_stream_is_counted_at_its_end(functions: Lambda, body: str, errors: int) -> None:
    """Once, whether it is read to its end, breaks off, or is left."""
    version = streams(f"def body(event, context):\n    {body}")
    name = functions.account.function(Code={"ZipFile": version.code}, Environment={"Variables": dict(streaming.ENVIRONMENT)}, Timeout=20)
    functions.account.functions.publish_version(FunctionName=name)
    functions.account.functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    functions.draws = [0.5]
    answer = functions.fleet.stream(Callee(REGION, name, "live"), CHAT, PATIENCE)
    before = functions.sums(name, "1")["Invocations"]
    with suppress(Faulty):
        for _ in zip(range(3), answer.body, strict=False):
            pass
    answer.body.close()

    assert (0, 1, errors) == (before, functions.sums(name, "1")["Invocations"], functions.sums(name, "1")["Errors"])


def test_a_stream_without_a_head_is_a_failure(functions: Lambda) -> None:
    """Of the function, and counted as one."""
    name = functions.function(FAILS)
    functions.draws = [0.5]
    with pytest.raises(FunctionFailed):
        functions.fleet.stream(Callee(REGION, name, "live"), {}, PATIENCE)

    assert 1 == functions.sums(name, "1")["Errors"]


def test_lines_go_to_the_functions_group(functions: Lambda) -> None:
    """In order, and each once; where the group is not there, they are lost, as they are without the right to make it."""
    quiet, name = functions.function("print('start')\n" + WHO), functions.function("print('start')\n" + WHO)
    functions.account.logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
    for one in (quiet, name):
        functions.ask(one, "1")
    functions.told.flush()
    events = functions.account.logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]

    assert ["start"] == [one["message"] for one in events]
    assert [] == functions.account.logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{quiet}")["logGroups"]


def test_nothing_starts_after_the_end(functions: Lambda) -> None:
    """A call that comes while everything ends is refused."""
    name = functions.function()
    functions.fleet.close()
    with pytest.raises(FunctionFailed):
        functions.ask(name, "1")
