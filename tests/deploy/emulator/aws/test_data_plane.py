"""What is deployed is what is served: routes, guard, mocks and errors as moto keeps them, and nothing of our deployer's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from deploy import streaming
from deploy.emulator.aws.emulate import Emulator
from tests.deploy.emulator.aws.account import REGION
from tests.deploy.emulator.aws.served import GOOD, KEEPER, Served
from tests.deploy.streaming.zips import streams

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", name="emulator")
def _emulator() -> Iterator[Emulator]:
    with Emulator(REGION) as emulator:
        yield emulator


@pytest.fixture(name="served")
def _served(emulator: Emulator) -> Served:
    return Served(emulator)


def test_a_function_sees_the_event_of_its_api(served: Served) -> None:
    """Path without the stage, and who it is by id; aws.md, 6."""
    served.method("v1", served.function())
    served.deploy()
    event = served.ask("v1?a=1").document
    context = event["requestContext"]

    assert ("/v1", {"a": "1"}) == (event["path"], event["queryStringParameters"])
    assert ("123456789012", served.api, "live", "/live/v1") == (context["accountId"], context["apiId"], context["stage"], context["path"])


@pytest.mark.parametrize("at", ["/nothing1/live", "/{api}/test", ""], ids=["api", "stage", "neither"])
def test_what_is_not_there_is_forbidden(served: Served, at: str) -> None:
    """As API Gateway answers at an address without a stage, whoever asks."""
    served.method("v1", served.function())
    served.deploy()
    said = served.ask("v1", at=at.format(api=served.api) or "/x")

    assert (403, {"message": "Forbidden"}) == (said.status, said.document)


def test_an_edit_is_served_once_it_is_deployed(served: Served) -> None:
    """Not before, whatever is edited."""
    served.method("v1", served.function())
    served.deploy()
    served.method("v2", served.function())
    before = served.ask("v2").status
    served.deploy()

    assert (403, 200) == (before, served.ask("v2").status)


def test_a_guarded_method_asks_the_authorizer_that_is_stored(served: Served) -> None:
    """And tells the function who it is."""
    served.method("v1", served.function(), **served.guard())
    served.deploy()
    statuses = [served.ask("v1", headers=headers).status for headers in ({}, {"authorization": "bad"})]

    assert [401, 401] == statuses
    assert {"principalId": "ann"} == served.ask("v1", headers=GOOD).document["requestContext"]["authorizer"]


@pytest.mark.parametrize(("seconds", "asked"), [(300, 1), (0, 3)])
def test_a_verdict_is_kept_for_as_long_as_is_stored(served: Served, seconds: int, asked: int) -> None:
    """0 is never."""
    keeper = served.guard(authorizerResultTtlInSeconds=seconds)
    served.method("v1", served.function(), **keeper)
    served.deploy()
    uri = served.account.apigateway.get_authorizers(restApiId=served.api)["items"][0]["authorizerUri"]
    name = uri.split(":function:")[1].split(":")[0]
    served.account.logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
    for _ in range(3):
        served.ask("v1", headers=GOOD)
    served.emulator.telemetry.flush()
    lines = served.account.logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="asked")["events"]

    assert asked == len(lines)


@pytest.mark.parametrize(
    "also",
    [{"identitySource": "method.request.header.X-Token"}, {"identityValidationExpression": "Bearer .*"}],
    ids=["another header", "an expression"],
)
def test_an_authorizer_that_is_not_understood_lets_nobody_in(served: Served, also: dict[str, Any]) -> None:
    """Rather than to guess what it would have said."""
    served.method("v1", served.function(), **served.guard(**also))
    served.deploy()

    assert 500 == served.ask("v1", headers=GOOD).status


@pytest.mark.parametrize("which", ["function", "authorizer"])
def test_what_the_api_may_not_call_is_a_configuration_error(served: Served, which: str) -> None:
    """A permission is the alias's own (aws.md, 7): without it, it is 500."""
    guard = served.guard(permitted=which != "authorizer")
    served.method("v1", served.function(permitted=which != "function"), **guard)
    served.deploy()

    assert 500 == served.ask("v1", headers=GOOD).status


