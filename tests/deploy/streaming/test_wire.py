"""What the loop says on the wire, byte for byte, to a platform that is a plain socket (aws.md, 1.1)."""

from __future__ import annotations

import base64
import json
import re
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deploy import streaming
from tests.deploy.streaming.zips import CHAT, PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INDEX = """
import os
from collections import namedtuple

Response = namedtuple("Response", "status headers body")
streams = {("POST", "/chat")}


class handler:
    @staticmethod
    def respond(event, context):
        return Response(201, {"a": "b"}, body())


def body():
    yield os.environ["_X_AMZN_TRACE_ID"].encode()
    yield b""
    yield b"two"
    if os.environ["FAILS"]:
        raise LookupError("a secret")
"""
HEAD = [
    "POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1",
    "Content-Type: application/vnd.awslambda.http-integration-response",
    "Lambda-Runtime-Function-Response-Mode: streaming",
    "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
    "Transfer-Encoding: chunked",
]
CHUNKS = b'32\r\n{"statusCode": 201, "headers": {"a": "b"}}' + bytes(8) + b"\r\n6\r\nRoot=1\r\n3\r\ntwo\r\n"


@contextmanager
def loop(folder: Path, fails: str) -> Iterator[socket.socket]:
    """Start the loop as Lambda does: the script, the interpreter, the stock arguments. Give its connection, on which it asks for an event."""
    for name, content in {**streaming.files("aws"), "index.py": INDEX.encode()}.items():
        (folder / name).write_bytes(content)
    script = folder / streaming.ENVIRONMENT["AWS_LAMBDA_EXEC_WRAPPER"].removeprefix("/var/task/")
    script.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        about = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{listener.getsockname()[1]}", "LAMBDA_TASK_ROOT": str(folder), "FAILS": fails}
        with subprocess.Popen([script, sys.executable, "/var/runtime/bootstrap.py"], env=about, stderr=subprocess.DEVNULL) as process:
            wire, _ = listener.accept()
            with wire:
                yield wire
            process.kill()


def said(wire: socket.socket, end: bytes) -> bytes:
    """Read until what was said ends so."""
    seen = b""
    while not seen.endswith(end):
        chunk = wire.recv(65536)
        assert chunk, seen
        seen += chunk
    return seen


def answered(wire: socket.socket) -> tuple[list[str], bytes]:
    """Give the loop an event; return the head's lines in order, and the body of what it answers."""
    assert said(wire, b"\r\n\r\n").startswith(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n")
    event = json.dumps(CHAT).encode()
    about = b"Lambda-Runtime-Aws-Request-Id: id-1\r\nLambda-Runtime-Deadline-Ms: 99999999999999\r\nLambda-Runtime-Trace-Id: Root=1\r\n"
    wire.sendall(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (about, len(event), event))
    head, _, body = said(wire, b"\r\n\r\n").partition(b"\r\n\r\n")
    body = body or said(wire, b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return [first, *sorted(line for line in lines if not re.match("Host|Accept-Encoding", line))], body


def test_a_stream_is_said_as_the_platform_expects(tmp_path: Path) -> None:
    """Prelude, eight NULs, the chunks that hold something; then, with a 202, the loop asks for the next event on the same connection."""
    with loop(tmp_path, "") as wire:
        head, body = answered(wire)
        wire.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        following = said(wire, b"\r\n\r\n")

    assert HEAD == head
    assert CHUNKS + b"0\r\n\r\n" == body
    assert following.startswith(b"GET ")


def test_a_failure_is_told_in_the_trailers(tmp_path: Path) -> None:
    """The type, and a document in base64."""
    with loop(tmp_path, "yes") as wire:
        head, body = answered(wire)
    trailers = dict(line.split(": ", 1) for line in body.removeprefix(CHUNKS + b"0\r\n").decode().split("\r\n") if line)
    document = json.loads(base64.b64decode(trailers.pop("Lambda-Runtime-Function-Error-Body")))

    assert HEAD == head
    assert {"Lambda-Runtime-Function-Error-Type": "LookupError"} == trailers
    assert ("LookupError", "") == (document["errorType"], document["errorMessage"])
