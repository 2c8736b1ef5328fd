"""Versions of tiny functions, and of our own, as FunctionGraph is given them."""

from __future__ import annotations

import json
import platform
import sys
import time
from typing import TYPE_CHECKING, Any

from deploy import bundle, package, streaming
from deploy.emulator.huawei.runtime import Version
from functions.shared import tokens
from tests.deploy.streaming.zips import PATIENCE, zipped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEY = "a key of these tests, long enough for HS256"
STAGE = "twocan/test"
SETTINGS = {"TOKEN_ISSUER": STAGE, "TOKEN_AUDIENCE": STAGE, "TOKEN_KEY": KEY, "SITE_ORIGIN": "https://chat.test"}
_ABOUT: Mapping[str, Any] = {
    "name": "hello",
    "version": "v1",
    "urn": "urn:fss:cn-north-4:p1:function:default:hello:v1",
    "project": "p1",
    "package": "default",
    "runtime": "Python3.10",
    "handler": "index.handler",
    "initializer": "",
    "initializer_seconds": PATIENCE,
    "seconds": PATIENCE,
    "memory": 256,
    "user_data": {},
}


def events(index: str, **about: Any) -> Version:
    """Return a version whose whole code is this index.py."""
    return Version(**{**_ABOUT, "code": zipped({"index.py": index.encode()}), **about})


def serving(code: str = "", *, mode: int = 0o755, **about: Any) -> Version:
    """Return an HTTP function behind our own server. The code may define anew: body, Function."""
    files = {"index.py": _STREAMING.format(code).encode(), **streaming.files("huawei")}
    return Version(**{**_ABOUT, "runtime": "http", "code": zipped(files, mode=mode), **about})


def packed(name: str, *, models: Sequence[Mapping[str, str]] = (), **about: Any) -> Version:
    """Return one of our functions, packed for this interpreter; `models` is the table of those that chat knows."""
    target = package.Target("huawei", f"{sys.version_info.major}.{sys.version_info.minor}", "arm64" if platform.machine() == "aarch64" else "x86_64")
    function = next(one for one in bundle.FUNCTIONS if one.name == name)
    extra = streaming.files("huawei") if about.get("runtime") == "http" else {}
    code = package.pack(package.build(function, target, extra=extra), package.Release("1", "f"))
    data = {key: value for key, value in {**SETTINGS, "MODELS": json.dumps(list(models))}.items() if key in function.needs}
    return Version(**{**_ABOUT, "code": code, "initializer": "index.initializer", "user_data": data, **about})


def asked(path: str = "/v1/models", **event: Any) -> dict[str, Any]:
    """Return an APIG event with a good token (huawei.md, 1.4)."""
    issuer = tokens.Issuer(STAGE, STAGE, tokens.keys(KEY, ""))
    token = tokens.issue(issuer, subject="ann", session="1", now=int(time.time()))
    return {
        "body": "",
        "isBase64Encoded": True,
        "httpMethod": "GET",
        "path": path,
        "headers": {"authorization": f"Bearer {token}", "host": "chat.test"},
        "queryStringParameters": {},
        "pathParameters": {},
        "requestContext": {"requestId": "r1", "apiId": "0", "stage": "RELEASE"},
        **event,
    }


def sent(event: Any) -> bytes:
    """Return an event as it travels."""
    return json.dumps(event).encode()


_STREAMING = """
import json
import os
import time
from collections import namedtuple

Response = namedtuple("Response", "status headers body")


def wait(gate):
    open(os.environ["GATES"] + "/" + gate).read()


def body(event, context):
    yield json.dumps([event, context.getRequestID(), context.getRemainingTimeInMilliSeconds(), os.getpid()]).encode()


class Function:
    def respond(self, event, context):
        return Response(200, {{"content-type": "text/event-stream"}}, body(event, context))


{}


def initializer(context):
    global started
    started = Function()
"""
