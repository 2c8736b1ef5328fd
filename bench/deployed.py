"""Deployed zips, run as each cloud runs them: cold starts beside a hello function and beside what is built the usual way, and what streaming adds.

Each is a zip under the unmodified awslambdaric, under our loop, or under what stands for FunctionGraph's runtime (deploy/emulator/*/runtime.py), for
the running interpreter, so that `.pyc` files count.
The two that are built the usual way are made here, from the registry, by uv; where that cannot be reached they are left out, and that is said.
"""

from __future__ import annotations

import io
import json
import platform
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from bench.cold_start import KEY, STAGE, event
from deploy import bundle, package, streaming
from deploy.emulator.aws.runtime import Runtime
from deploy.emulator.aws.runtime import Version as LambdaVersion
from deploy.emulator.huawei.runtime import Runtime as FunctionGraph
from deploy.emulator.huawei.runtime import Version
from functions.shared import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deploy.gateway_responses import Cloud

#: Times a hello function that a cold start may take.
BUDGETS = {"authorizer": 2.0, "chat": 3.0}
#: Bytes of each zip for Lambda.
SIZES = {"authorizer": 250_000, "login": 300_000, "chat": 1_500_000, "qa": 1_500_000}
_SECONDS = 60.0
_URN = "urn:fss:cn-north-4:00000000000000000000000000000000:function:default:bench:1"
#: The first answer asks no database, but the client of one is made.
_STORES = {"aws": "dynamodb://bench?region=eu-central-1&endpoint=http://127.0.0.1:9", "huawei": "postgresql://u:p@127.0.0.1:9/bench"}
_HUAWEI: dict[str, Any] = {
    "body": "",
    "isBase64Encoded": True,
    "httpMethod": "GET",
    "path": "/v1/models",
    "queryStringParameters": {},
    "pathParameters": {},
    "requestContext": {"requestId": "1", "apiId": "1", "stage": "RELEASE"},
}
_ARN = "arn:aws:lambda:eu-central-1:123456789012:function:bench:live"
_HELLO = 'def handler(event, context):\n    return {"statusCode": 200, "body": "hello"}\n'
_FASTAPI = """
import os
from fastapi import FastAPI
from mangum import Mangum
from openai import OpenAI

app = FastAPI()
client = OpenAI(api_key="none")


@app.get("/v1/models")
def models():
    return {"object": "list", "data": []}


handler = Mangum(app, lifespan="off")
"""
_CHALICE = """
from chalice import Chalice
from openai import OpenAI

handler = app = Chalice(app_name="bench")
client = OpenAI(api_key="none")


@app.route("/v1/models")
def models():
    return {"object": "list", "data": []}
"""
_USUAL = {"FastAPI + Mangum + openai": (("fastapi", "mangum", "openai"), _FASTAPI), "chalice + openai": (("chalice", "openai"), _CHALICE)}
_ECHO = """
class Response:
    status, headers, body = 200, {}, [b"first"]


class Function:
    def respond(self, event, context):
        return Response


handler = Function()
streams = frozenset({("POST", "/stream")})
"""


class Zipped(NamedTuple):
    """A zip to start cold: its bytes, its environment, and what it is asked first."""

    code: bytes
    environment: Mapping[str, str]
    event: dict[str, Any]


def sizes() -> dict[str, int]:
    """Return the bytes of our functions' zips for Lambda, by name."""
    return {name: len(_packed(name, package.Target("aws", "3.13", "arm64"))) for name in SIZES}


def _packed(name: str, target: package.Target) -> bytes:
    function = next(one for one in bundle.FUNCTIONS if one.name == name)
    code = package.build(function, target, extra=streaming.files("aws") if target.cloud == "aws" and _streams(name) else {})
    return package.pack(code, package.Release("bench", "bench"))


def _streams(name: str) -> bool:
    return any(route.streams for route in bundle.ROUTES if route.function == name)


