"""The functions' zips as they are deployed: what is in them, that all of it can be imported there, and that they come out the same each time.

Wheels come from uv's cache or, the first time, from the index.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Literal

import pytest

from deploy import bundle, package
from deploy.entry import entry
from deploy.package import Code, PackageError, Release, Target, build, identity, pack
from functions.shared import tokens
from tests.fakes import postgres
from tests.functions.qa.pdfs import pdf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deploy.gateway_responses import Cloud

FUNCTIONS = {one.name: one for one in bundle.FUNCTIONS}
#: This interpreter stands for the deployed ones where they are not found, so that no test passes by testing nothing.
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = [RUNNING, *(one for one in ("3.10", "3.13") if package.interpreter(one) and one != RUNNING)]
AWS = Target("aws", RUNNING, "x86_64")
RELEASE = Release("1.2.3", "f" * 32)
#: Bytes of a zip with its .pyc files. A cold start fetches all of it. urllib3, which the model wants, is 250 kB of it.
BUDGETS = {"authorizer": 250_000, "login": 300_000, "chat": 1_500_000, "qa": 1_500_000}
#: The same on Huawei, where the driver of the store is 690 kB of it, half of it never loaded.
THERE = {"authorizer": 250_000, "login": 1_000_000, "chat": 1_500_000, "qa": 1_500_000}
BUILT = [(name, cloud) for name in FUNCTIONS for cloud in ("aws", "huawei")]
#: What reaches a database, and what that is made of.
DRIVER = {"functions/shared/database.py", "pg8000/native.py", "scramp/core.py", "asn1crypto/x509.py", "dateutil/parser/__init__.py", "six.py"}
#: Modules of login on Huawei after its first answer. One that is over means: import less, or raise it and say why.
LOADED = 195

IMPORT = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    try:
        importlib.import_module(name)
    except Exception as error:
        print(name, type(error).__name__, error)
"""


#: A start and one call, as FunctionGraph makes them (huawei.md, 1.1 and 1.2); prints the answer's status and what was loaded for it.
CALL = """
import json, sys
sys.path.insert(0, sys.argv[1])
settings = json.loads(sys.argv[2])
class Context:
    def getUserData(self, name): return settings.get(name)
    def getRequestID(self): return "1"
    def getRemainingTimeInMilliSeconds(self): return 60000
import index
index.initializer(Context())
answers = [index.handler(one, Context()) for one in json.loads(sys.argv[3])]
print(json.dumps([[one.get("status") or one.get("statusCode") for one in answers], sorted(sys.modules)]))
"""


@pytest.fixture(name="tree")
def _tree(tmp_path: Path) -> Path:
    """A copy of what zips are made of, to be changed."""
    return copied(tmp_path / "tree")


