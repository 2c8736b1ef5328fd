"""API Gateway's words, without a socket: what a function sees, what a policy means, what an answer becomes."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.gateway_responses import GatewayResponse, gateway_responses
from deploy.local.aws import LIMITS, Aws
from deploy.local.dialect import Call, Kind, Refusal
from functions.shared.clouds import aws as function_side
from functions.shared.messages import Allow, Forbidden, Response
from tests.deploy.local.scripted import ORIGIN, allow_aws
from tests.fakes.platforms import CONTEXTS

CALL = Call("POST", "/v1/x", (("a", "1"), ("a", "2")), (("Host", "h"), ("X-A", "1"), ("X-A", "2"), ("Authorization", "t")), b"{}", "10.0.0.1", "id-1")
BARE = Call("GET", "/", (), (), b"", "10.0.0.1", "id-2")
NAMES = st.sampled_from(["Accept", "X-One", "x-two", "Authorization"])
CALLS = st.builds(
    Call,
    st.sampled_from(["GET", "POST"]),
    st.text(st.characters(codec="ascii", categories=["L", "N"])).map(lambda tail: f"/{tail}"),
    st.just(()),
    st.lists(
        st.tuples(NAMES, st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=9)), max_size=4, unique_by=lambda pair: pair[0]
    ).map(tuple),
    st.binary(max_size=40),
    st.just("10.0.0.9"),
    st.text(st.characters(codec="ascii", categories=["L"]), min_size=1),
)
STAGE = "arn:aws:execute-api:us-east-1:000000000000:local00000/live"


def kind_of(action: Any, *arguments: Any) -> Kind:
    """Return the kind of refusal that an action ends in."""
    with pytest.raises(Refusal) as refused:
        action(*arguments)
    return refused.value.kind


@given(CALLS)
def test_a_function_reads_what_was_sent(call: Call) -> None:
    """Law: event, then read, gives the call back, after one crossing as JSON."""
    request = function_side.read(json.loads(json.dumps(Aws().event(call, None))), CONTEXTS["aws"])

    assert (call.method, call.path, call.body) == (request.method, request.path, request.body)
    assert (call.source, call.request_id) == (request.source, request.request_id)
    assert {name.lower(): value for name, value in call.headers} == request.headers


def test_the_event_has_the_keys_of_the_contract() -> None:
    """aws.md, 6: these keys, and header names in the case as received."""
    event = Aws().event(CALL, {"principalId": "alice", "n": "1"})

    assert set(event) == {
        *("resource", "path", "httpMethod", "headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters"),
        *("pathParameters", "stageVariables", "requestContext", "body", "isBase64Encoded"),
    }
    assert event["multiValueHeaders"] == {"Host": ["h"], "X-A": ["1", "2"], "Authorization": ["t"]}
    assert event["headers"] == {"Host": "h", "X-A": "2", "Authorization": "t"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert event["requestContext"]["authorizer"] == {"principalId": "alice", "n": "1"}
    assert event["requestContext"]["identity"]["sourceIp"] == "10.0.0.1"


def test_absent_maps_are_null() -> None:
    """aws.md, 6: null, not {}."""
    event = Aws().event(BARE, None)

    assert {event[name] for name in ("headers", "multiValueHeaders", "queryStringParameters", "pathParameters", "stageVariables", "body")} == {None}
    assert "authorizer" not in event["requestContext"]


def test_a_body_that_is_no_text_is_base64() -> None:
    """Bytes survive the way through JSON."""
    event = Aws().event(CALL._replace(body=b"\xff\x00"), None)

    assert (event["isBase64Encoded"], base64.b64decode(event["body"])) == (True, b"\xff\x00")


def test_the_authorizer_is_asked_as_a_token_authorizer() -> None:
    """aws.md, 5: type, token and the method's ARN, nothing else."""
    assert Aws().authorizer_event(CALL) == {"type": "TOKEN", "authorizationToken": "t", "methodArn": f"{STAGE}/POST/v1/x"}


def test_our_own_authorizer_is_understood() -> None:
    """What functions/shared writes as Allow and Forbidden is allowed and denied here."""
    gateway, event = Aws(), Aws().authorizer_event(CALL)
    allowed = gateway.verdict(function_side.write_decision(Allow("alice", "t"), event))
    denied = gateway.verdict(function_side.write_decision(Forbidden(), event))

    assert gateway.admit(allowed, CALL) == {"principalId": "alice"}
    assert gateway.admit(allowed, BARE) == {"principalId": "alice"}
    assert kind_of(gateway.admit, denied, CALL) is Kind.FORBIDDEN


