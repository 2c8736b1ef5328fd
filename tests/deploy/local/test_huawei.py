"""APIG's words, without a socket: what a function sees, what a verdict means, what an answer becomes; each UNCONFIRMED switch both ways."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given

from deploy.gateway_responses import gateway_responses
from deploy.local.dialect import Call, Kind, Refusal
from deploy.local.huawei import Doubts, Huawei
from functions.shared.clouds import huawei as function_side
from functions.shared.messages import Allow, Forbidden, Response, Unauthenticated
from tests.deploy.local.scripted import ORIGIN, say_huawei
from tests.deploy.local.test_aws import BARE, CALL, CALLS, kind_of
from tests.fakes.platforms import CONTEXTS

CALLER = {"user": "alice", "token": "good"}
FORGED = CALL._replace(headers=(("X-Twocan-Token", "forged"), ("X-Twocan-Source", "6.6.6.6"), ("Authorization", "t")))


@given(CALLS)
def test_a_function_reads_what_was_sent(call: Call) -> None:
    """Law: event, then read, gives the call back, after one crossing as JSON."""
    request = function_side.read(json.loads(json.dumps(Huawei().event(call, None))), CONTEXTS["huawei"])

    assert (call.method, call.path, call.body) == (request.method, request.path, request.body)
    assert (call.source, call.request_id) == (request.source, request.request_id)
    assert {name.lower(): value for name, value in call.headers}.items() <= request.headers.items()


def test_the_event_has_the_keys_of_the_contract() -> None:
    """huawei.md, 1.4: lower-case headers, a context of three keys, and no caller in it."""
    event = Huawei().event(CALL, CALLER)

    assert set(event) == {
        *("body", "isBase64Encoded", "httpMethod", "path", "headers", "queryStringParameters", "pathParameters", "requestContext"),
    }
    assert event["requestContext"] == {"requestId": "id-1", "apiId": "0" * 32, "stage": "RELEASE"}
    assert (event["headers"]["host"], event["headers"]["x-a"]) == ("h", "1, 2")
    assert all(name == name.lower() for name in event["headers"])
    assert {"x-real-ip", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-request-id"} <= set(event["headers"])


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff\x00"], ids=["empty", "text", "bytes"])
def test_a_body_is_always_base64(body: bytes) -> None:
    """huawei.md, 1.4: the empty one too."""
    event = Huawei().event(CALL._replace(body=body), None)

    assert (True, base64.b64encode(body).decode()) == (event["isBase64Encoded"], event["body"])


@pytest.mark.parametrize(("wins", "token", "source"), [(False, "good", "10.0.0.1"), (True, "forged", "6.6.6.6")], ids=["mapped", "client's"])
def test_a_clients_header_of_a_mapped_name(wins: bool, token: str, source: str) -> None:
    """UNCONFIRMED in 2.4 which one arrives; the function must hold against both."""
    headers = Huawei(doubts=Doubts(client_header_wins=wins)).event(FORGED, CALLER)["headers"]

    assert (token, source) == (headers["x-twocan-token"], headers["x-twocan-source"])


@pytest.mark.parametrize(("strips", "arrives"), [(False, "t"), (True, None)], ids=["kept", "stripped"])
def test_authorization_may_be_stripped(strips: bool, arrives: str | None) -> None:
    """UNCONFIRMED in 2.4; the token arrives in the mapped header either way, and the authorizer sees it either way."""
    gateway = Huawei(doubts=Doubts(strips_authorization=strips))
    headers = gateway.event(CALL, CALLER)["headers"]

    assert (arrives, "good") == (headers.get("authorization"), headers["x-twocan-token"])
    assert gateway.authorizer_event(CALL)["headers"]["authorization"] == "t"


def test_without_an_authorizer_no_token_is_mapped() -> None:
    """Its parameters are legal only on APIs with one (2.4, APIG.2036); the source is mapped everywhere."""
    headers = Huawei().event(BARE, None)["headers"]

    assert (headers["x-twocan-source"], "x-twocan-token" in headers) == ("10.0.0.1", False)


def test_the_authorizer_gets_the_documented_keys_only() -> None:
    """huawei.md, 2.1."""
    assert set(Huawei().authorizer_event(CALL)) == {"headers", "queryStringParameters", "user_data"}


def test_our_own_authorizer_is_understood() -> None:
    """What functions/shared writes as Allow is allowed, and the token comes along; the other two are denied with their code."""
    gateway = Huawei(origin=ORIGIN)
    codes = []
    for decision in (Forbidden(), Unauthenticated()):
        with pytest.raises(Refusal) as refused:
            gateway.admit(gateway.verdict(function_side.write_decision(decision, {})), CALL)
        reply = gateway.refuse(refused.value, "id-1")
        codes.append((reply.status, json.loads(reply.body)["error"]["code"]))

    assert gateway.admit(gateway.verdict(function_side.write_decision(Allow("alice", "t"), {})), CALL) == {"user": "alice", "token": "t"}
    assert codes == [(401, "forbidden"), (401, "unauthenticated")]


@pytest.mark.parametrize("status", ["deny", "Allow", "ALLOW", "", None, True, ["allow"]])
def test_anything_but_allow_is_deny(status: Any) -> None:
    """huawei.md, 2.2: other values are UNCONFIRMED, so they are taken for the safe one, and a deny is not kept."""
    verdict = Huawei().verdict(say_huawei(status=status))

    assert kind_of(Huawei().admit, verdict, CALL) is Kind.UNAUTHENTICATED
    assert not verdict.keep


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "allow",
        {"body": '{"status": "allow"}'},
        {**say_huawei(status="allow"), "statusCode": 201},
        {"statusCode": 200, "body": {"status": "allow"}},
        {"statusCode": 200, "body": "allow"},
        {"statusCode": 200, "body": "[]"},
        {"statusCode": 200, "body": " " * 1024 * 1024 + "{}"},
        say_huawei(status="allow", context=[]),
        say_huawei(status="allow", context={"1a": "x"}),
        say_huawei(status="allow", context={"a" * 33: "x"}),
        say_huawei(status="allow", context={"a.b": "x"}),
        say_huawei(status="allow", context={"n": 1}),
        say_huawei(status="allow", context={"o": {}}),
    ],
)
def test_a_malformed_verdict_is_an_error(answer: Any) -> None:
    """huawei.md, 2.2 and 2.5: a 500 to the caller."""
    assert kind_of(Huawei().verdict, answer) is Kind.AUTHORIZER_MALFORMED


@pytest.mark.parametrize("text", ["Unauthorized", "", "boom"])
def test_every_exception_of_the_authorizer_is_a_500(text: str) -> None:
    """No text means anything here (2.5)."""
    assert Huawei().failed(text).kind is Kind.AUTHORIZER_FAILED


def test_reads_what_a_function_writes() -> None:
    """The answer of functions/shared is the reply, byte for byte."""
    reply = Huawei().reply(function_side.write(Response(201, {"x-a": "1"}, ["é".encode()], {})))

    assert reply == (201, (("x-a", "1"),), "é".encode())


@pytest.mark.parametrize("answer", ["text", None, {"body": ""}, {"statusCode": 200, "headers": {"a": ["b"]}}, {"statusCode": 200, "headers": []}])
def test_an_answer_that_cannot_be_used_is_refused(answer: Any) -> None:
    """huawei.md, 1.5; lists of header values are UNCONFIRMED, so ours must not need them."""
    assert kind_of(Huawei().reply, answer) is Kind.BAD_ANSWER


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (Kind.NO_IDENTITY, 401, "APIG.0305"),
        (Kind.UNAUTHENTICATED, 401, "APIG.0305"),
        (Kind.NOT_FOUND, 404, "APIG.0101"),
        (Kind.TOO_LARGE, 413, "APIG.0201"),
        (Kind.URL_TOO_LONG, 414, "APIG.0201"),
        (Kind.HEADERS_TOO_LARGE, 494, "APIG.0201"),
        (Kind.TIMEOUT, 504, "APIG.0203"),
        (Kind.AUTHORIZER_FAILED, 500, "APIG.0601"),
        (Kind.BAD_ANSWER, 500, "FSS.1202"),
        (Kind.MISCONFIGURED, 500, "APIG.0601"),
    ],
)
def test_the_gateways_own_words(kind: Kind, status: int, code: str) -> None:
    """Unconfigured, each error is APIG's own three members."""
    reply = Huawei().refuse(Refusal(kind), "id-1")
    body = json.loads(reply.body)

    assert (status, code, "id-1") == (reply.status, body["error_code"], body["request_id"])
    assert set(body) == {"error_msg", "error_code", "request_id"}


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (Kind.NO_IDENTITY, 401, "unauthenticated"),
        (Kind.AUTHORIZER_FAILED, 500, "internal_error"),
        (Kind.NOT_FOUND, 404, "not_found"),
        (Kind.TOO_LARGE, 413, "request_too_large"),
        (Kind.URL_TOO_LONG, 414, "request_too_large"),
        (Kind.TIMEOUT, 504, "gateway_timeout"),
        (Kind.BAD_ANSWER, 500, "internal_error"),
    ],
)
def test_configured_words(kind: Kind, status: int, code: str) -> None:
    """Configured, each error is OpenAI's shape, and the page may read it; its id is the gateway's own to add, as on every answer (huawei.md, 3.2)."""
    dialect = Huawei(origin=ORIGIN)
    reply = dialect.refuse(Refusal(kind), "id-1")

    assert (status, code) == (reply.status, json.loads(reply.body)["error"]["code"])
    assert ORIGIN == dict(reply.headers)["access-control-allow-origin"]
    assert ("x-request-id", "id-1") in dialect.stamp("id-1")


def test_a_context_cannot_break_the_template() -> None:
    """What the authorizer says stays inside its JSON string."""
    refusal = Refusal(Kind.UNAUTHENTICATED, {"code": '", "x": "'})

    assert json.loads(Huawei(origin=ORIGIN).refuse(refusal, "id-1").body)["error"]["code"] == '", "x": "'


def test_each_type_is_configured_once_with_at_most_ten_headers() -> None:
    """huawei.md, 2.5."""
    responses = gateway_responses("huawei", ORIGIN)

    assert len({one.type for one in responses}) == len(responses)
    assert max(len(one.headers) for one in responses) <= 10


def test_a_long_head_is_refused() -> None:
    """huawei.md, 3.2: 32 KB of URL and headers."""
    assert kind_of(Huawei().check, BARE, 32 * 1024 + 1) is Kind.URL_TOO_LONG
    assert kind_of(Huawei().check, BARE._replace(headers=(("a", "x" * 32 * 1024),)), 1) is Kind.HEADERS_TOO_LARGE
