"""A dedicated gateway in an emulated Huawei Cloud, made by hand with the real SDK, and served: as a deployer would put it."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import huaweicloudsdkapig.v2 as sdk
import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig

from deploy.emulator.huawei.account import Account
from deploy.emulator.huawei.apig_kept import INSTANCE, RELEASE, Gateways
from deploy.emulator.huawei.control import Control
from deploy.emulator.huawei.data_plane import DataPlane
from deploy.emulator.huawei.serving import Server
from deploy.emulator.huawei.switches import Switches
from deploy.local.backend import Answer, FunctionFailed
from deploy.local.gateway import runner
from tests.deploy.local.scripted import Body, listening
from tests.fakes.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.local.backend import Event

HELLO = {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": "hello"}


class Cloud:
    """An account, its gateway, and a client. Functions are there if their name does not begin with `no`; those that begin with `http` are HTTP."""

    def __init__(self, url: str, account: Account, clock: Clock) -> None:
        self.account = account
        self.clock = clock
        self.url = url
        keys = account.keys
        credentials = BasicCredentials(keys.access, keys.secret, keys.project)
        config = HttpConfig(retry_times=0, user_agent="test")
        self.client: Any = sdk.ApigClient.new_builder().with_credentials(credentials).with_endpoint(url).with_http_config(config).build()
        self.kept: Gateways = account.kept(Gateways)
        self.kept.runtime_of = lambda urn: _runtime(urn.split(":")[6])
        self._number = 0

    def do(self, operation: str, body: Any = None, **names: Any) -> dict[str, Any]:
        """Call an operation of the SDK by its name, with a body as a dictionary, and return its answer as one."""
        request: Any = getattr(sdk, "".join(word.capitalize() for word in operation.split("_")) + "Request")(instance_id=INSTANCE, **names)
        if body is not None:
            request.body = body
        answer: dict[str, Any] = json.loads(str(getattr(self.client, operation)(request)))
        return answer

    def instances(self) -> list[dict[str, Any]]:
        """List the instances, which is the one operation that wants none."""
        listed: list[dict[str, Any]] = json.loads(str(self.client.list_instances_v2(sdk.ListInstancesV2Request())))["instances"]
        return listed

    def refused(self, operation: str, body: Any = None, **names: Any) -> tuple[int, str]:
        """Return status and code of an operation that is refused."""
        with pytest.raises(ServiceResponseException) as refused:
            self.do(operation, body, **names)
        assert refused.value.request_id
        return refused.value.status_code, refused.value.error_code

    def name(self) -> str:
        """Return a new name."""
        self._number += 1
        return f"n{self._number:03}"

    def urn(self, name: str = "echo") -> str:
        """Return a function's URN."""
        return f"urn:fss:{self.account.keys.region}:{self.account.keys.project}:function:default:{name}"

    def group(self) -> dict[str, Any]:
        """Make a group."""
        return self.do("create_api_group_v2", {"name": self.name()})

    def body(self, group: str, **also: Any) -> dict[str, Any]:
        """Return what makes an API that calls a function."""
        function = {"function_urn": self.urn(), "invocation_type": "sync", "network_type": "V2", "timeout": 60_000}
        plain = {"name": self.name(), "type": 1, "req_protocol": "HTTPS", "req_method": "POST", "req_uri": "/v1", "auth_type": "NONE"}
        return {**plain, "backend_type": "FUNCTION", "group_id": group, "func_info": {**function, **also.pop("func", {})}, **also}

    def api(self, group: str, **also: Any) -> dict[str, Any]:
        """Make an API."""
        return self.do("create_api_v2", self.body(group, **also))

    def guard(self, **also: Any) -> dict[str, Any]:
        """Make an authorizer, and return what puts it before an API."""
        plain = {"name": self.name(), "type": "FRONTEND", "authorizer_type": "FUNC", "authorizer_uri": self.urn("keeper"), "network_type": "V2"}
        identities = [{"name": "Authorization", "location": "HEADER"}]
        made = self.do("create_custom_authorizer_v2", {**plain, "identities": identities, "ttl": 0, **also})
        return {"auth_type": "AUTHORIZER", "authorizer_id": made["id"]}

    def publish(self, api: str, action: str = "online", environment: str = RELEASE) -> dict[str, Any]:
        """Put an API online, or take it offline."""
        return self.do("create_or_delete_publish_record_for_api_v2", {"action": action, "env_id": environment, "api_id": api})

    def put(self, group: str, **also: Any) -> str:
        """Make an API and put it online; return its id."""
        api: str = self.api(group, **also)["id"]
        self.publish(api)
        return api


