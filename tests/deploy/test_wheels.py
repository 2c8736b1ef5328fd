"""The wheels of a function, by the real uv from wheels that are made here; nothing is fetched from anywhere."""

from __future__ import annotations

import hashlib
import zipfile
from typing import TYPE_CHECKING

import pytest

from deploy.wheels import WheelsError, wheels

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ANY = "py3-none-any"
FACTS = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"


@pytest.fixture(name="index", autouse=True)
def _index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, which is all that uv knows."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return folder


def made(index: Path, name: str, tag: str = ANY, facts: str = "", files: Mapping[str, str] | None = None) -> str:
    """Make a wheel, and return its entry in a lock."""
    path = index / f"{name}-1.0-{tag}.whl"
    about = {
        "METADATA": FACTS.format(name=name) + facts,
        "WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
        "RECORD": "",
        "licenses/LICENSE": "MIT",
        "entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    with zipfile.ZipFile(path, "w") as wheel:
        for inside, text in {
            **(files or {f"{name}/__init__.py": ""}),
            **{f"{name}-1.0.dist-info/{one}": text for one, text in about.items()},
        }.items():
            wheel.writestr(inside, text)
    return f"{name}==1.0 \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def found(required: str, *entries: str, python: str = "3.13", processor: str = "arm64") -> set[str]:
    """Return the paths that come, but for what tells of the package."""
    files = wheels(required, "".join(entries), python=python, processor=processor)
    return {path for path in files if ".dist-info/" not in path}


def complaint(required: str, *entries: str) -> str:
    """Return what is said where there are no such wheels."""
    with pytest.raises(WheelsError) as refused:
        found(required, *entries)
    return str(refused.value)


def test_requirements_come_with_what_they_need(index: Path) -> None:
    """At the lock's versions, and nothing else of the lock."""
    lock = [made(index, "one", facts="Requires-Dist: Two_More\n"), made(index, "two_more").replace("_", "-"), made(index, "three")]

    assert {"one/__init__.py", "two_more/__init__.py"} == found("One\n", *lock)


@pytest.mark.parametrize(("python", "expected"), [("3.10", {"one/__init__.py", "old/__init__.py"}), ("3.13", {"one/__init__.py"})])
def test_conditions_are_the_targets(index: Path, python: str, expected: set[str]) -> None:
    """What this interpreter would need decides nothing."""
    lock = [made(index, "one", facts='Requires-Dist: old; python_version < "3.11"\n'), made(index, "old")]

    assert expected == found("one", *lock, python=python)


@pytest.mark.parametrize(("processor", "expected"), [("x86_64", "intel"), ("arm64", "arm")])
def test_a_wheel_is_the_targets(index: Path, processor: str, expected: str) -> None:
    """Whatever this machine's processor is."""
    tags = {"intel": "cp313-cp313-manylinux2014_x86_64", "arm": "cp313-cp313-manylinux2014_aarch64"}
    first, second = (made(index, "fast", tag, files={f"fast/{name}.so": ""}) for name, tag in tags.items())

    assert {f"fast/{expected}.so"} == found("fast", first.rstrip() + " \\\n" + second.partition("\n")[2], processor=processor)


def test_what_a_function_never_needs_is_left_out(index: Path) -> None:
    """Commands, tests, stubs and the installer's notes; data, a package's facts and its licence come along."""
    inside = [
        "a/__init__.py",
        "a/__init__.pyi",
        "a/py.typed",
        "a/tests/test_a.py",
        "a/data/words.txt",
        "a/test.py",
        "a/tz/win.py",
        "a/tzwin.py",
        "a/twin.py",
        "a/__pycache__/b.pyc",
    ]
    files = wheels("a", made(index, "a", files=dict.fromkeys(inside, "")), python="3.13", processor="arm64")

    assert {"a/__init__.py", "a/data/words.txt", "a/test.py", "a/twin.py", "a-1.0.dist-info/METADATA", "a-1.0.dist-info/licenses/LICENSE"} == set(
        files
    )


def test_the_same_is_looked_for_once(index: Path) -> None:
    """Most functions require the same."""
    lock = made(index, "once")

    assert wheels("once", lock, python="3.13", processor="arm64") is wheels("once\n", lock, python="3.13", processor="arm64")


def test_nothing_required_is_nothing_found(index: Path) -> None:
    """A function of its own sources only."""
    assert set() == found("", made(index, "one"))


def test_a_requirement_that_is_not_locked_is_named(index: Path) -> None:
    """All of them at once."""
    said = "first-one, two is not in requirements.txt: name it in pyproject.toml and lock again with `make lock`."

    assert said == complaint("First_One\ntwo\nthree", made(index, "three"))


def test_a_need_that_is_not_locked_is_named(index: Path) -> None:
    """Even though the index has it."""
    made(index, "hidden")

    assert "hidden is needed, but requirements.txt does not have it" in complaint("one", made(index, "one", facts="Requires-Dist: hidden\n"))


def test_another_file_than_the_locked_one_is_refused(index: Path) -> None:
    """The hash decides, not the version."""
    entry = made(index, "one")

    assert "one==1.0 came as another file" in complaint("one", entry[:-65] + "0" * 64 + "\n")


@pytest.mark.parametrize("tag", ["cp313-cp313-macosx_11_0_arm64", "cp310-cp310-manylinux2014_aarch64"], ids=["platform", "python"])
@pytest.mark.parametrize("deep", [False, True], ids=["required", "needed"])
def test_a_package_without_a_wheel_for_the_target_is_named(index: Path, tag: str, *, deep: bool) -> None:
    """Nothing is built from source."""
    lock = [made(index, "mac", tag), made(index, "one", facts="Requires-Dist: mac\n")]

    assert "mac has no wheel for Python 3.13 on arm64: choose a version" in complaint("one" if deep else "mac", *lock)


def test_a_package_that_is_for_another_python_is_named(index: Path) -> None:
    """It says so itself."""
    assert "late does not run on Python 3.13: choose a version" in complaint("late", made(index, "late", facts="Requires-Python: >=3.14\n"))


def test_a_network_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what can be done."""
    monkeypatch.delenv("UV_OFFLINE")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    said = complaint("far", f"far==1.0 \\\n    --hash=sha256:{'0' * 64}\n")

    assert "the wheels cannot be fetched (http://127.0.0.1:9/simple/far/): check the network, or name a nearer index in UV_DEFAULT_INDEX." == said


def test_what_is_not_foreseen_is_told_as_uv_tells_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In one line."""
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path / "nowhere"))
    said = complaint("odd", f"odd==1.0 \\\n    --hash=sha256:{'0' * 64}\n")

    assert said.startswith("uv does not find the wheels: Failed to read `--find-links` directory")
    assert "\n" not in said
