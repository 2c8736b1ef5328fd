"""How long an apply takes against an emulated cloud: the first one, and one that finds nothing to do, when the SDKs are imported already.

And how many requests a second an emulated cloud holds that was deployed to: through the gateway and the function's own process, many at once.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from bench.cold_start import ROOT

#: Requests that are made at once, and how many of them.
_AT_ONCE, _REQUESTS = 8, 800
#: Run in a process of its own, since the SDKs read the environment; what it prints is seconds.
_APPLIES = """
import json, os, sys, time
from pathlib import Path
from deploy import operate, owner
from deploy.deployment import Deployment, Folders

told = json.loads(sys.argv[2])
chosen = told.get("choices", {})

def seconds():
    place = owner.Place(**{"region": told["region"], "rate": 10_000, **chosen.get("[deploy]", {})})
    choices = owner.Owner(deploy=place, site=owner.Site(**chosen.get("[site]", {})))
    stage = Deployment("bench", told["cloud"], choices, os.environ, Folders(stages=Path(sys.argv[1])))
    began = time.perf_counter()
    operate.apply(stage, lambda _: None)
    return time.perf_counter() - began

print(json.dumps([seconds() for _ in range(4)]))
"""


class Applied(NamedTuple):
    """Seconds of a first apply, the fewest of three that had nothing to do, and requests a second that were answered afterwards."""

    first: float
    nothing: float
    rate: float


def measure(cloud: str) -> Applied:
    """Deploy to an emulated cloud and ask it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "deploy", "emulate", "--cloud", cloud, "--port", "0", "--no-model", "--folder", folder]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True) as process:
            try:
                path = Path(folder) / "emulator.json"
                told = _told(process, path, "environment")
                applies = [sys.executable, "-c", _APPLIES, folder, json.dumps(told)]
                environment = {**os.environ, **told["environment"]}
                done = subprocess.run(applies, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
                rate = _rate(_told(process, path, "api")["api"])
            finally:
                process.send_signal(signal.SIGINT)
    first, *others = json.loads(done.stdout)
    return Applied(first, min(others), rate)


def _rate(api: str) -> float:
    """Return how many cheap requests a second are answered: a session that does not exist is not refreshed."""
    asked = urllib.request.Request(f"{api}/auth/refresh", b'{"refresh_token": "none"}', {"content-type": "application/json"})

    def ask(_: int) -> int:
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(ask, range(_AT_ONCE * 2)))
        began = time.perf_counter()
        met = set(pool.map(ask, range(_REQUESTS)))
        taken = time.perf_counter() - began
    if met != {401}:
        raise SystemExit(f"The emulated cloud answered {sorted(met)}.")
    return _REQUESTS / taken


def _told(process: subprocess.Popen[bytes], path: Path, member: str) -> dict[str, Any]:
    while True:
        told: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        if member in told:
            return told
        if process.poll() is not None:
            raise SystemExit("The emulated cloud did not start.")
        time.sleep(0.02)
