"""clouds/aws.py: what the gateway documents, and what it does not (aws.md, 5 and 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from functions.shared.clouds import aws
from functions.shared.errors import InvalidRequest
from functions.shared.messages import Allow, Decision, Forbidden, Request, Response, Unauthenticated
from tests.fakes.platforms import LambdaContext

if TYPE_CHECKING:
    from collections.abc import Callable

STAGE = "arn:aws:execute-api:eu-central-1:111122223333:a1b2c3d4e5/live"


def read(event: Any) -> Request:
    """Read with Lambda's context."""
    return aws.read(event, LambdaContext())


def test_a_whole_event_is_read(recorded: Callable[[str], Any]) -> None:
    """Every part of a Request comes from its documented place."""
    request = read(recorded("aws/wrong_password"))

    assert ("POST", "/auth/login") == (request.method, request.path)
    assert b'{"username":"alice","password":"seven kettles sing at dusk"}' == request.body
    assert ("aws-gateway-id", "198.51.100.7", 24.5) == (request.request_id, request.source, request.seconds_left)


def test_null_maps_mean_empty(recorded: Callable[[str], Any]) -> None:
    """The gateway writes null for a map that is absent."""
    request = read(recorded("aws/null_maps"))

    assert ({}, b"") == (request.headers, request.body)


def test_the_source_is_never_what_a_header_claims(recorded: Callable[[str], Any]) -> None:
    """X-Forwarded-For is the caller's word, sourceIp the gateway's."""
    event = recorded("aws/login")
    event["requestContext"]["identity"] = None

    assert "" == read(event).source


@pytest.mark.parametrize("name", ["aws/me", "aws/lower_case_headers"])
def test_header_names_arrive_in_any_case(recorded: Callable[[str], Any], name: str) -> None:
    """The gateway keeps the case that was sent; ours are lower-case."""
    request = read(recorded(name))

    assert request.headers["authorization"].startswith("Bearer ey")


def test_a_header_sent_twice_is_joined(recorded: Callable[[str], Any]) -> None:
    """`headers` keeps the last only, so that the gateway and the function could each see another token."""
    request = read(recorded("aws/header_sent_twice"))

    assert request.headers["authorization"].endswith(", Bearer second")


def test_names_that_differ_in_case_are_joined() -> None:
    """Two spellings of one header never hide one another."""
    event = {"httpMethod": "GET", "path": "/", "headers": {"X-A": "1", "x-a": "2"}}

    assert {"x-a": "1, 2"} == read(event).headers


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("aws/base64_body", b'{"username":"alice","password":"seven kettles sing at noon"}'),
        ("aws/empty_base64_body", b""),
    ],
    ids=["full", "empty"],
)
def test_a_base64_body_is_decoded(recorded: Callable[[str], Any], name: str, body: bytes) -> None:
    """With binary media types every body arrives in base64."""
    request = read(recorded(name))

    assert body == request.body


def test_without_a_gateway_id_the_platforms_serves(recorded: Callable[[str], Any]) -> None:
    """A request always has an id."""
    event = {**recorded("aws/login"), "requestContext": None}

    assert "aws-context-id" == read(event).request_id


@pytest.mark.parametrize(
    ("member", "junk"),
    [
        ("httpMethod", None),
        ("httpMethod", ""),
        ("httpMethod", 1),
        ("path", ["/"]),
        ("multiValueHeaders", [1]),
        ("multiValueHeaders", {"a": [None]}),
        ("multiValueHeaders", {"a": {"b": "c"}}),
        ("requestContext", "x"),
        ("requestContext", {"identity": "x"}),
        ("requestContext", {"requestId": 7}),
        ("body", {"a": 1}),
        ("body", "\ud800"),
        ("isBase64Encoded", "true"),
        ("isBase64Encoded", 1),
    ],
    ids=str,
)
def test_a_member_of_the_wrong_type_is_refused(recorded: Callable[[str], Any], member: str, junk: Any) -> None:
    """Nothing in an event is trusted to be of its type."""
    with pytest.raises(InvalidRequest):
        read({**recorded("aws/login"), member: junk})


@pytest.mark.parametrize("headers", ["x", [], 0, {"a": None}, {"a": [1]}, {"a": True}], ids=str)
def test_headers_of_the_wrong_type_are_refused(recorded: Callable[[str], Any], headers: Any) -> None:
    """A null or a number among `headers` is not text."""
    with pytest.raises(InvalidRequest):
        read({**recorded("aws/login"), "multiValueHeaders": None, "headers": headers})