@pytest.mark.parametrize(
    ("resource", "allowed"),
    [
        ("*", True),
        (f"{STAGE}/*/*", True),
        (f"{STAGE}/POST/v1/x", True),
        (f"{STAGE}/POST/v1/?", True),
        (f"{STAGE}/GET/*", False),
        (f"{STAGE}/POST/v1", False),
        (f"{STAGE}/POST/v1/x/*", False),
        (STAGE.replace(".", "*").replace("live", "l.ve") + "/*", False),
    ],
)
def test_a_resource_is_matched_with_wildcards(resource: str, *, allowed: bool) -> None:
    """* is any text, ? is one sign, everything else is itself; what is not allowed is denied."""
    gateway = Aws()
    verdict = gateway.verdict(allow_aws(resource))

    if allowed:
        assert gateway.admit(verdict, CALL)["principalId"] == "alice"
    else:
        assert kind_of(gateway.admit, verdict, CALL) is Kind.FORBIDDEN


def test_deny_wins() -> None:
    """One statement that denies is enough, in any order."""
    policy = allow_aws()
    policy["policyDocument"]["Statement"].append({"Action": "execute-api:*", "Effect": "Deny", "Resource": [f"{STAGE}/*/v1/*"]})

    assert kind_of(Aws().admit, Aws().verdict(policy), CALL) is Kind.FORBIDDEN


def test_context_reaches_the_function_as_strings() -> None:
    """Numbers and truth values become text (aws.md, 5)."""
    verdict = Aws().verdict({**allow_aws(), "context": {"tier": "pro", "n": 1, "ok": True}})

    assert verdict.context == {"principalId": "alice", "tier": "pro", "n": "1", "ok": "true"}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "allow",
        {},
        {**allow_aws(), "principalId": 7},
        {"principalId": "a"},
        {"principalId": "a", "policyDocument": {"Statement": "x"}},
        {"principalId": "a", "policyDocument": {"Statement": [{"Effect": "Maybe", "Action": "*", "Resource": "*"}]}},
        {"principalId": "a", "policyDocument": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {}}]}},
        {"principalId": "a", "policyDocument": {"Statement": [{"Effect": "Allow", "Action": "*"}]}},
        allow_aws("x" * 513),
        {**allow_aws(), "context": {"list": []}},
        {**allow_aws(), "context": "text"},
    ],
)
def test_a_malformed_verdict_is_an_error(answer: Any) -> None:
    """Nothing is guessed: the caller gets AUTHORIZER_CONFIGURATION_ERROR's 500."""
    assert kind_of(Aws().verdict, answer) is Kind.AUTHORIZER_MALFORMED


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Unauthorized", Kind.UNAUTHENTICATED),
        ("unauthorized", Kind.AUTHORIZER_FAILED),
        ("Unauthorized.", Kind.AUTHORIZER_FAILED),
        ("", Kind.AUTHORIZER_FAILED),
    ],
)
def test_only_the_exact_text_is_a_401(text: str, kind: Kind) -> None:
    """aws.md, 5."""
    assert Aws().failed(text).kind is kind


def test_reads_what_a_function_writes() -> None:
    """The answer of functions/shared is the reply, byte for byte."""
    reply = Aws().reply(function_side.write(Response(201, {"x-a": "1"}, ["é".encode()], {})))

    assert reply == (201, (("x-a", "1"),), "é".encode())


def test_reads_lists_of_header_values() -> None:
    """MultiValueHeaders go out one by one, and win over the same name in headers."""
    answer = {"statusCode": 200, "headers": {"Set-Cookie": "a", "x": "1"}, "multiValueHeaders": {"set-cookie": ["a", "b"]}}

    assert Aws().reply(answer).headers == (("x", "1"), ("set-cookie", "a"), ("set-cookie", "b"))


def test_reads_base64() -> None:
    """isBase64Encoded true is believed only when it decodes."""
    assert Aws().reply({"statusCode": 200, "body": "/wA=", "isBase64Encoded": True}).body == b"\xff\x00"
    assert kind_of(Aws().reply, {"statusCode": 200, "body": "a", "isBase64Encoded": True}) is Kind.BAD_ANSWER


@pytest.mark.parametrize("status", [None, "200", True, 42, 101, 600])
def test_a_status_is_never_assumed(status: Any) -> None:
    """A missing or odd statusCode is a malformed answer (aws.md, 6)."""
    assert kind_of(Aws().reply, {"statusCode": status, "body": ""}) is Kind.BAD_ANSWER


