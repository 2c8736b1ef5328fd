"""Cold starts: from process start to first answer, over a bare interpreter, as a share of `import openai` in the same run.

Each function is laid out as it is deployed: its own folder, what the functions share, its own requirements and nothing else on the path, with
`.pyc` files that are never checked against their sources. Modules are counted after the answer, so that lazy imports count.
"""

from __future__ import annotations

import compileall
import json
import py_compile
import shutil
import subprocess
import sys
import time
from importlib.metadata import files as installed_files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.entry import entry
from functions.shared import attempts, tokens
from functions.shared.stores import open_records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.bundle import Function

ROOT = Path(__file__).resolve().parents[1]
#: Shares of `import openai` that the cold starts may cost.
BUDGETS = {"authorizer": 0.15, "login": 0.18, "chat": 0.25, "qa": 0.2}
#: What signs the tokens of the bench, and who issues them.
KEY = "a key of the bench, long enough for HS256"
STAGE = "twocan/bench"

_DRIVER = """
import sys
sys.path[:] = [path for path in sys.path if "site-packages" not in path]
sys.path.insert(0, sys.argv[1])
import index
import json


class Context:
    aws_request_id = "1"
    def get_remaining_time_in_millis(self):
        return 60000


answer = index.handler(json.loads(sys.argv[2]), Context())
if sys.argv[3] == "modules":
    sys.stdout = sys.__stdout__
    print(json.dumps({"answer": answer, "modules": sorted(sys.modules)}))
"""


class Start(NamedTuple):
    """One cold start to measure: where it lies, what it is asked, and the environment it is given."""

    folder: Path
    event: dict[str, Any]
    environment: Mapping[str, str]


def prepare(function: Function, folder: Path, upstream: str) -> Start:
    """Lay a function out for AWS, and return the first event that it will answer."""
    lay_out(function, folder)
    store = f"sqlite:///{folder / 'bench.db'}"
    now = int(time.time())
    token = tokens.issue(tokens.Issuer(STAGE, STAGE, tokens.keys(KEY, "")), subject="ann", session="1", now=now)
    model = {"name": "mock", "vendor": "openai", "base_url": upstream, "model": "mock"}
    known = {"SITE_ORIGIN": "https://chat.example.com", "TOKEN_ISSUER": STAGE, "TOKEN_AUDIENCE": STAGE, "TOKEN_KEY": KEY, "STORE": store}
    known["MODELS"] = json.dumps([model])
    if function.name == "login":
        # All attempts are used up, so that the one that is measured is refused where the hash would have begun.
        records = open_records(store, lambda: now)
        for _ in range(attempts.PER_ACCOUNT):
            attempts.count(records, name="ann", address="127.0.0.1", now=now)
    return Start(folder, event(function.name, token), {name: known[name] for name in function.needs if name in known})


def lay_out(function: Function, folder: Path) -> None:
    """Write a function's code, its requirements and its entry into a folder, and compile them."""
    source = Path(*function.module.split(".")[:-1])
    for path in ("functions/__init__.py", "functions/shared", source):
        _copy(ROOT / path, folder / path)
    for name in (ROOT / source / "requirements.txt").read_text().split():
        for file in installed_files(name) or []:
            if ".." not in file.parts and file.suffix == ".py":
                _copy(Path(str(file.locate())), folder / file)
    (folder / "index.py").write_text(entry(function, "aws"))
    compileall.compile_dir(folder, quiet=1, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


def modules(start: Start) -> tuple[dict[str, Any], list[str]]:
    """Return the first answer, and the names of the modules that it took."""
    output = _run(start, "modules").stdout.splitlines()[-1]
    seen = json.loads(output)
    return seen["answer"], seen["modules"]


def milliseconds(start: Start) -> float:
    """Return how long one process took, from its start to its end after one answer."""
    return timed(lambda: _run(start, "time"))


def bare() -> float:
    """Return how long an interpreter takes that does nothing."""
    return timed(lambda: _python("pass"))


def openai() -> float:
    """Return how long an interpreter takes that imports the official client."""
    return timed(lambda: _python("import openai"))


def timed(work: Any) -> float:
    """Return how many milliseconds a call takes."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _python(code: str) -> None:
    subprocess.run([sys.executable, "-I", "-c", code], check=True)


def _run(start: Start, what: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", _DRIVER, str(start.folder), json.dumps(start.event), what]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=dict(start.environment))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


def event(name: str, token: str) -> dict[str, Any]:
    """Return an event that a function answers without anything behind it."""
    if name == "authorizer":
        arn = "arn:aws:execute-api:eu-central-1:123456789012:abc/live/POST/v1/chat/completions"
        return {"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": arn}
    chat = {"model": "mock", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    passages = {"question": "hi", "documents": [{"name": "a", "type": "text/plain", "data": "aGkh"}]}
    path, body = {
        "login": ("/auth/login", {"username": "ann", "password": "x"}),
        "chat": ("/v1/chat/completions", chat),
        "qa": ("/v1/passages", passages),
    }[name]
    around = {"requestId": "1", "identity": {"sourceIp": "127.0.0.1"}}
    headers = {"Authorization": f"Bearer {token}"}
    return {"httpMethod": "POST", "path": path, "headers": headers, "body": json.dumps(body), "requestContext": around}