def copied(folder: Path) -> Path:
    """Copy what zips are made of."""
    for name in ("functions", "authorizer"):
        shutil.copytree(package.ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(package.ROOT / "requirements.txt", folder)
    return folder


def changed(tree: Path, name: str, old: str, new: str) -> None:
    """Change a file of a tree."""
    text = (tree / name).read_text()
    assert old in text
    (tree / name).write_text(text.replace(old, new))


def digests(tree: Path) -> dict[str, str]:
    """Return every function's digest."""
    return {name: build(one, AWS, root=tree).digest for name, one in FUNCTIONS.items()}


def extracted(code: Code, folder: Path) -> list[str]:
    """Extract a zip as a platform does, and return the names of its modules, index last."""
    with zipfile.ZipFile(io.BytesIO(pack(code, RELEASE))) as file:
        file.extractall(folder)
    names = {path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in code.files if path.endswith(".py")}
    return [*sorted(names - {"index"}), "index"]


def imported(folder: Path, modules: list[str], python: str) -> str:
    """Import these modules in an interpreter that has nothing but its standard library; return what went wrong."""
    command = [package.interpreter(python) or "", "-I", "-S", "-c", IMPORT, str(folder), *modules]
    done = subprocess.run(command, env={}, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def called(name: str, folder: Path, python: str, events: list[object]) -> tuple[list[int], set[str]]:
    """Start a function's zip on Huawei with records in PostgreSQL, over TLS; return the statuses of its answers, and the modules it loaded."""
    extracted(build(FUNCTIONS[name], Target("huawei", python, "x86_64")), folder)
    store = f"{postgres.emptied()}?ca={postgres.AUTHORITY.quoted}".replace("127.0.0.1", "localhost")
    settings = {"SITE_ORIGIN": "https://chat.example.com", "TOKEN_ISSUER": "a/b", "TOKEN_AUDIENCE": "a/b", "TOKEN_KEY": "k" * 40, "STORE": store}
    command = [package.interpreter(python) or "", "-I", "-S", "-c", CALL, str(folder), json.dumps(settings), json.dumps(events)]
    done = subprocess.run(command, env={}, capture_output=True, text=True, timeout=60, check=True)
    statuses, modules = json.loads(done.stdout.splitlines()[-1])
    return statuses, set(modules)


def lines(packed: bytes) -> Iterator[zipfile.ZipInfo]:
    """Yield a zip's entries."""
    with zipfile.ZipFile(io.BytesIO(packed)) as file:
        yield from file.infolist()


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("name", "cloud"), BUILT)
def test_every_module_can_be_imported(tmp_path: Path, name: str, cloud: Cloud, python: str) -> None:
    """With nothing on the path but the zip; index.py comes as far as its settings, which on Huawei are asked for later."""
    modules = extracted(build(FUNCTIONS[name], Target(cloud, python, "arm64")), tmp_path)
    said = [line.split()[:2] for line in imported(tmp_path, modules, python).splitlines()]

    assert ([["index", "SettingsError"]] if cloud == "aws" else []) == said


@pytest.mark.parametrize("python", PYTHONS)
def test_the_owners_zip_makes_the_table_and_uses_it(tmp_path: Path, python: str) -> None:
    """In a real database, whose server proves who it is."""
    alice = {"command": "users.add", "arguments": {"username": "alice", "password": "nine lanterns drift at dusk"}}
    statuses, _ = called("admin", tmp_path, python, [{"command": "records.prepare"}, alice, {"command": "users.list"}])

    assert [200, 200, 200] == statuses


@pytest.mark.parametrize("python", PYTHONS)
def test_a_cold_start_with_a_database_loads_little(tmp_path: Path, recorded: Callable[[str], object], python: str) -> None:
    """What is heavy in the driver, and not needed, stays out. `inspect` is there already: on 3.10 PyJWT brings it."""
    statuses, modules = called("login", tmp_path, python, [recorded("huawei/unknown_path")])

    assert [404] == statuses
    assert LOADED >= len(modules)
    assert set() == modules & {"importlib.metadata", "dateutil.tz", "pg8000.dbapi", "asyncio", "dataclasses", "unittest"}


@pytest.mark.parametrize("python", PYTHONS)
def test_a_zip_reads_a_pdf_by_itself(tmp_path: Path, recorded: Callable[[str], Any], python: str) -> None:
    """What reads it is loaded by name when one comes, so that importing every module would not tell; and it needs nothing that is not there."""
    token = tokens.issue(tokens.Issuer("a/b", "a/b", tokens.keys("k" * 40, "")), subject="ann", session="1", now=int(time.time()))
    document = {"name": "a", "type": "application/pdf", "data": b64encode(pdf("The moon is far away.")).decode()}
    body = json.dumps({"question": "moon", "documents": [document]}).encode()
    event = {**recorded("huawei/me"), "httpMethod": "POST", "path": "/v1/passages", "body": b64encode(body).decode()}
    statuses, modules = called("qa", tmp_path, python, [{**event, "headers": {"authorization": f"Bearer {token}"}}])

    assert ([200], True) == (statuses, "pypdf" in modules)
    assert set() == modules & {"PIL", "cryptography", "Crypto", "urllib3"}


@pytest.mark.parametrize("python", PYTHONS)
def test_the_compiled_files_are_what_runs(tmp_path: Path, python: str) -> None:
    """They are not compared with their sources, which a platform unpacks with any date."""
    modules = extracted(build(FUNCTIONS["authorizer"], Target("huawei", python, "x86_64")), tmp_path)
    for path in tmp_path.rglob("*.py"):
        path.write_text("raise RuntimeError")

    assert "" == imported(tmp_path, modules, python)


def test_the_gatekeeper_holds_only_what_it_is_made_of() -> None:
    """Its own file, the one dialect, PyJWT without its other half, and no way out."""
    files = build(FUNCTIONS["authorizer"], Target("aws", "3.13", "x86_64")).files
    tops = {path.partition("/")[0] for path in files}

    assert {"authorizer", "functions", "index.py", "jwt"} == {top for top in tops if not top.endswith(".dist-info")}
    assert {"functions/shared/clouds/aws.py"} == {path for path in files if path.startswith("functions/shared/clouds/")} - {
        "functions/shared/clouds/__init__.py",
        "functions/shared/clouds/events.py",
    }
    assert not [path for path in files if any(word in path for word in ("stores", "providers", "outbound", "passwords", "login", "chat"))]


@pytest.mark.parametrize(
    ("name", "there", "elsewhere"),
    [
        ("chat", {"functions/shared/providers/openai.py"}, {"functions/shared/stores/dynamodb.py", "functions/login/handler.py"}),
        ("login", {"functions/shared/stores/dynamodb.py"}, {"functions/shared/stores/sqlite.py", "functions/shared/providers/__init__.py"}),
        ("qa", {"functions/qa/pdf.py", "pypdf/_reader.py"}, {"functions/shared/outbound.py", "functions/chat/handler.py", "urllib3/__init__.py"}),
        ("admin", {"functions/shared/clouds/direct.py", "zxcvbn/__init__.py"}, {"functions/shared/clouds/aws.py", "jwt/__init__.py"}),
    ],
)
def test_registries_bring_what_the_target_needs(name: str, there: set[str], elsewhere: set[str]) -> None:
    """The cloud's dialect and store, and every vendor; nothing of another function or another cloud."""
    files = set(build(FUNCTIONS[name], AWS).files)

    assert (there, set()) == (files & there, files & elsewhere)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_only_who_keeps_records_on_huawei_brings_a_driver(name: str) -> None:
    """DynamoDB is asked by HTTP, and neither chat nor the gatekeeper asks anything."""
    there, elsewhere = (set(build(FUNCTIONS[name], Target(cloud, "3.10", "x86_64")).files) for cloud in ("huawei", "aws"))

    assert (DRIVER if "STORE" in FUNCTIONS[name].needs else set(), set()) == (DRIVER & there, DRIVER & elsewhere)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_breakers_that_are_shared_bring_a_store_into_chat(name: str) -> None:
    """And into nothing else that had none."""
    target = Target("huawei", "3.10", "x86_64")
    alone, shared = (set(build(FUNCTIONS[name], target, breaker=breaker).files) for breaker in ("instance", "shared"))

    assert (DRIVER <= shared - alone) if name == "chat" else (alone == shared)


def test_a_store_that_is_on_one_cloud_is_in_its_zips_only() -> None:
    """Neither file nor wheel of another store."""
    files = build(FUNCTIONS["admin"], Target("huawei", "3.10", "x86_64")).files

    assert {"functions/shared/stores/__init__.py", "functions/shared/stores/postgres.py"} == {path for path in files if "/stores/" in path}
    assert not {"functions/shared/sigv4.py", "functions/shared/service.py"} & set(files)


def test_what_cannot_be_imported_is_left_out() -> None:
    """urllib3's sides for the browser, OpenSSL's wrapper, SOCKS and HTTP/2, each with its data."""
    files = build(FUNCTIONS["chat"], AWS).files

    assert {"urllib3/contrib/__init__.py"} == {path for path in files if path.startswith("urllib3/contrib/")}
    assert {"urllib3/http2/__init__.py", "urllib3/http2/probe.py"} == {path for path in files if path.startswith("urllib3/http2/")}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("functions/shared/providers/openai.py", {"chat"}),
        ("functions/shared/attempts.py", {"login", "admin"}),
        ("functions/shared/clouds/direct.py", {"admin"}),
        ("functions/shared/clouds/huawei.py", set()),
        ("functions/shared/stores/sqlite.py", set()),
        ("functions/shared/errors.py", set(FUNCTIONS)),
    ],
)
def test_a_change_is_new_code_only_where_it_is_used(tree: Path, path: str, expected: set[str]) -> None:
    """Whoever adds a vendor does not deploy the gatekeeper anew."""
    before = digests(tree)
    with (tree / path).open("a") as file:
        file.write("\n# Changed.\n")
    after = digests(tree)

    assert expected == {name for name in FUNCTIONS if before[name] != after[name]}


