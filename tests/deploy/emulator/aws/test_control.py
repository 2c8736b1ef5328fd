"""The control plane starts and stops, keeps its gaps closed, tells what a stage serves, and lets somebody run what is invoked."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from deploy.emulator.aws.control import Control
from deploy.emulator.aws.moto_gaps import install
from deploy.emulator.aws.moto_gaps_lambda import Invoked, Ran
from tests.deploy.emulator.aws.account import REGION, STREAMS, Account, code

if TYPE_CHECKING:
    from collections.abc import Iterator


class Runner:
    """Somebody who runs functions: remembers the calls, and answers with the version; fails on an order to."""

    def __init__(self) -> None:
        self.calls: list[Invoked] = []

    def __call__(self, call: Invoked) -> Ran:
        """Answer a call."""
        self.calls.append(call)
        return Ran(b"broken", "Unhandled") if call.payload == b"fail" else Ran(call.version.encode())


@pytest.fixture(name="runner")
def _runner() -> Runner:
    return Runner()


@pytest.fixture(name="account")
def _account(runner: Runner) -> Iterator[Account]:
    with Control(runs=runner) as control:
        yield Account(control.url)


def port() -> int:
    """Return a free port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_it_listens_where_it_is_told_to(capfd: pytest.CaptureFixture[str]) -> None:
    """On loopback, at the port that was given, and without a word."""
    with Control(given := port()) as control:
        account = Account(control.url).sts.get_caller_identity()["Account"]

    assert f"http://127.0.0.1:{given}" == control.url
    assert "123456789012" == account
    assert ("", "") == capfd.readouterr()


def test_it_stops_and_leaves_nothing() -> None:
    """The port is free again, and the next account is empty."""
    with Control(given := port()) as control:
        Account(control.url).bucket()
    with Control(given) as control:
        left = Account(control.url).s3.list_buckets()["Buckets"]

    assert [] == left


def test_gaps_are_closed_once() -> None:
    """A second installation changes nothing: no check is made twice."""
    from moto.awslambda.responses import LambdaResponse

    install()
    before = LambdaResponse.update_alias
    install()

    assert before is LambdaResponse.update_alias


def test_a_stage_serves_what_was_deployed(account: Account) -> None:
    """What is edited later is not served until it is deployed."""
    method = account.method()
    account.integrate(method, uri=STREAMS, responseTransferMode="STREAM", timeoutInMillis=900_000)
    account.authorize(method["restApiId"])
    account.apigateway.put_gateway_response(restApiId=method["restApiId"], responseType="UNAUTHORIZED", statusCode="401")
    account.apigateway.create_deployment(restApiId=method["restApiId"], stageName="live", variables={"colour": "blue"})
    account.apigateway.delete_method(**method)
    served = Control().deployed(method["restApiId"], "live", region=REGION)
    methods = {one["path"]: one.get("resourceMethods", {}) for one in served.resources}

    assert "STREAM" == methods["/v1"]["POST"]["methodIntegration"]["responseTransferMode"]
    assert ["gatekeeper"] == [one["name"] for one in served.authorizers]
    assert ["UNAUTHORIZED"] == [one["responseType"] for one in served.gateway_responses]
    assert ({"types": ["REGIONAL"]}, {"colour": "blue"}) == (served.api["endpointConfiguration"], served.stage["variables"])


def test_the_next_deployment_serves_the_edits(account: Account) -> None:
    """And a stage that is pointed back serves what it served."""
    stage = account.staged()
    first = account.apigateway.get_stage(**stage)["deploymentId"]
    root = account.apigateway.get_resources(restApiId=stage["restApiId"])["items"][0]["id"]
    account.apigateway.create_resource(restApiId=stage["restApiId"], parentId=root, pathPart="v2")
    account.apigateway.create_deployment(**stage)
    later = Control().deployed(stage["restApiId"], "live", region=REGION)
    account.patch(stage, **{"/deploymentId": first})
    back = Control().deployed(stage["restApiId"], "live", region=REGION)

    assert ["/", "/v1", "/v2"] == sorted(one["path"] for one in later.resources)
    assert ["/", "/v1"] == sorted(one["path"] for one in back.resources)


def test_a_call_is_run_with_the_version_as_it_was_published(account: Account, runner: Runner) -> None:
    """Through an alias, too; what was changed since is not in it."""
    name = account.function(Environment={"Variables": {"AA": "then"}})
    account.functions.publish_version(FunctionName=name)
    account.functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    account.functions.update_function_code(FunctionName=name, ZipFile=code("2"))
    account.functions.get_function(FunctionName=name)
    account.configure(name, Environment={"Variables": {"AA": "now"}})
    answer = account.functions.invoke(FunctionName=name, Qualifier="live", Payload=b"{}")
    call = runner.calls[0]

    assert ("1", b"1") == (answer["ExecutedVersion"], answer["Payload"].read())
    assert (name, "live", "1", code("1"), b"{}") == (call.function, call.qualifier, call.version, call.code, call.payload)
    assert {"Variables": {"AA": "then"}} == call.configuration["Environment"]


def test_calls_of_a_split_alias_are_split(account: Account) -> None:
    """By weight, each anew; a weight of 1 takes all."""
    name = account.aliased(2, RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    invoke = account.functions.invoke
    half = {invoke(FunctionName=name, Qualifier="live")["ExecutedVersion"] for _ in range(40)}
    account.functions.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}})
    whole = {invoke(FunctionName=name, Qualifier="live")["ExecutedVersion"] for _ in range(10)}

    assert ({"1", "2"}, {"2"}) == (half, whole)


def test_a_function_that_fails_says_so(account: Account) -> None:
    """The call succeeds, as Lambda's do."""
    answer = account.functions.invoke(FunctionName=account.function(), Payload=b"fail")

    assert (200, "Unhandled", "$LATEST") == (answer["StatusCode"], answer["FunctionError"], answer["ExecutedVersion"])
