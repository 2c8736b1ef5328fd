"""A hand in the emulated Huawei Cloud: its own SDKs."""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from deploy.clouds.huawei.account import Account as Project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Account:
    """The project; see `Hand`. Without the streaming option answers are whole."""

    streams = False

    def __init__(self, told: Mapping[str, Any], stage: str) -> None:
        self._project = Project(stage, told["region"], told["environment"])
        self._gateway = told["choices"]["[deploy]"]["gateway"]

    def invoke(self, function: str, qualifier: str, event: Any) -> tuple[dict[str, Any], str]:
        """Invoke."""
        urn = self._project.names.urn(function, "!live" if qualifier == "live" else qualifier)
        answer = self._project.ask("fgs", "invoke_function", function_urn=urn, x_cff_request_version="v1", body=event)
        return (json.loads(answer["result"]), "") if answer["status"] == 200 else ({}, answer["result"] + answer["log"])

    def publish(self, function: str, code: bytes | None = None) -> str:
        """Publish."""
        urn = self._project.names.urn(function)
        if code:
            file = {"code_type": "zip", "code_filename": "code.zip", "func_code": {"file": base64.b64encode(code).decode()}}
            self._project.call("fgs", "update_function_code", function_urn=urn, body=file)
        listed = self._project.call("fgs", "list_function_versions", function_urn=urn)["versions"]
        version = str(max(int(one["version"]) for one in listed if one["version"].isdecimal()) + 1)
        self._project.call("fgs", "create_function_version", function_urn=urn, body={"version": version})
        return version

    def split(self, function: str, version: str, percent: int) -> None:
        """Shift."""
        where = {"function_urn": self._project.names.urn(function), "alias_name": "live"}
        about = self._project.call("fgs", "show_version_alias", **where)
        weights = {version: percent} if percent else {}
        body = {"version": about["version"], "description": about["description"], "additional_version_weights": weights}
        self._project.call("fgs", "update_version_alias", **where, body=body)

    def counted(self, function: str, version: str, since: float) -> int:
        """Sum FunctionGraph's count."""
        urn = self._project.names.urn(function, version)
        return int(sum(one["value"] for one in self._project.call("fgs", "list_function_statistics", func_urn=urn, period="60")["count"]))

    @contextmanager
    def edited(self, api: str) -> Iterator[None]:
        """Edit every address so that it asks nobody for a token: until it is published, it does."""
        group = api.split("/")[3]
        listed = self._asked("list_apis_v2", group_id=group)["apis"]
        whole = [self._asked("show_details_of_api_v2", api_id=one["id"]) for one in listed if one["auth_type"] == "AUTHORIZER"]
        for one in whole:
            params = [each for each in one["backend_params"] if "authorizer" not in each["value"]]
            self._asked("update_api_v2", api_id=one["id"], body={**one, "auth_type": "NONE", "authorizer_id": None, "backend_params": params})
        yield
        for one in whole:
            self._asked("update_api_v2", api_id=one["id"], body=one)

    @contextmanager
    def unreachable(self, function: str) -> Iterator[None]:
        """Take its instances away: with none at all, every call is too many (huawei.md, 1.6)."""
        urn = self._project.names.urn(function)
        self._project.call("fgs", "update_function_max_instance_config", function_urn=urn, body={"max_instance_num": 0})
        yield
        self._project.call("fgs", "update_function_max_instance_config", function_urn=urn, body={"max_instance_num": 400})

    def let_answers_stream(self) -> None:
        """Switch on what the gateway has off (huawei.md, 1.9)."""
        self._asked("create_feature_v2", body={"name": "sse_strategy", "enable": True, "config": "on"})

    def _asked(self, operation: str, **arguments: Any) -> Any:
        return self._project.call("apig", operation, instance_id=self._gateway, **arguments)