@contextmanager
def cloud(switches: Switches = Switches()) -> Iterator[Cloud]:  # noqa: B008 - immutable
    """Run an account with the time in hand."""
    # From now on it goes only when it is told to: signatures are of today.
    clock = Clock(int(time.time()))
    account = Account(switches=switches, clock=clock)
    with Server(Control(account, services=("apig",))) as server:
        yield Cloud(server.url, account, clock)


class Fleet:
    """Functions that answer as told, by their names: a value, or an exception to raise. They remember what they were asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {"echo": HELLO, "keeper": verdict("allow", user="ann")}
        self.asked: list[tuple[str, Event]] = []
        self.bodies: list[Body] = []

    def answer(self, urn: str, event: Event, seconds: float) -> Any:
        """Answer, or raise."""
        self.asked.append((urn, event))
        answer = self.answers[urn.split(":")[6]]
        if isinstance(answer, Exception):
            raise FunctionFailed("told to") from answer
        return answer

    def stream(self, urn: str, event: Event, seconds: float) -> Answer:
        """Answer in two pieces."""
        self.asked.append((urn, event))
        self.bodies.append(Body([b"one", b"two"]))
        return Answer(200, {"content-type": "text/event-stream"}, self.bodies[-1])

    def events(self, name: str = "echo") -> list[Event]:
        """Return what a function was asked."""
        return [event for urn, event in self.asked if urn.split(":")[6] == name]


def verdict(status: str, **context: str) -> dict[str, Any]:
    """Return what an authorizer answers."""
    return {"statusCode": 200, "body": json.dumps({"status": status, "context": context})}


class Said(NamedTuple):
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """What APIG calls its error."""
        return str(json.loads(self.body)["error_code"])


class Served(NamedTuple):
    """A cloud whose gateway is served."""

    cloud: Cloud
    fleet: Fleet
    port: int

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Said:
        """Ask the gateway; underscores in names of headers are hyphens."""
        return self.ask_often(1, method, path, body, **headers)[0]

    def ask_often(self, times: int, method: str, path: str, body: bytes = b"", **headers: str) -> list[Said]:
        """Ask the gateway so many times on one connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            return [_asked(connection, method, path, body, headers) for _ in range(times)]
        finally:
            connection.close()


def _asked(connection: http.client.HTTPConnection, method: str, path: str, body: bytes, headers: dict[str, str]) -> Said:
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return Said(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


@contextmanager
def served(switches: Switches = Switches()) -> Iterator[Served]:  # noqa: B008 - immutable
    """Serve a cloud's gateway in a loop in a thread."""
    with cloud(switches) as made:
        fleet, ready = Fleet(), threading.Event()
        loop, over, ports = asyncio.new_event_loop(), asyncio.Event(), list[int]()

        async def serve() -> None:
            async with listening(runner(DataPlane(made.account, fleet))) as base:
                ports.append(int(base.rpartition(":")[2]))
                ready.set()
                await over.wait()

        thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
        thread.start()
        assert ready.wait(20)
        try:
            yield Served(made, fleet, ports[0])
        finally:
            loop.call_soon_threadsafe(over.set)
            thread.join()
            loop.close()


def _runtime(name: str) -> str | None:
    if name.startswith("no"):
        return None
    return "http" if name.startswith("http") else "Python3.10"
