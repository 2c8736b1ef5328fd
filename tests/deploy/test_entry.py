"""index.py as each platform starts it: in a process of its own, with the function's own requirements and nothing else on the path."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from bench import cold_start
from deploy import bundle
from deploy.entry import entry
from functions.shared import tokens

if TYPE_CHECKING:
    from pathlib import Path

KEY = "a key of these tests, long enough for HS256"
SETTINGS = {"TOKEN_ISSUER": "twocan/test", "TOKEN_AUDIENCE": "twocan/test", "TOKEN_KEY": KEY}
FUNCTIONS = {one.name: one for one in bundle.FUNCTIONS}

#: A platform: what it has on its path before the code, which settings it gives, and what it then calls.
PLATFORM = """
import sys
sys.path[:] = [path for path in sys.path if "site-packages" not in path]
sys.path[:0] = {before!r}
{first}
sys.path.append({code!r})
import index
import json


class Context:
    def getUserData(self, name):
        return {settings!r}.get(name)

    def getRequestID(self):
        return "1"

    def getRemainingTimeInMilliSeconds(self):
        return 5000


context = Context()
{calls}
"""
ASK = "print(json.dumps(index.handler({'headers': {'authorization': 'Bearer ' + %r}}, context)))"


def laid_out(folder: Path, name: str, cloud: str) -> Path:
    """Lay a function out as it is deployed to a cloud."""
    cold_start.lay_out(FUNCTIONS[name], folder)
    for compiled in (folder / "__pycache__").glob("index.*"):
        compiled.unlink()
    (folder / "index.py").write_text(entry(FUNCTIONS[name], cloud))
    return folder


def started(
    code: Path, calls: str, *, settings: dict[str, str] | None = None, environment: dict[str, str] = SETTINGS, **platform: Any
) -> subprocess.CompletedProcess[str]:
    """Return what a fresh process says that starts the code and makes these calls."""
    parts = {"before": [], "first": "", "settings": SETTINGS if settings is None else settings, **platform}
    script = PLATFORM.format(code=str(code), calls=calls, **parts)
    return subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, timeout=60, check=False, env=environment)


def token() -> str:
    """Return a token that is good right now."""
    issuer = tokens.Issuer("twocan/test", "twocan/test", tokens.keys(KEY, ""))
    return tokens.issue(issuer, subject="ann", session="1", now=int(time.time()))


@pytest.mark.parametrize("begins", ["index.initializer(context)", ""], ids=["initializer", "first-call"])
def test_huawei_starts_from_the_contexts_settings(tmp_path: Path, begins: str) -> None:
    """With the initializer or, where it was not configured, with the first call."""
    done = started(laid_out(tmp_path, "authorizer", "huawei"), f"{begins}\n{ASK % token()}")
    verdict = json.loads(json.loads(done.stdout.splitlines()[-1])["body"])

    assert ("allow", "ann") == (verdict["status"], verdict["context"]["user"])


def test_huawei_starts_once(tmp_path: Path) -> None:
    """The settings are not read again for each call."""
    calls = f"{ASK % token()}\nContext.getUserData = None\n{ASK % token()}"
    done = started(laid_out(tmp_path, "authorizer", "huawei"), calls)

    assert ["allow", "allow"] == [json.loads(json.loads(line)["body"])["status"] for line in done.stdout.splitlines() if "statusCode" in line]


def test_huawei_tells_what_is_missing(tmp_path: Path) -> None:
    """A start without settings says all their names."""
    done = started(laid_out(tmp_path, "authorizer", "huawei"), "index.initializer(context)", settings={})

    assert 1 == done.returncode
    assert "TOKEN_ISSUER is missing" in done.stderr
    assert "TOKEN_KEY is missing" in done.stderr


def test_huawei_reads_no_environment(tmp_path: Path) -> None:
    """Event functions get settings no other way than through their context."""
    done = started(laid_out(tmp_path, "authorizer", "huawei"), "print(index.started)", settings={})

    assert "None\n" == done.stdout


def test_aws_is_started_when_it_is_imported(tmp_path: Path) -> None:
    """From the environment, while the platform still gives the start for nothing."""
    done = started(laid_out(tmp_path, "authorizer", "aws"), "print(callable(index.handler))", settings={})

    assert ("True\n", "") == (done.stdout, done.stderr)


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
def test_a_urllib3_that_is_not_ours_is_refused(tmp_path: Path, cloud: str) -> None:
    """FunctionGraph brings an old one: loaded before our code, it would stay."""
    (tmp_path / "platform").mkdir()
    (tmp_path / "platform" / "urllib3.py").write_text("")
    code = laid_out(tmp_path / "code", "chat", cloud)
    done = started(code, "", before=[str(tmp_path / "platform")], first="import urllib3")

    assert 1 == done.returncode
    assert f"RuntimeError: urllib3 was imported from outside the function's code: {tmp_path}/platform/urllib3.py" in done.stderr


def test_our_own_urllib3_comes_first(tmp_path: Path) -> None:
    """An old one that merely lies on the path before the code is passed over."""
    (tmp_path / "platform").mkdir()
    (tmp_path / "platform" / "urllib3.py").write_text("")
    code = laid_out(tmp_path / "code", "chat", "huawei")
    done = started(code, "print(sys.modules['urllib3'].__file__)", before=[str(tmp_path / "platform")])

    assert f"{code}/urllib3/__init__.py\n" == done.stdout


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
def test_answers_name_the_release_that_lies_beside(tmp_path: Path, cloud: str) -> None:
    """On every cloud, by the function's own answers."""
    code = laid_out(tmp_path, "chat", cloud)
    (code / "release.json").write_text('{"version": "1", "fingerprint": "f", "release": "a1b2"}')
    settings = {**SETTINGS, "SITE_ORIGIN": "https://chat.test", "MODELS": "[]"}
    done = started(code, "print(json.dumps(index.handler({'httpMethod': 'GET', 'path': '/'}, context)))", settings=settings, environment=settings)

    assert "a1b2" == json.loads(done.stdout.splitlines()[-1])["headers"]["x-twocan-release"]


def test_code_that_was_not_packaged_names_no_release(tmp_path: Path) -> None:
    """It runs all the same."""
    done = started(laid_out(tmp_path, "authorizer", "aws"), "print(repr(index.release))")

    assert "''\n" == done.stdout


@pytest.mark.parametrize("function", bundle.FUNCTIONS, ids=lambda one: one.name)
def test_aws_is_told_what_streams(function: bundle.Function) -> None:
    """The bundle's routes, and none for a function that has none."""
    known: dict[str, object] = {}
    exec(entry(function, "aws").splitlines()[-1], known)

    assert {(one.method, one.path) for one in bundle.ROUTES if one.streams and one.function == function.name} == known["streams"]


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
@pytest.mark.parametrize("function", bundle.FUNCTIONS, ids=lambda one: one.name)
def test_an_entry_is_python_that_names_its_function(function: bundle.Function, cloud: str) -> None:
    """What has no route speaks the direct dialect on every cloud."""
    text = entry(function, cloud)
    compile(text, "index.py", "exec")

    assert f"from {function.module} import handler as function\n" in text
    assert f'function.start("{"direct" if function.name == "admin" else cloud}",' in text


def test_a_cloud_that_is_not_known_is_an_error() -> None:
    """Nothing is guessed."""
    with pytest.raises(KeyError):
        entry(bundle.FUNCTIONS[0], "azure")
