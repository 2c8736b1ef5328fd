"""Zips of tiny functions, as the packager would make them, and what stands around the runtime that runs them."""

from __future__ import annotations

import io
import os
import queue
import sys
import threading
import zipfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from deploy import streaming
from deploy.emulator.aws.runtime import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

R = TypeVar("R")

PATIENCE = 20.0
ARN = "arn:aws:lambda:eu-central-1:000000000000:function:hello:live"
#: An event that streams, as far as the loop looks at it.
CHAT = {"httpMethod": "POST", "resource": "/chat"}
#: This interpreter, and FunctionGraph's and Lambda's where they are found.
PYTHONS = [
    sys.executable,
    *(str(one) for version in ("3.10", "3.13") for one in sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))[:1]),
]

_STREAMING = """
import os
import time
from collections import namedtuple

Response = namedtuple("Response", "status headers body")
streams = frozenset({("POST", "/chat")})


def wait(gate):
    open(os.environ["GATES"] + "/" + gate).read()


class Function:
    def __call__(self, event, context):
        return whole(event, context)

    def respond(self, event, context):
        return Response(200, {"content-type": "text/event-stream"}, body(event, context))


def whole(event, context):
    return {"statusCode": 200, "headers": {}, "body": "whole"}


def body(event, context):
    yield b"one"
    yield b"two"


handler = Function()
"""


class Lines:
    """What the workers print, line by line."""

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def write(self, line: str) -> None:
        """Take a line."""
        self._lines.put(line)

    def next(self) -> str:
        """Wait for the next line."""
        return self._lines.get(timeout=PATIENCE)


class Gates:
    """Named gates at which a function in another process waits until its test opens them."""

    def __init__(self, folder: Path, *names: str) -> None:
        self._folder = folder
        for name in names:
            os.mkfifo(folder / name)

    def open(self, name: str) -> None:
        """Let whoever waits there go on, or wait until somebody does."""
        (self._folder / name).write_text("go")


@contextmanager
def runtimes(kind: Callable[..., AbstractContextManager[R]], lines: Lines) -> Iterator[Callable[..., R]]:
    """Give what starts runtimes of one kind, whose lines are kept; they end with the block."""
    with ExitStack() as stack:
        yield lambda version, **how: stack.enter_context(kind(version, lines.write, **how))


def lives(pid: int) -> bool:
    """Say whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def together(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Return what so many calls at once return."""
    results: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for number in range(count):
        threading.Thread(target=lambda number=number: results.put(work(number)), daemon=True).start()
    return [results.get(timeout=2 * PATIENCE) for _ in range(count)]


def zipped(files: Mapping[str, bytes], *, mode: int = 0o755) -> bytes:
    """Return a zip of these files; `mode` is that of its scripts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            one = zipfile.ZipInfo(name)
            one.external_attr = (mode if content.startswith(b"#!") else 0o644) << 16
            archive.writestr(one, content)
    return target.getvalue()


def stock(index: str, *, seconds: float = PATIENCE, **variables: str) -> Version:
    """Return a version whose whole code is this index.py, on Lambda's own runtime."""
    return Version("hello", "7", ARN, zipped({"index.py": index.encode()}), seconds, variables)


def streams(code: str = "", *, seconds: float = PATIENCE, mode: int = 0o755, **variables: str) -> Version:
    """Return a version that streams at POST /chat. The code may define anew: body, whole, Function, handler."""
    code = f"{_STREAMING}\n\n{code}\n\nhandler = Function()\n"
    files = {"index.py": code.encode(), **streaming.files("aws")}
    return Version("hello", "7", ARN, zipped(files, mode=mode), seconds, {**streaming.ENVIRONMENT, **variables})
