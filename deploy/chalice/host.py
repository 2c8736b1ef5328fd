"""Our functions behind chalice: an app that has every route of the bundle, its authorizer and its functions.

This file knows what chalice hands to a view and to an authorizer, and how to make API Gateway's own events of it; it must know no function. To
add an address or a function, add it to the bundle.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Callable, cast

from chalice.app import Chalice, Response
from chalice.local import NotAuthorizedError

from deploy import bundle
from deploy.local import stage
from deploy.local.backend import AwsContext
from deploy.wanted import REMEMBERED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalice.app import AuthRequest, Request

Handler = Callable[[Any, Any], dict[str, Any]]


class _Unauthorized(NotAuthorizedError):
    """A 401 in both gateways' words: chalice's looks at the class, API Gateway at the text (aws.md, 5)."""

    def __str__(self) -> str:
        return "Unauthorized"


def started(values: Mapping[str, str]) -> dict[str, Handler]:
    """Start every function as index.py does on AWS, each with its own settings only. Raises SettingsError."""
    return {one.name: stage.start(one, "direct" if one.kind == "direct" else "aws", values) for one in bundle.FUNCTIONS}


def app(name: str, functions: Mapping[str, Handler]) -> Chalice:
    """Return the app in which these started functions, by their names in the bundle, answer."""
    # An environment of its own: chalice writes its version into the one that it is given.
    made = Chalice(name, configure_logs=False, env={})
    made.api.binary_types = []
    keeper = next(one for one in bundle.FUNCTIONS if one.kind == "authorizer")
    guard = made.authorizer(name=keeper.name, ttl_seconds=REMEMBERED)(_guard(functions[keeper.name], keeper.seconds))
    for one in bundle.FUNCTIONS:
        if one is not keeper:
            made.lambda_function(name=one.name)(_named(functions[one.name]))
    for route in bundle.ROUTES:
        # No `cors`: chalice would add its headers beside ours, which differ from them in case only.
        about = {"methods": [route.method], "content_types": ["*/*"], "authorizer": guard if route.guarded else None}
        made.route(route.path, **about)(_view(made, functions[route.function]))
    return made


def outline(name: str) -> Chalice:
    """Return the app as `chalice package` reads it: nothing is started, since nothing is called."""
    return app(name, dict.fromkeys((one.name for one in bundle.FUNCTIONS), _absent))


def _absent(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001 - a handler takes both
    # Only read by `chalice package`: whoever calls it has taken the outline for the app.
    raise AssertionError("an outline is read, never called: make the app with its functions")


def _named(function: Handler) -> Handler:
    """Return a function that has a name, which chalice asks for."""

    def invoked(event: Any, context: Any) -> dict[str, Any]:
        return function(event, context)

    return invoked


def _view(made: Chalice, function: Handler) -> Callable[[], Response]:
    def view() -> Response:
        request = cast("Request", made.current_request)
        answer = function(_event(request), request.lambda_context)
        return Response(answer["body"], answer["headers"], answer["statusCode"])

    return view


def _event(request: Request) -> dict[str, Any]:
    """Return API Gateway's event. chalice's local gateway leaves out what chalice itself never reads, and passes a body on as the bytes it was."""
    event = {"httpMethod": request.method, "path": request.context["path"], **request.to_original_event()}
    if isinstance(event["body"], bytes):
        event |= {"body": base64.b64encode(event["body"]).decode("ascii"), "isBase64Encoded": True}
    return event


def _guard(function: Handler, seconds: int) -> Callable[[AuthRequest], dict[str, Any]]:
    def guard(asked: AuthRequest) -> dict[str, Any]:
        event = {"type": asked.auth_type, "authorizationToken": asked.token, "methodArn": asked.method_arn}
        try:
            # chalice keeps the platform's context to itself.
            return function(event, AwsContext(seconds))
        except Exception as error:
            if str(error) != "Unauthorized":
                raise
            raise _Unauthorized({"x-amzn-ErrorType": "UnauthorizedException"}, b'{"message":"Unauthorized"}') from error

    return guard