def test_what_is_no_function_is_not_called(served: Served) -> None:
    """An ARN that names no function."""
    name = served.function()
    where = served.method("v1")
    served.account.integrate(where, uri=served.uri(name).replace(":function:", ":layer:"))
    served.deploy()

    assert 500 == served.ask("v1").status


def test_a_permission_for_another_api_is_none(served: Served) -> None:
    """It names who may call."""
    name = served.function(permitted=False)
    served.account.permit(name, Qualifier="live", SourceArn=served.arn().replace(served.api, "other"))
    served.method("v1", name)
    served.deploy()

    assert 500 == served.ask("v1").status


def test_a_method_for_signatures_is_never_open(served: Served) -> None:
    """What is not understood has nothing behind it."""
    served.method("v1", served.function(), authorizationType="AWS_IAM")
    served.deploy()

    assert 500 == served.ask("v1").status


def test_calls_follow_the_alias(served: Served) -> None:
    """Each anew, without a deployment; and by its weights."""
    name = served.function()
    served.method("v1", name)
    served.deploy()
    first = served.ask("v1").headers["x-number"]
    number = served.next_version(name)
    served.account.functions.update_alias(FunctionName=name, Name="live", FunctionVersion=number)
    second = served.ask("v1").headers["x-number"]
    served.account.functions.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}})
    both = {served.ask("v1").headers["x-number"] for _ in range(40)}

    assert ("1", "2", {"1", "2"}) == (first, second, both)


def test_a_stored_stream_streams(served: Served) -> None:
    """Through the loop, chunk by chunk, at the address that is stored as one."""
    version = streams()
    name = served.account.function(
        Code={"ZipFile": version.code}, Environment={"Variables": dict(streaming.ENVIRONMENT)}, Handler=version.handler, Timeout=20
    )
    served.account.functions.publish_version(FunctionName=name)
    served.account.functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    served.account.permit(name, Qualifier="live", SourceArn=served.arn())
    where = served.method("chat", verb="POST")
    served.account.integrate(where, uri=served.uri(name, streams=True), responseTransferMode="STREAM")
    served.deploy()
    said = served.ask("chat", "POST")
    raw = served.account.functions.invoke(FunctionName=name, Qualifier="live", Payload=json.dumps({"httpMethod": "POST", "resource": "/chat"}))

    assert (200, "chunked", b"onetwo") == (said.status, said.headers.get("transfer-encoding"), said.body)
    assert ("1", bytes(8) + b"onetwo") == (raw["ExecutedVersion"], raw["Payload"].read().partition(b"}")[2][-14:])


def test_a_mock_answers_as_it_is_stored(served: Served) -> None:
    """A preflight, to whoever asks, and only with the headers that are declared."""
    where = served.method("v1", verb="OPTIONS")
    mock(served, where)
    served.deploy()
    said = served.ask("v1", "OPTIONS")

    assert (204, "https://page", b"") == (said.status, said.headers["access-control-allow-origin"], said.body)


@pytest.mark.parametrize("template", ['{"statusCode": 204}', "{}", "nonsense"])
def test_half_a_mock_is_a_configuration_error(served: Served, template: str) -> None:
    """It has a response only if method and integration have it."""
    where = served.method("v1", verb="OPTIONS")
    served.account.integrate(where, type="MOCK", requestTemplates={"application/json": template})
    served.deploy()

    assert 500 == served.ask("v1", "OPTIONS").status


@pytest.mark.parametrize("streams", [False, True], ids=["buffered", "streamed"])
def test_an_integration_that_is_not_understood_answers_nobody(served: Served, streams: bool) -> None:
    """Somebody else's server is not asked."""
    where = served.method("v1")
    mode = {"responseTransferMode": "STREAM"} if streams else {}
    served.account.integrate(where, type="HTTP_PROXY", uri="http://127.0.0.1:9/", **mode)
    served.deploy()

    assert 500 == served.ask("v1").status


