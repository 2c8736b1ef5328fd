"""AWS's own description of its services, as botocore carries it: what a request must be, and what an answer may hold."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.shared.outbound import Outgoing


class Service:
    """One service of AWS's."""

    def __init__(self, name: str) -> None:
        self._model = botocore.session.get_session().get_service_model(name)

    def written(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the request that AWS's own client makes of these parameters: its path and its body."""
        made = create_serializer("rest-json").serialize_to_request(dict(parameters), self._model.operation_model(operation))
        return {"method": made["method"], "path": made["url_path"], "body": made["body"]}

    def faults_in_request(self, operation: str, parameters: Mapping[str, Any]) -> str:
        """Return what is wrong with the parameters of a call, "" for nothing."""
        return _faults(dict(parameters), self._model.operation_model(operation).input_shape)

    def faults_in_answer(self, operation: str, answer: Mapping[str, Any]) -> str:
        """Return what is wrong with an answer, "" for nothing."""
        return _faults(decoded(dict(answer)), self._model.operation_model(operation).output_shape)

    def faults_in_event(self, operation: str, member: str, name: str, data: Mapping[str, Any]) -> str:
        """Return what is wrong with an event of that name in a stream that is a member of an answer, "" for nothing."""
        shapes = self._model.operation_model(operation).output_shape.members[member].members
        return _faults(decoded(dict(data)), shapes[name]) if name in shapes else f"no event is called {name}"


def path(call: Outgoing) -> str:
    """Return a call's path, without the host."""
    return "/" + call.url.partition("://")[2].partition("/")[2]


def decoded(value: Any) -> Any:
    """Return JSON as the parameters of AWS's client, in which octets are octets."""
    if isinstance(value, list):
        return [decoded(one) for one in value]
    if isinstance(value, dict):
        return {name: base64.b64decode(one) if name in ("bytes", "redactedContent") else decoded(one) for name, one in value.items()}
    return value


def _faults(value: Any, shape: Any) -> str:
    return str(ParamValidator().validate(value, shape).generate_report())
