"""OBS of one emulated account behind a socket, the real SDK's client for it, and a browser that signs nothing."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from obs import ObsClient

from deploy.emulator.huawei.account import Account
from deploy.emulator.huawei.obs import Obs
from deploy.emulator.huawei.serving import HOST, Server

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

REGION = "cn-north-4"
SERVICE = f"obs.{REGION}.myhuaweicloud.com"
WEBSITE = f"obs-website.{REGION}.myhuaweicloud.com"
BUCKET = "chat-site-demo"
STATEMENT = {"Sid": "all", "Effect": "Allow", "Principal": {"ID": ["*"]}, "Action": ["GetObject"], "Resource": [f"{BUCKET}/*"]}
EVERYBODY = json.dumps({"Statement": [STATEMENT]})


class Said(NamedTuple):
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Served:
    """`with Served() as served:` has a client with one bucket; `served.browse` asks as a browser does."""

    def __init__(self) -> None:
        self.account = Account(salt="obs")
        self._server = Server(Obs(self.account))

    def __enter__(self) -> Self:
        self._server.__enter__()
        self.port = urlsplit(self._server.url).port or 0
        self.client = self.connect()
        assert self.client.createBucket(BUCKET, location=REGION).status == 200
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._server.__exit__()

    def connect(self, server: str = f"http://{SERVICE}", secret: str = "", access: str = "", **more: Any) -> Any:
        """Return a client, which keeps the cloud's host name and comes through the proxy."""
        keys = self.account.keys
        proxy = {} if HOST in server else {"proxy_host": HOST, "proxy_port": self.port}
        return ObsClient(access or keys.access, secret or keys.secret, server=server, max_retry_count=0, **proxy, **more)

    def browse(self, host: str, path: str = "/", method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b"") -> Said:
        """Ask a host for a path."""
        with closing(http.client.HTTPConnection(HOST, self.port, timeout=10)) as connection:
            connection.request(method, path, body or None, {"Host": host, "Connection": "close", **(headers or {})})
            answer = connection.getresponse()
            return Said(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