def zips(cloud: Cloud = "aws") -> dict[str, Zipped]:
    """Return our functions' zips, by name, for the running interpreter."""
    processor: Literal["arm64", "x86_64"] = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
    target = package.Target(cloud, f"{sys.version_info.major}.{sys.version_info.minor}", processor)
    token = tokens.issue(tokens.Issuer(STAGE, STAGE, tokens.keys(KEY, "")), subject="ann", session="1", now=int(time.time()))
    known = {"SITE_ORIGIN": "https://chat.example.com", "TOKEN_ISSUER": STAGE, "TOKEN_AUDIENCE": STAGE, "TOKEN_KEY": KEY}
    known["STORE"] = _STORES[cloud]
    made = {}
    for function in (one for one in bundle.FUNCTIONS if one.name in SIZES):
        settings = {name: known[name] for name in function.needs if name in known}
        settings |= streaming.ENVIRONMENT if cloud == "aws" and _streams(function.name) else {}
        asked = _HUAWEI | {"headers": {"authorization": f"Bearer {token}"}}
        if cloud == "aws":
            asked = {**event("authorizer" if function.name == "authorizer" else "chat", token), "httpMethod": "GET", "path": "/v1/models"}
        made[function.name] = Zipped(_packed(function.name, target), settings, asked)
    return made


def hello(cloud: Cloud = "aws") -> Zipped:
    """Return the smallest function there is."""
    source = _HELLO if cloud == "aws" else _HELLO + "\n\ndef initializer(context):\n    pass\n"
    return Zipped(_zip({"index.py": source.encode()}), {}, {})


def usual() -> Iterator[tuple[str, Zipped | None]]:
    """Yield what others build, by name; None where it cannot be built here."""
    for name, (requirements, source) in _USUAL.items():
        with TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", folder, *requirements]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                yield name, None
                continue
            files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}
        around: dict[str, Any] = {"httpMethod": "GET", "path": "/v1/models", "resource": "/v1/models", "headers": {}, "queryStringParameters": None}
        context = {"requestContext": {"httpMethod": "GET", "resourcePath": "/v1/models", "identity": {"sourceIp": "127.0.0.1"}}}
        more: dict[str, Any] = {
            "multiValueHeaders": {},
            "multiValueQueryStringParameters": None,
            "pathParameters": None,
            "stageVariables": None,
            "body": None,
        }
        # As a zip comes out of pip and zip: no .pyc.
        kept = {path: body for path, body in files.items() if not path.endswith(".pyc")}
        yield name, Zipped(_zip({**kept, "index.py": source.encode()}), {}, {**around, **context, **more, "isBase64Encoded": False})


def cold(one: Zipped) -> float:
    """Return the milliseconds from a worker's start to its first answer; unpacking is not counted. Raises FunctionFailed."""
    with Runtime(LambdaVersion("bench", "1", _ARN, one.code, _SECONDS, one.environment), lambda _: None) as runtime:
        began = time.perf_counter()
        payload, error = runtime.invoke(json.dumps(one.event).encode())
        if error:
            raise RuntimeError(f"the bench's function failed: {payload!r}")
        return (time.perf_counter() - began) * 1000


def cold_on_huawei(one: Zipped) -> float:
    """Return the milliseconds from a process's start, as FunctionGraph starts it, to its first answer. Raises RuntimeError."""
    version = Version(
        "bench", "1", _URN, "0" * 32, "default", "Python3.10", one.code, "index.handler", "index.initializer", 20, _SECONDS, 256, one.environment
    )
    with FunctionGraph(version, lambda _: None, platform_first=True) as runtime:
        began = time.perf_counter()
        ran = runtime.invoke(json.dumps(one.event).encode(), request_id="bench")
        if ran.error:
            raise RuntimeError(f"the bench's function failed: {ran.error}")
        return (time.perf_counter() - began) * 1000


def first_byte(rounds: int) -> float:
    """Return the milliseconds that the loop adds to the first byte of a stream, warm: the function's own part is nothing."""
    files = {"index.py": _ECHO.encode(), **streaming.files("aws")}
    event = {"httpMethod": "POST", "resource": "/stream"}
    taken = []
    with Runtime(LambdaVersion("bench", "1", _ARN, _zip(files), _SECONDS, streaming.ENVIRONMENT), lambda _: None) as runtime:
        for _ in range(rounds):
            began = time.perf_counter()
            answer = runtime.stream(event, _SECONDS)
            next(answer.body)
            taken.append((time.perf_counter() - began) * 1000)
            for _ in answer.body:
                pass
    return median(taken[1:])


def _zip(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for path, body in files.items():
            about = zipfile.ZipInfo(path)
            about.external_attr = (0o100755 if body.startswith(b"#!") else 0o100644) << 16
            target.writestr(about, body, zipfile.ZIP_DEFLATED)
    return stream.getvalue()