@pytest.mark.parametrize(
    ("kind", "status", "message"),
    [
        (Kind.NO_IDENTITY, 401, "Unauthorized"),
        (Kind.FORBIDDEN, 403, "User is not authorized to access this resource"),
        (Kind.NOT_FOUND, 403, "Missing Authentication Token"),
        (Kind.TOO_LARGE, 413, "Request Too Long"),
        (Kind.TIMEOUT, 504, "Endpoint request timed out"),
        (Kind.BAD_ANSWER, 502, "Internal server error"),
        (Kind.AUTHORIZER_FAILED, 500, None),
        (Kind.MISCONFIGURED, 500, "Internal server error"),
    ],
)
def test_the_gateways_own_words(kind: Kind, status: int, message: str | None) -> None:
    """Unconfigured, each error is AWS's own."""
    reply = Aws().refuse(Refusal(kind), "id-1")

    assert (status, {"message": message}) == (reply.status, json.loads(reply.body))


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (Kind.NO_IDENTITY, 401, "unauthenticated"),
        (Kind.UNAUTHENTICATED, 401, "unauthenticated"),
        (Kind.FORBIDDEN, 403, "forbidden"),
        (Kind.AUTHORIZER_FAILED, 500, "internal_error"),
        (Kind.AUTHORIZER_MALFORMED, 500, "internal_error"),
        (Kind.NOT_FOUND, 404, "not_found"),
        (Kind.TOO_LARGE, 413, "request_too_large"),
        (Kind.HEADERS_TOO_LARGE, 413, "request_too_large"),
        (Kind.TIMEOUT, 504, "gateway_timeout"),
        (Kind.BAD_ANSWER, 502, "bad_gateway"),
        (Kind.MISCONFIGURED, 500, "internal_error"),
    ],
)
def test_configured_words(kind: Kind, status: int, code: str) -> None:
    """Configured, each error is OpenAI's shape, and the page may read it."""
    reply = Aws(origin=ORIGIN).refuse(Refusal(kind), "id-1")
    error = json.loads(reply.body)["error"]

    assert (status, code, None) == (reply.status, error["code"], error["param"])
    assert {"access-control-allow-origin": ORIGIN, "x-request-id": "id-1", "vary": "origin"}.items() <= dict(reply.headers).items()


def test_words_that_somebody_else_configured() -> None:
    """A type of its own, else the default of its class, which leaves it its status; context variables are filled in."""
    told = GatewayResponse("UNAUTHORIZED", 418, {"x-id": "$context.requestId"}, "{}")
    default = GatewayResponse("DEFAULT_5XX", None, {"x-id": "$context.requestId"}, '{"message":$context.error.messageString}')
    gateway = Aws(responses=[told, default])
    replies = [gateway.refuse(Refusal(kind), "id-1") for kind in (Kind.UNAUTHENTICATED, Kind.TIMEOUT, Kind.NOT_FOUND)]

    assert [(418, b"{}"), (504, b'{"message":"Endpoint request timed out"}')] == [(reply.status, reply.body) for reply in replies[:2]]
    assert [(("x-id", "id-1"),)] * 2 == [reply.headers for reply in replies[:2]]
    assert (403, {"message": "Missing Authentication Token"}) == (replies[2].status, json.loads(replies[2].body))


def test_an_api_stands_where_it_is_said_to() -> None:
    """What function and authorizer see of it is its own, and so is what a policy allows."""
    gateway = Aws(stage="arn:aws:execute-api:eu-central-1:123456789012:abc/test")
    context = gateway.event(CALL, None)["requestContext"]
    allowed = gateway.verdict(allow_aws("arn:aws:execute-api:eu-central-1:123456789012:abc/test/*"))

    assert ("123456789012", "abc", "test", "/test/v1/x") == tuple(context[name] for name in ("accountId", "apiId", "stage", "path"))
    assert "arn:aws:execute-api:eu-central-1:123456789012:abc/test/POST/v1/x" == gateway.authorizer_event(CALL)["methodArn"]
    assert allowed.context == gateway.admit(allowed, CALL)
    assert kind_of(Aws().admit, allowed, CALL) is Kind.FORBIDDEN


def test_each_type_is_configured_once() -> None:
    """A cloud takes one gateway response per error type; every kind has one."""
    types = [one.type for one in gateway_responses("aws", ORIGIN)]

    assert len(set(types)) == len(types)
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED"} <= set(types)


def test_a_long_header_or_address_is_refused() -> None:
    """aws.md, 6: 10,240 bytes a value."""
    fits = BARE._replace(headers=(("a", "x" * 10_240),))
    Aws().check(fits, 100)

    assert kind_of(Aws().check, BARE._replace(headers=(("a", "x" * 10_241),)), 100) is Kind.HEADERS_TOO_LARGE
    assert kind_of(Aws().check, BARE, LIMITS.head + 1) is Kind.URL_TOO_LONG