@pytest.mark.parametrize("python", PYTHONS)
def test_two_copies_make_the_same_bytes(tmp_path: Path, python: str) -> None:
    """In other folders, with other dates, and where new files are private."""
    one, two = copied(tmp_path / "one"), copied(tmp_path / "a longer name")
    target = AWS._replace(python=python)
    first = pack(build(FUNCTIONS["login"], target, root=one), RELEASE)
    for path in two.rglob("*"):
        os.utime(path, (0, 0))
    before = os.umask(0o077)
    try:
        second = pack(build(FUNCTIONS["login"], target, root=two), RELEASE)
    finally:
        os.umask(before)

    assert first == second


def test_a_zip_tells_nothing_of_this_machine() -> None:
    """Sorted names, one date, one permission, and no folder of ours in a compiled file."""
    packed = pack(build(FUNCTIONS["chat"], AWS), RELEASE)
    names = [one.filename for one in lines(packed)]
    with zipfile.ZipFile(io.BytesIO(packed)) as file:
        bodies = b"".join(map(file.read, names))

    assert sorted(names) == names
    assert {((1980, 1, 1, 0, 0, 0), stat.S_IFREG | 0o644, zipfile.ZIP_DEFLATED, 3)} == {
        (one.date_time, one.external_attr >> 16, one.compress_type, one.create_system) for one in lines(packed)
    }
    assert [] == [here for here in (b"twocan-pyc", b"twocan-wheels", os.fsencode(package.ROOT)) if here in bodies]


