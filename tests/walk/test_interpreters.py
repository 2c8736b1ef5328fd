"""The functions under the interpreters that they are deployed to: 3.10 (FunctionGraph) and 3.13 (Lambda), where found, and the running one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import jwt
import pytest
import typing_extensions
import urllib3
import zxcvbn

ROOT = Path(__file__).parents[2]
#: What the functions require: one by one, because what lies beside them is compiled for the running interpreter (jwt imports it if it can).
LIBRARIES = (jwt, typing_extensions, urllib3, zxcvbn)
DEPLOYED = ("3.10", "3.13")


def found(version: str) -> str | None:
    """Return an interpreter of that version among pyenv's (whose shims on the path may refuse to run) or on the path, or None."""
    pyenvs = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}*/bin/python"))
    return str(pyenvs[-1]) if pyenvs else shutil.which(f"python{version}")


#: The running interpreter is always there, so that these tests never pass by testing nothing.
INTERPRETERS = {"running": sys.executable, **{version: path for version in DEPLOYED if (path := found(version))}}


def run(interpreter: str, *arguments: str) -> str:
    """Return what a fresh process prints; its path holds the sources and what the functions require."""
    with tempfile.TemporaryDirectory() as folder:
        for library in LIBRARIES:
            file = Path(str(library.__file__))
            home = file.parent if file.stem == "__init__" else file
            (Path(folder) / home.name).symlink_to(home)
        environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join([str(ROOT), folder]), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([interpreter, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


@pytest.mark.parametrize("interpreter", INTERPRETERS.values(), ids=INTERPRETERS)
def test_importing_says_and_reads_nothing(interpreter: str) -> None:
    """Without a single setting in the environment; nothing is opened, and warnings are errors."""
    script = (
        "import sys; seen = []\n"
        "sys.addaudithook(lambda name, _: seen.append(name) if name.startswith(('socket.', 'sqlite3.', 'subprocess.')) else None)\n"
        "import authorizer.handler, functions.login.handler, functions.admin.handler\n"
        "print(sorted(set(seen)))"
    )

    assert "[]\n" == run(interpreter, "-W", "error", "-c", script)


@pytest.mark.parametrize("interpreter", INTERPRETERS.values(), ids=INTERPRETERS)
def test_the_gatekeeper_has_no_way_out(interpreter: str) -> None:
    """Neither our client nor a store nor the sign-in is so much as imported (http.client is: PyJWT's package imports its own key fetcher)."""
    script = "import sys, authorizer.handler\nprint(sorted({one for one in sys.modules if one.startswith(%r)}))"
    beyond = ("urllib3", "requests", "sqlite3", "functions.login", "functions.shared.stores", "functions.shared.outbound")

    assert "[]\n" == run(interpreter, "-c", script % (beyond,))


@pytest.mark.parametrize("interpreter", INTERPRETERS.values(), ids=INTERPRETERS)
def test_a_whole_walk_comes_out_the_same(interpreter: str) -> None:
    """Signing in, being admitted, turning and spending a token, and a body that is too deep."""
    users = {"users": [{"username": "alice", "enabled": True, "admin": False}], "more": False}
    expected = ["allow", 200, [401, "session_ended"], [401, "invalid_credentials"], [400, "invalid_json"], users]

    assert expected == json.loads(run(interpreter, "-m", "tests.fakes.elsewhere").splitlines()[-1])
