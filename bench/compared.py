"""Twocan beside the LiteLLM proxy: two HTTP servers in front of the same mock model, asked by the same client in turn.

Ours is the local gateway with its authorizer and the chat function, in one process as `make run` has them; theirs is their proxy with one worker
and a master key, as their documents start it. Both check a key and ask the model under its own name. `python -m bench.compared URL` serves ours and
prints its address. LiteLLM is installed in an environment of its own, which stays in `.local/` for the next run.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import urllib3
from aiohttp import web

from bench import hot_path
from bench.upstream import CHUNKS
from deploy import bundle
from deploy.local import stage
from deploy.local.alone import free_port
from deploy.local.aws import Aws
from deploy.local.backend import InProcess, InProcessAuthorizer
from deploy.local.gateway import Gateway, runner
from deploy.local.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HOME = stage.ROOT / ".local" / "bench" / "litellm"
_WANTED = "litellm[proxy]"
_MASTER = "sk-of-the-bench"
#: Seconds for their proxy to start, and for its installation.
_START, _INSTALL = 120, 600
# Few: theirs takes seconds for a stream of two thousand chunks.
_ROUNDS = 9


class Way(NamedTuple):
    """One way to the model: an address, and what stands in Authorization."""

    url: str
    key: str


class Added(NamedTuple):
    """What a way adds to asking the model directly: milliseconds, to the first token too, and microseconds per chunk."""

    plain: float
    first_token: float
    chunk: float


class Absent(Exception):
    """LiteLLM cannot be installed or does not start here; the message says which."""


def measure(upstream: str) -> dict[str, Added]:
    """Return what ours and theirs add. Raises Absent."""
    with ExitStack() as stack:
        theirs = stack.enter_context(_theirs(upstream))
        ways = {"direct": Way(upstream, "none"), "ours": stack.enter_context(_ours(upstream)), "theirs": theirs}
        taken: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ways}
        for one in ways.values():
            _ask(one)
        # In turn, so that a machine that slows down slows all of them.
        for _ in range(_ROUNDS):
            for name, one in ways.items():
                taken[name].append(_ask(one))
    middle = {name: [median(column) for column in zip(*times, strict=True)] for name, times in taken.items()}
    plain, first, rest = middle.pop("direct")
    return {name: Added(one[0] - plain, one[1] - first, (one[2] - rest) * 1000 / CHUNKS) for name, one in middle.items()}


_POOL = urllib3.PoolManager()


def _ask(way: Way) -> tuple[float, float, float]:
    """Return the milliseconds of a plain answer, of one that streams to its first token, and from there to its end."""
    headers = {"authorization": f"Bearer {way.key}", "content-type": "application/json"}
    question = {"model": "mock", "messages": [{"role": "user", "content": "hi"}]}
    began = time.perf_counter()
    plain = _POOL.request("POST", f"{way.url}/chat/completions", body=json.dumps(question), headers=headers)
    taken = (time.perf_counter() - began) * 1000
    if plain.status != 200:
        raise Absent(f"{way.url} answered {plain.status}")
    began = time.perf_counter()
    body = json.dumps({**question, "stream": True})
    first, whole = hot_path.drained(
        _POOL.request("POST", f"{way.url}/chat/completions", body=body, headers=headers, preload_content=False).stream(65_536), began
    )
    return taken, first, whole - first


@contextmanager
def _ours(upstream: str) -> Iterator[Way]:
    command = [sys.executable, "-m", "bench.compared", upstream]
    with subprocess.Popen(command, cwd=stage.ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Way(json.loads(process.stdout.readline() if process.stdout else "null"), hot_path.token())
        finally:
            process.kill()


@contextmanager
def _theirs(upstream: str) -> Iterator[Way]:
    _install()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        # JSON is YAML.
        model = {"model_name": "mock", "litellm_params": {"model": "openai/mock", "api_base": upstream, "api_key": "none"}}
        config.write_text(json.dumps({"model_list": [model], "general_settings": {"master_key": _MASTER}}))
        port = free_port()
        command = [str(_HOME / "bin" / "litellm"), "--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"]
        # Else it asks the network for a list of prices first, and waits where there is none.
        environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
        with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                _await(process, f"http://127.0.0.1:{port}")
                yield Way(f"http://127.0.0.1:{port}/v1", _MASTER)
            finally:
                process.kill()


def _install() -> None:
    whole = _HOME / "whole"
    if whole.exists():
        return
    sys.stderr.write(f"Installing {_WANTED} into {_HOME.relative_to(stage.ROOT)}, once; that may take minutes.\n")
    _uv("venv", "--clear", str(_HOME))
    _uv("pip", "install", "--python", str(_HOME / "bin" / "python"), _WANTED)
    whole.touch()


def _uv(*arguments: str) -> None:
    try:
        subprocess.run([sys.executable, "-m", "uv", "--quiet", *arguments], capture_output=True, timeout=_INSTALL, check=True)
    except (subprocess.SubprocessError, OSError) as error:
        raise Absent("it could not be installed here (no registry?)") from error


def _await(process: subprocess.Popen[bytes], base: str) -> None:
    deadline = time.monotonic() + _START
    while process.poll() is None and time.monotonic() < deadline:
        if _is_up(base):
            return
        time.sleep(0.2)
    raise Absent("it did not start")


def _is_up(base: str) -> bool:
    try:
        return urllib3.request("GET", f"{base}/health/liveliness", timeout=2, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


async def _serve(settings: Mapping[str, str]) -> None:
    started = {one.name: stage.start(one, "aws", settings) for one in bundle.FUNCTIONS if one.name in ("authorizer", "chat")}
    seconds = {one.name: one.seconds for one in bundle.FUNCTIONS}
    dialect = Aws(origin="http://127.0.0.1:1")
    guard = Guard(dialect, InProcessAuthorizer(started["authorizer"], "aws", seconds["authorizer"]))
    routes = [one for one in bundle.ROUTES if one.function == "chat"]
    server = runner(Gateway(dialect, routes, {"chat": InProcess(started["chat"], "aws", seconds["chat"])}, guard))
    await server.setup()
    await web.TCPSite(server, "127.0.0.1", 0).start()
    sys.stdout.write(json.dumps(f"http://127.0.0.1:{server.addresses[0][1]}/v1") + "\n")
    sys.stdout.flush()
    # The functions log a line per request; whoever measures does not read it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(hot_path.settings([{"name": "mock", "vendor": "openai", "base_url": sys.argv[1], "model": "mock"}])))