def test_an_interpreter_that_is_not_here_compiles_nothing() -> None:
    """The identity is the same with and without .pyc files: it is made before them."""
    code = build(FUNCTIONS["authorizer"], Target("aws", "3.99", "x86_64"))

    assert [] == [one.filename for one in lines(pack(code, RELEASE)) if one.filename.endswith(".pyc")]


def test_an_interpreter_is_what_it_is_called() -> None:
    """This one is itself; a version that nobody has is none."""
    assert (sys.executable, None) == (package.interpreter(RUNNING), package.interpreter("3.99"))


def test_the_zip_says_which_release_it_is() -> None:
    """By the first 16 digits of its identity; index.py reads them."""
    code = build(FUNCTIONS["authorizer"], AWS)
    with zipfile.ZipFile(io.BytesIO(pack(code, RELEASE))) as file:
        facts = json.loads(file.read("release.json"))

    assert {"version": "1.2.3", "fingerprint": "f" * 32, "release": identity(code, RELEASE)[:16]} == facts


def test_a_release_is_code_version_and_fingerprint() -> None:
    """Each of them makes another; so does the target, for its Python is part of what runs."""
    code = build(FUNCTIONS["authorizer"], AWS)
    other = build(FUNCTIONS["authorizer"], AWS._replace(processor="arm64"))
    names = [identity(code, RELEASE), identity(other, RELEASE), identity(code, Release("1.2.4", "f" * 32)), identity(code, Release("1.2.3", "e"))]

    assert 4 == len(set(names))
    assert identity(code, RELEASE) == identity(build(FUNCTIONS["authorizer"], AWS), RELEASE)
    assert {64} == {len(name) for name in names}


def test_code_is_immutable_and_sorted() -> None:
    """So that two of the same digest are the same."""
    code = build(FUNCTIONS["authorizer"], AWS)

    assert sorted(code.files) == list(code.files)
    with pytest.raises(TypeError):
        code.files["x"] = b""  # type: ignore[index]


