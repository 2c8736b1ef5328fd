"""How long an apply takes against the emulated AWS: the first one, and one that finds nothing to do, when boto3 is imported already."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.cold_start import ROOT

#: Run in a process of its own, since boto3 reads the environment; what it prints is seconds.
_APPLIES = """
import json, os, sys, time
from pathlib import Path
from deploy import operate, owner
from deploy.deployment import Deployment, Folders

def seconds():
    choices = owner.Owner(deploy=owner.Place(region=os.environ["AWS_REGION"]))
    stage = Deployment("bench", "aws", choices, os.environ, Folders(stages=Path(sys.argv[1])))
    began = time.perf_counter()
    operate.apply(stage, lambda _: None)
    return time.perf_counter() - began

print(json.dumps([seconds() for _ in range(4)]))
"""


def seconds() -> tuple[float, float]:
    """Return the seconds of a first apply, and the fewest of three that had nothing to do."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "deploy", "emulate", "--port", "0", "--no-model", "--folder", folder]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True) as process:
            try:
                environment = {**os.environ, **_told(process, Path(folder) / "emulator.json")}
                applies = [sys.executable, "-c", _APPLIES, folder]
                done = subprocess.run(applies, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
            finally:
                process.send_signal(signal.SIGINT)
    first, *others = json.loads(done.stdout)
    return first, min(others)


def _told(process: subprocess.Popen[bytes], path: Path) -> dict[str, str]:
    while not path.exists():
        if process.poll() is not None:
            raise SystemExit("The emulated AWS did not start.")
        time.sleep(0.02)
    environment: dict[str, str] = json.loads(path.read_text())["environment"]
    return environment