@pytest.mark.parametrize("guarded", [False, True], ids=["method", "authorizer"])
def test_an_alias_that_is_gone_is_a_configuration_error(served: Served, guarded: bool) -> None:
    """As long as what is deployed still names it."""
    name = served.function(KEEPER)
    also = {"authorizationType": "CUSTOM", "authorizerId": served.account.authorize(served.api, authorizerUri=served.uri(name))["id"]}
    served.method("v1", served.function() if guarded else name, **(also if guarded else {}))
    served.deploy()
    served.account.functions.delete_function(FunctionName=name)

    assert 500 == served.ask("v1", headers=GOOD).status


def test_an_error_is_told_as_it_is_stored(served: Served) -> None:
    """With status, headers and body; what is not stored takes after its default, and after API Gateway's own words without one."""
    told = {"Access-Control-Allow-Origin": "'https://page'", "x-request-id": "context.requestId"}
    served.method("v1", served.function(), **served.guard())
    answer(served, "UNAUTHORIZED", told, statusCode="418", responseTemplates={"application/json": '{"no": "way"}'})
    answer(served, "DEFAULT_5XX", {"x-default": "'yes'"})
    served.deploy()
    stored = served.ask("v1")
    own = served.ask("v2")

    assert (418, {"no": "way"}) == (stored.status, stored.document)
    assert ("https://page", stored.headers["x-amzn-requestid"]) == (stored.headers["access-control-allow-origin"], stored.headers["x-request-id"])
    assert (403, {"message": "Missing Authentication Token"}) == (own.status, own.document)


def test_a_function_that_fails_takes_after_the_default(served: Served) -> None:
    """Its status is API Gateway's own, and its words, where none are stored."""
    served.method("v1", served.function("def handler(event, context):\n    raise ValueError"))
    answer(served, "DEFAULT_5XX", {"x-default": "'yes'"})
    served.deploy()
    said = served.ask("v1")

    assert (502, "yes", {"message": "Internal server error"}) == (said.status, said.headers["x-default"], said.document)


def test_a_function_that_takes_longer_than_is_stored_times_out(served: Served) -> None:
    """By the integration's own time, not the longest there is."""
    where = served.method("v1")
    name = served.function("def handler(event, context):\n    while True: pass", Timeout=2)
    served.account.integrate(where, uri=served.uri(name), timeoutInMillis=50)
    served.deploy()

    assert 504 == served.ask("v1").status


def test_what_is_not_http_is_a_bad_request(served: Served) -> None:
    """It is for no API, so that it gets API Gateway's own words."""
    said = served.ask("v1", headers={"content-length": "x"})

    assert (400, {"message": "Bad Request"}) == (said.status, said.document)


def test_a_deleted_api_is_served_no_more(served: Served) -> None:
    """Neither is what was remembered of it."""
    served.method("v1", served.function())
    served.deploy()
    before = served.ask("v1").status
    served.account.apigateway.delete_rest_api(restApiId=served.api)

    assert (200, 403) == (before, served.ask("v1").status)


def mock(served: Served, where: dict[str, str]) -> None:
    """Let a method answer 204 by itself."""
    header = "method.response.header.Access-Control-Allow-Origin"
    apigateway = served.account.apigateway
    apigateway.put_integration(**where, type="MOCK", requestTemplates={"application/json": '{"statusCode": 204}'})
    apigateway.put_method_response(**where, statusCode="204", responseParameters={header: False})
    apigateway.put_integration_response(**where, statusCode="204", responseParameters={header: "'https://page'"})


def answer(served: Served, kind: str, headers: dict[str, str], **also: Any) -> None:
    """Say what the gateway answers by itself."""
    given = {f"gatewayresponse.header.{name}": value for name, value in headers.items()}
    served.account.apigateway.put_gateway_response(restApiId=served.api, responseType=kind, responseParameters=given, **also)