def test_extra_files_come_as_they_are() -> None:
    """What is a script may be started; all of it is part of the digest."""
    code = build(FUNCTIONS["authorizer"], AWS, extra={"loop": b"#!/bin/sh\n", "loop.py": b"import unknown\n"})
    modes = {one.filename: one.external_attr >> 16 for one in lines(pack(code, RELEASE))}

    assert (stat.S_IFREG | 0o755, stat.S_IFREG | 0o644) == (modes["loop"], modes["loop.py"])
    assert build(FUNCTIONS["authorizer"], AWS).digest != code.digest


@pytest.mark.parametrize("path", ["index.py", "release.json", "jwt/__init__.py"])
def test_extra_files_replace_nothing(path: str) -> None:
    """What the packager writes, it writes."""
    with pytest.raises(PackageError, match=f"authorizer: {path} is the packager's own to write"):
        build(FUNCTIONS["authorizer"], AWS, extra={path: b""})


@pytest.mark.parametrize("function", bundle.FUNCTIONS, ids=lambda one: one.name)
def test_the_entry_is_the_clouds(function: bundle.Function) -> None:
    """As deploy/entry.py has it."""
    assert entry(function, "aws").encode() == build(function, AWS).files["index.py"]


def test_a_store_that_is_not_registered_is_named(tree: Path) -> None:
    """And where its line belongs."""
    changed(tree, "functions/shared/stores/__init__.py", '"dynamodb":', '"other":')

    with pytest.raises(
        PackageError, match=r"login: records on aws are kept in dynamodb, which is no line of STORES in functions\.shared\.stores yet"
    ):
        build(FUNCTIONS["login"], AWS, root=tree)


def test_a_requirement_that_is_forgotten_is_named(tree: Path) -> None:
    """With the file that imports it, before anything is deployed."""
    (tree / "authorizer" / "requirements.txt").write_text("")

    with pytest.raises(PackageError, match=r"authorizer: \S+\.py imports jwt\S*, which neither Python nor the function's requirements.txt brings"):
        build(FUNCTIONS["authorizer"], AWS, root=tree)


def test_a_driver_that_is_forgotten_is_named(tree: Path) -> None:
    """Its list stands beside the module that imports it."""
    (tree / "functions" / "shared" / "database.txt").unlink()

    with pytest.raises(PackageError, match=r"login: functions/shared/\S+\.py imports pg8000\S*, which neither Python nor"):
        build(FUNCTIONS["login"], AWS._replace(cloud="huawei"), root=tree)
    assert build(FUNCTIONS["login"], AWS).digest == build(FUNCTIONS["login"], AWS, root=tree).digest


def test_wheels_that_are_not_there_are_the_functions_trouble(tree: Path) -> None:
    """The message says which function it is about."""
    (tree / "functions" / "chat" / "requirements.txt").write_text("absent\n")

    with pytest.raises(PackageError, match=r"chat: absent is not in requirements\.txt"):
        build(FUNCTIONS["chat"], AWS, root=tree)


def test_what_the_targets_python_cannot_read_is_named(tree: Path) -> None:
    """Where that Python is here to say so."""
    changed(tree, "functions/shared/log.py", "def line(", "def = line(")

    with pytest.raises(PackageError, match=rf"authorizer: Python {RUNNING} says .*functions/shared/log\.py.*SyntaxError"):
        pack(build(FUNCTIONS["authorizer"], AWS, root=tree), RELEASE)


@pytest.mark.parametrize("processor", ["x86_64", "arm64"])
@pytest.mark.parametrize("name", BUDGETS)
def test_a_zip_is_small(name: str, processor: Literal["x86_64", "arm64"]) -> None:
    """Compiled files included, where Lambda's Python is found."""
    packed = pack(build(FUNCTIONS[name], Target("aws", "3.13", processor)), RELEASE)

    assert BUDGETS[name] >= len(packed)


@pytest.mark.parametrize("name", THERE)
def test_a_zip_is_small_on_huawei(name: str) -> None:
    """Compiled files included, where FunctionGraph's Python is found."""
    packed = pack(build(FUNCTIONS[name], Target("huawei", "3.10", "x86_64")), RELEASE)

    assert THERE[name] >= len(packed)
