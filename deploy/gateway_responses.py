"""What a gateway says when it answers by itself, before or instead of a function: in OpenAI's shape, and readable by the page.

Without these, both clouds answer such errors in their own words and without CORS headers, so that the page sees a network error instead of a
401 (aws.md, 5; huawei.md, 3.2). This file knows the texts, and which of a cloud's error types each belongs to; it must not know how a cloud is
told. The deployers create them, the gateway on one machine serves them. To add an error, add its line to `_PROBLEMS`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Cloud = Literal["aws", "huawei"]


class GatewayResponse(NamedTuple):
    """One error type of a cloud, and what is answered. `status` None keeps the cloud's own: the type stands for several.

    `body` and the values of `headers` may hold `$context.…`, which both clouds fill in when they answer.
    """

    type: str
    status: int | None
    headers: Mapping[str, str]
    body: str


class _Problem(NamedTuple):
    code: str
    status: int
    kind: str
    message: str
    aws: tuple[str, ...] = ()
    huawei: tuple[str, ...] = ()


_PROBLEMS = (
    _Problem(
        "unauthenticated",
        401,
        "authentication_error",
        "The access token is missing, invalid or expired. Sign in again.",
        aws=("UNAUTHORIZED",),
        huawei=("AUTHORIZER_IDENTITIES_FAILURE", "AUTH_FAILURE", "AUTH_HEADER_MISSING", "UNAUTHORIZED"),
    ),
    # APIG has one error type for every refusal of the authorizer, so the authorizer's own word travels in its context (huawei.md, 2.5).
    _Problem(
        "$context.authorizer.frontend.code",
        401,
        "authentication_error",
        "This access token cannot be used here. Sign in again; if that does not help, ask the owner for access.",
        huawei=("AUTHORIZER_FAILURE",),
    ),
    _Problem(
        "forbidden",
        403,
        "invalid_request_error",
        "Your account may not use this. Ask the owner for access.",
        aws=("ACCESS_DENIED",),
        huawei=("ACCESS_DENIED",),
    ),
    # AWS calls an unknown address a missing token (aws.md, 5). No address of ours takes a signature, so whoever is told that his is
    # wrong has missed the address too.
    _Problem(
        "not_found",
        404,
        "invalid_request_error",
        "There is nothing at this address, or it does not take this method. Check the address and the method.",
        aws=("MISSING_AUTHENTICATION_TOKEN", "RESOURCE_NOT_FOUND", "INVALID_SIGNATURE"),
        huawei=("NOT_FOUND",),
    ),
    _Problem(
        "invalid_request",
        400,
        "invalid_request_error",
        "The gateway does not understand this request. Check its address, headers and body.",
        aws=("BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "DEFAULT_4XX"),
        huawei=("REQUEST_PARAMETERS_FAILURE",),
    ),
    # APIG has no type of its own for 413, 414 and 494: what its other types leave over is mostly these (huawei.md, 3.2, APIG.0201).
    _Problem(
        "request_too_large",
        413,
        "invalid_request_error",
        "The request is larger than the gateway takes. Send less, or start a new conversation.",
        aws=("REQUEST_TOO_LARGE",),
        huawei=("DEFAULT_4XX",),
    ),
    _Problem(
        "rate_limited",
        429,
        "rate_limit_error",
        "Too many requests at once. Wait a moment, then try again.",
        aws=("THROTTLED", "QUOTA_EXCEEDED"),
        huawei=("THROTTLED",),
    ),
    _Problem(
        "internal_error",
        500,
        "server_error",
        "Something went wrong on our side. Try again; if it stays, tell the owner the request id.",
        aws=("AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR", "API_CONFIGURATION_ERROR"),
        huawei=("AUTHORIZER_CONF_FAILURE", "DEFAULT_5XX"),
    ),
    _Problem(
        "bad_gateway",
        502,
        "server_error",
        "The function did not answer properly. Try again; if it stays, tell the owner the request id.",
        aws=("INTEGRATION_FAILURE", "DEFAULT_5XX"),
        huawei=("BACKEND_UNAVAILABLE",),
    ),
    _Problem(
        "gateway_timeout",
        504,
        "server_error",
        "The answer took longer than the gateway waits. Try again, or ask for less.",
        aws=("INTEGRATION_TIMEOUT",),
        huawei=("BACKEND_TIMEOUT",),
    ),
)


def gateway_responses(cloud: Cloud, origin: str) -> tuple[GatewayResponse, ...]:
    """Return every gateway response of a cloud; `origin` is the site's, the one that may read them."""
    headers = {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "x-request-id, retry-after",
        "content-type": "application/json",
        "vary": "origin",
    }
    if cloud == "aws":
        # APIG has it on every answer (huawei.md, 3.2), and says nowhere that a header may hold a variable.
        headers["x-request-id"] = "$context.requestId"
    return tuple(
        GatewayResponse(name, None if name.startswith("DEFAULT_") else problem.status, headers, _body(problem))
        for problem in _PROBLEMS
        for name in (problem.aws if cloud == "aws" else problem.huawei)
    )


def preflight_headers(origin: str, methods: str) -> dict[str, str]:
    """Return what answers a browser's preflight on an address that takes `methods`, without asking any function."""
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": methods,
        "access-control-allow-headers": "authorization, content-type",
        #: How many seconds a browser may remember this; browsers cap it themselves.
        "access-control-max-age": "600",
        "vary": "origin",
    }


def _body(problem: _Problem) -> str:
    return json.dumps({"error": {"message": problem.message, "type": problem.kind, "code": problem.code, "param": None}})
