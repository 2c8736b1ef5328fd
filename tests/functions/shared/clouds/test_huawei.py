"""clouds/huawei.py: what APIG documents, and what it does not (huawei.md, 1.4, 1.5 and 2)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from functions.shared.clouds import huawei
from functions.shared.errors import InvalidRequest
from functions.shared.messages import Allow, Decision, Forbidden, Request, Response, Unauthenticated
from tests.fakes.platforms import FunctionGraphContext

if TYPE_CHECKING:
    from collections.abc import Callable


def read(event: Any) -> Request:
    """Read with FunctionGraph's context."""
    return huawei.read(event, FunctionGraphContext())


def test_a_whole_event_is_read(recorded: Callable[[str], Any]) -> None:
    """Every part of a Request comes from its documented place, the body from base64."""
    request = read(recorded("huawei/wrong_password"))

    assert ("POST", "/auth/login") == (request.method, request.path)
    assert b'{"username":"alice","password":"seven kettles sing at dusk"}' == request.body
    assert ("huawei-gateway-id", "198.51.100.7", 24.5) == (request.request_id, request.source, request.seconds_left)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("huawei/empty_base64_body", b""),
        ("huawei/plain_body", b'{"username":"alice","password":"seven kettles sing at noon"}'),
        ("huawei/null_maps", b""),
    ],
    ids=["empty-base64", "plain", "null"],
)
def test_a_body_comes_in_three_shapes(recorded: Callable[[str], Any], name: str, body: bytes) -> None:
    """Base64 by default, the empty body included; plain if the API is set so; null from a direct test."""
    request = read(recorded(name))

    assert body == request.body


def test_the_source_is_what_the_gateway_maps(recorded: Callable[[str], Any]) -> None:
    """x-real-ip and x-forwarded-for are no source: only the mapped header is."""
    event = recorded("huawei/login")
    del event["headers"]["x-twocan-source"]

    assert "" == read(event).source


def test_there_need_be_no_context(recorded: Callable[[str], Any]) -> None:
    """Without a requestContext the platform's id serves."""
    request = read(recorded("huawei/null_maps"))

    assert ("huawei-context-id", {}) == (request.request_id, request.headers)


def test_the_nameless_path_parameter_changes_nothing(recorded: Callable[[str], Any]) -> None:
    """The rest of a prefix match arrives under the empty key; the path is whole all the same."""
    assert "/auth/me" == read(recorded("huawei/prefix_match")).path


def test_header_names_in_capitals_are_lowered(recorded: Callable[[str], Any]) -> None:
    """Lower case is what was seen, not what is promised."""
    event = {**recorded("huawei/me"), "headers": {"X-Twocan-Source": "192.0.2.5"}}

    assert "192.0.2.5" == read(event).source


@pytest.mark.parametrize(
    ("member", "junk"),
    [
        ("httpMethod", None),
        ("httpMethod", 1),
        ("path", ""),
        ("headers", []),
        ("headers", {"a": None}),
        ("headers", {"a": [1]}),
        ("requestContext", 3),
        ("requestContext", {"requestId": ["x"]}),
        ("body", 0),
        ("body", "not base64"),
        ("isBase64Encoded", "true"),
        ("isBase64Encoded", 0),
    ],
    ids=str,
)
def test_a_member_of_the_wrong_type_is_refused(recorded: Callable[[str], Any], member: str, junk: Any) -> None:
    """Nothing in an event is trusted to be of its type."""
    with pytest.raises(InvalidRequest):
        read({**recorded("huawei/login"), member: junk})


def test_an_answer_has_the_four_members() -> None:
    """An answer without a status code is a 500 to the caller."""
    answer = huawei.write(Response(200, {"a": "b"}, [b"\xe4\xbd", b"\xa0"], {}))

    assert {"statusCode": 200, "headers": {"a": "b"}, "body": "你", "isBase64Encoded": False} == answer


def test_the_authorizer_depends_on_headers_alone(recorded: Callable[[str], Any]) -> None:
    """Path, method and context are not documented for authorizer events."""
    request = huawei.read_authorizer(recorded("huawei/authorizer_garbage"), FunctionGraphContext())

    assert Request("AUTHORIZE", "", {"authorization": "Bearer garbage"}, b"", "huawei-context-id") == request


@pytest.mark.parametrize("name", ["authorizer_no_header", "authorizer_null_maps", "authorizer_token_elsewhere"])
def test_a_token_elsewhere_is_no_token(recorded: Callable[[str], Any], name: str) -> None:
    """Neither the query, nor user_data, nor x-twocan-token admits anybody."""
    request = huawei.read_authorizer(recorded(f"huawei/{name}"), FunctionGraphContext())

    assert {} == request.headers


@pytest.mark.parametrize(
    ("decision", "verdict"),
    [
        (Allow("alice", "a.b.c"), {"status": "allow", "context": {"user": "alice", "token": "a.b.c"}}),
        (Allow("é", "a.b.c"), {"status": "allow", "context": {"user": "é", "token": "a.b.c"}}),
        (Unauthenticated(), {"status": "deny", "context": {"code": "unauthenticated"}}),
        (Forbidden(), {"status": "deny", "context": {"code": "forbidden"}}),
    ],
    ids=["allow", "non-ascii", "unauthenticated", "forbidden"],
)
def test_a_verdict_is_a_json_string(decision: Decision, verdict: dict[str, Any]) -> None:
    """The status is always 200; the verdict stands in the body, which is a string."""
    answer = huawei.write_decision(decision, {})

    assert {"statusCode", "body"} == set(answer)
    assert (200, verdict) == (answer["statusCode"], json.loads(answer["body"]))