@pytest.mark.parametrize("body", ["a", "!!!!", "YQ==\n", "YQ", "é"], ids=["one", "alphabet", "newline", "unpadded", "non-ascii"])
def test_a_body_that_is_not_base64_is_refused(recorded: Callable[[str], Any], body: str) -> None:
    """What says it is base64 must be it, to the letter."""
    with pytest.raises(InvalidRequest):
        read({**recorded("aws/login"), "body": body, "isBase64Encoded": True})


def test_an_answer_has_the_four_members() -> None:
    """Without statusCode, or with a body that is no string, the caller would get 502."""
    answer = aws.write(Response(201, {"a": "b"}, iter([b"\xc3", b"\xa9"]), {}))

    assert {"statusCode": 201, "headers": {"a": "b"}, "body": "é", "isBase64Encoded": False} == answer


def test_an_empty_answer_has_a_body() -> None:
    """The body of nothing is the empty string."""
    assert "" == aws.write(Response(204, {}, [], {}))["body"]


def test_the_authorizer_reads_the_token_alone(recorded: Callable[[str], Any]) -> None:
    """Of a TOKEN event only the token and the stage matter."""
    request = aws.read_authorizer(recorded("aws/authorizer_garbage"), LambdaContext())

    assert Request("AUTHORIZE", STAGE, {"authorization": "Bearer garbage"}, b"", "aws-context-id") == request


@pytest.mark.parametrize("token", [None, 1, ["Bearer x"], {"a": "b"}], ids=str)
def test_a_token_that_is_no_text_counts_as_absent(recorded: Callable[[str], Any], token: Any) -> None:
    """A missing token is a matter for the decision, which says no."""
    event = {**recorded("aws/authorizer"), "authorizationToken": token}

    assert {} == aws.read_authorizer(event, LambdaContext()).headers


@pytest.mark.parametrize(
    "arn",
    [
        None,
        7,
        "",
        "*",
        "/live/GET",
        ":::::/live/GET",
        STAGE,
        "arn:aws:execute-api:eu-central-1:111122223333:a1b2c3d4e5//GET/x",
        "arn:aws:execute-api:eu-central-1:111122223333:a1b2c3d4e5/*/GET/x",
        "arn:aws:execute-api:eu-central-1:111122223333:a1b2c3d4e5/liv?/GET/x",
        "arn:aws:execute-api:eu-central-1:111122223333:*/live/GET/x",
        "arn:aws:execute-api:*:111122223333:a1b2c3d4e5/live/GET/x",
        "arn:aws:execute-api:eu-central-1:a1b2c3d4e5/live/GET/x",
        "arn:aws:s3:eu-central-1:111122223333:a1b2c3d4e5/live/GET/x",
        "arn:aws:execute-api:eu-central-1:111122223333:a1b2c3d4e5\n/live/GET/x",
    ],
    ids=repr,
)
def test_no_policy_is_guessed_from_a_malformed_arn(recorded: Callable[[str], Any], arn: Any) -> None:
    """A wildcard that came in by the event would open more than this stage."""
    with pytest.raises(InvalidRequest):
        aws.read_authorizer({**recorded("aws/authorizer"), "methodArn": arn}, LambdaContext())


@pytest.mark.parametrize("path", ["GET/", "POST/v1/chat/completions", "GET/a*b/c?d", "GET//"], ids=str)
def test_the_policy_covers_the_whole_stage(path: str) -> None:
    """A cached policy is applied to every method of the stage, so it must name them all."""
    verdict = aws.write_decision(Allow("alice", "token"), {"methodArn": f"{STAGE}/{path}"})
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{STAGE}/*/*"}

    assert {"principalId": "alice", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}, "context": {}} == verdict


def test_forbidden_denies() -> None:
    """A Deny policy is how the gateway is told 403."""
    verdict = aws.write_decision(Forbidden(), {"methodArn": f"{STAGE}/GET/"})

    assert ("nobody", "Deny") == (verdict["principalId"], verdict["policyDocument"]["Statement"][0]["Effect"])


def test_unauthenticated_raises_the_magic_word() -> None:
    """Exactly this text makes a 401; every other one a 500."""
    decision: Decision = Unauthenticated()

    with pytest.raises(Exception, match=r"\AUnauthorized\Z"):
        aws.write_decision(decision, {"methodArn": f"{STAGE}/GET/"})
