"""An emulated account behind its management APIs, the real SDKs' clients for it, and zips to deploy."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from huaweicloudsdkces.v1 import CesClient
from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkfunctiongraph.v2 import FunctionGraphClient
from huaweicloudsdkfunctiongraph.v2 import model as fg
from huaweicloudsdkiam.v3 import IamClient
from huaweicloudsdklts.v2 import LtsClient

from deploy.emulator.huawei.account import Account
from deploy.emulator.huawei.control import Control
from deploy.emulator.huawei.functions_kept import Functions
from deploy.emulator.huawei.serving import Server
from deploy.emulator.huawei.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

SERVICES = ("functiongraph", "iam", "lts", "ces")


class Later:
    """The time of day, and as much more as it is told."""

    def __init__(self) -> None:
        self.more = 0.0

    def __call__(self) -> float:
        """Return it."""
        return time.time() + self.more


class Cloud:
    """`with Cloud() as cloud:` has an account, its server and its clients."""

    def __init__(self, **switches: Any) -> None:
        self.clock = Later()
        self.account = Account(switches=Switches(**switches), clock=self.clock)
        self._server = Server(Control(self.account, SERVICES))

    def __enter__(self) -> Self:
        self._server.__enter__()
        keys = self.account.keys
        self.functiongraph: Any = self._client(FunctionGraphClient, BasicCredentials(keys.access, keys.secret, keys.project))
        self.lts: Any = self._client(LtsClient, BasicCredentials(keys.access, keys.secret, keys.project))
        self.ces: Any = self._client(CesClient, BasicCredentials(keys.access, keys.secret, keys.project))
        self.iam: Any = self._client(IamClient, GlobalCredentials(keys.access, keys.secret, keys.domain))
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    @property
    def url(self) -> str:
        """Where the management APIs are."""
        return self._server.url

    @property
    def functions(self) -> Functions:
        """FunctionGraph's state."""
        return self.account.kept(Functions)

    def urn(self, suffix: str = "", name: str = "chat") -> str:
        """Return a function's URN."""
        plain = f"urn:fss:{self.account.keys.region}:{self.account.keys.project}:function:default:{name}"
        return f"{plain}:{suffix}" if suffix else plain

    def create(self, **fields: Any) -> Any:
        """Create a function."""
        return self.functiongraph.create_function(fg.CreateFunctionRequest(body=body(**fields)))

    def code(self, text: str = "# new", **fields: Any) -> Any:
        """Give the function other code."""
        sent = {"code_type": "zip", "code_filename": "index.zip", "func_code": fg.FuncCode(file=packed(text)), **fields}
        request = fg.UpdateFunctionCodeRequest(function_urn=self.urn(), body=fg.UpdateFunctionCodeRequestBody(**sent))
        return self.functiongraph.update_function_code(request)

    def configure(self, **fields: Any) -> Any:
        """Give the function another configuration."""
        sent = {"func_name": "chat", "runtime": "Python3.10", "timeout": 30, "handler": "index.handler", "memory_size": 256, **fields}
        request = fg.UpdateFunctionConfigRequest(function_urn=self.urn(), body=fg.UpdateFunctionConfigRequestBody(**sent))
        return self.functiongraph.update_function_config(request)

    def publish(self, version: str | None = None, *, text: str = "", **fields: Any) -> Any:
        """Publish a version, of other code if there is a text."""
        if text:
            self.code(text)
        sent = fg.CreateFunctionVersionRequestBody(version=version, **fields)
        return self.functiongraph.create_function_version(fg.CreateFunctionVersionRequest(function_urn=self.urn(), body=sent))

    def alias(self, name: str = "live", version: str = "v1", **fields: Any) -> Any:
        """Create an alias."""
        sent = fg.CreateVersionAliasRequestBody(name=name, version=version, **fields)
        return self.functiongraph.create_version_alias(fg.CreateVersionAliasRequest(function_urn=self.urn(), body=sent))

    def point(self, name: str = "live", version: str = "v1", **fields: Any) -> Any:
        """Update an alias."""
        sent = fg.UpdateVersionAliasRequestBody(version=version, **fields)
        return self.functiongraph.update_version_alias(fg.UpdateVersionAliasRequest(function_urn=self.urn(), alias_name=name, body=sent))

    def config(self, suffix: str = "") -> Any:
        """Return a version's configuration."""
        return self.functiongraph.show_function_config(fg.ShowFunctionConfigRequest(function_urn=self.urn(suffix)))

    def delete(self, suffix: str = "") -> Any:
        """Delete a function, or a version of it."""
        return self.functiongraph.delete_function(fg.DeleteFunctionRequest(function_urn=self.urn(suffix)))

    def _client(self, kind: Any, credentials: object) -> object:
        # Its own words for the user agent: else the SDK writes an id into the home folder (huawei.md, 4.2).
        config = HttpConfig(retry_times=0, user_agent="tests")
        return kind.new_builder().with_credentials(credentials).with_endpoint(self.url).with_http_config(config).build()


def packed(text: str = "def handler(event, context):\n    return {}\n", name: str = "index.py") -> str:
    """Return a zip with one file, as base64."""
    return base64.b64encode(zipped(text, name)).decode()


def zipped(text: str, name: str = "index.py") -> bytes:
    """Return a zip with one file; the same text makes the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


def body(**fields: Any) -> Any:
    """Return what a good function is created with, but for these fields; one that is None is left out."""
    good = {
        "func_name": "chat",
        "package": "default",
        "runtime": "Python3.10",
        "timeout": 30,
        "handler": "index.handler",
        "memory_size": 256,
        "code_type": "zip",
        "code_filename": "index.zip",
        "func_code": fg.FuncCode(file=packed()),
        "type": "v2",
    }
    made = fg.CreateFunctionRequestBody(**{**good, **fields})
    for name in [name for name, value in fields.items() if value is None]:
        setattr(made, f"_{name}", None)
    return made


def refused(action: Callable[[], object]) -> tuple[int, str]:
    """Return the status and the code with which an action is refused."""
    with pytest.raises(ServiceResponseException) as caught:
        action()
    return caught.value.status_code, caught.value.error_code


def variables(count: int, size: int = 1) -> str:
    """Return user data of so many items."""
    return json.dumps({f"N{number}": "x" * size for number in range(count)})
