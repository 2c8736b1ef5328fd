"""The README says what is so, in both languages: its tables are the code's, its commands work, its example runs."""

from __future__ import annotations

import io
import json
import re
import shlex
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner
from rich.console import Console

from deploy import bundle, owner
from deploy.__main__ import _welcome, main
from deploy.gateway_responses import gateway_responses
from deploy.local import models, stage
from functions.shared import errors, settings
from tests.browser.product import Product
from tests.docs.pages import CHINESE, ENGLISH, blocks, levels, spans, table, tables, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOTH = pytest.mark.parametrize("path", [ENGLISH, CHINESE], ids=["en", "zh"])


def test_both_languages_have_the_same_headings() -> None:
    """As many, in the same order of levels."""
    assert levels(ENGLISH) == levels(CHINESE)


def test_both_languages_show_the_same_code() -> None:
    """Commands and examples, letter by letter."""
    assert blocks(ENGLISH) == blocks(CHINESE)


def test_both_languages_have_the_same_tables() -> None:
    """Row by row, with the same number of cells and the same code in them."""
    assert [[len(row) for row in one] for one in tables(ENGLISH)] == [[len(row) for row in one] for one in tables(CHINESE)]
    assert [[row[0] for row in one if row[0].startswith("`")] for one in tables(ENGLISH)] == [
        [row[0] for row in one if row[0].startswith("`")] for one in tables(CHINESE)
    ]


def test_both_languages_name_the_same_things() -> None:
    """Files, commands, codes and names that stand in code, as often; links and pictures, too."""
    links = r"\]\(([^)]+)\)"
    other = {"README.md", "README.zh-CN.md"}

    assert Counter(spans(text(ENGLISH))) == Counter(spans(text(CHINESE)))
    assert [one for one in re.findall(links, text(ENGLISH)) if one not in other] == [
        one for one in re.findall(links, text(CHINESE)) if one not in other
    ]


def test_each_language_leads_to_the_other() -> None:
    """At the top, in the other's own words."""
    assert "[简体中文](README.zh-CN.md)" == ENGLISH.read_text(encoding="utf-8").splitlines()[2]
    assert "[English](README.md)" == CHINESE.read_text(encoding="utf-8").splitlines()[2]


@BOTH
def test_the_limits_are_the_settings(path: Path) -> None:
    """Every limit with its default."""
    defaults = {row.name: row.default for row in settings.TABLE}

    assert {name: defaults[setting] for name, setting in owner.LIMITS.items()} == {row[0].strip("`"): row[1] for row in table(path, "max_body_bytes")}


def every_error() -> Iterator[tuple[str, int]]:
    """Yield code and status of all that the functions and the gateways say."""
    left: list[type[errors.TwocanError]] = [errors.TwocanError]
    while left:
        one = left.pop()
        yield one.code, one.status
        left.extend(child for child in one.__subclasses__() if child.__module__ == errors.__name__)
    for cloud in ("aws", "huawei"):
        for response in gateway_responses("aws" if cloud == "aws" else "huawei", "https://chat.example.com"):
            code = json.loads(response.body)["error"]["code"]
            if response.status is not None and not code.startswith("$"):
                yield code, response.status


@BOTH
def test_the_errors_are_the_codes(path: Path) -> None:
    """Every code with its status, each once, ordered by status."""
    rows = [(row[0].strip("`"), int(row[1])) for row in table(path, "invalid_request")]

    assert set(every_error()) == set(rows)
    assert len(set(rows)) == len(rows)
    assert sorted(status for _, status in rows) == [status for _, status in rows]


@BOTH
def test_the_addresses_are_the_routes(path: Path) -> None:
    """In the bundle's order, with whether they want a token."""
    wants = {"yes": True, "no": False, "是": True, "否": False}

    assert [(f"`{one.method} {one.path}`", one.guarded) for one in bundle.ROUTES] == [
        (row[0], wants[row[1]]) for row in table(path, "POST /auth/login")
    ]


@BOTH
def test_the_variables_are_those_that_are_read(path: Path) -> None:
    """What the environment may say of models."""
    assert ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODELS"] == [row[0].strip("`") for row in table(path, "OPENAI_API_KEY")]
    assert [] == [row[0] for row in table(path, "OPENAI_API_KEY") if row[0].strip("`") not in (models.__doc__ or "")]


def whole(where: str) -> str:
    """Return the text of a file, or of all files in a folder; the owner's own file stands for its example."""
    place = stage.ROOT / ("deploy/twocan.example.toml" if where == "twocan.toml" else where)
    files = [place] if place.is_file() else [one for one in place.rglob("*") if one.is_file() and one.suffix in {".py", ".js"}]
    return "\n".join(one.read_text(encoding="utf-8") for one in files)


@pytest.mark.parametrize("row", next(one for one in tables(ENGLISH) if one[0][0].startswith("a model")), ids=lambda row: row[0])
def test_where_to_change_something_is_where_it_is(row: list[str]) -> None:
    """The names that the table tells to look for stand in the files that it names."""
    places = [one for one in spans(" ".join(row[1:])) if "/" in one or "." in one[1:]]
    names = [one for one in spans(row[2]) if re.fullmatch(r"[A-Z_]{4,}|\[.*\]", one)]

    assert [] == [name for name in names if not any(name in whole(place) for place in places)]


def test_the_make_targets_exist() -> None:
    """Every `make …` that the README speaks of."""
    makefile = (stage.ROOT / "Makefile").read_text()
    said = re.findall(r"\bmake ([a-z]+)", "\n".join([*spans(text(ENGLISH)), *blocks(ENGLISH, "sh")]))

    assert {"run", "test", "check", "fmt", "bench", "lock", "frontend"} == set(said)
    assert [] == [one for one in said if not re.search(rf"^{one}:", makefile, re.MULTILINE)]


def test_make_passes_a_password_on_as_it_was_typed() -> None:
    """A dollar sign in it is no variable of make's: the owner's password was once another one than the one typed."""
    typed = "cost $5 and $(HOME) words"
    command = ["make", "--no-print-directory", "--eval", "said:;@printenv PASSWORD", "said", f"PASSWORD={typed}"]
    said = subprocess.run(command, cwd=stage.ROOT, capture_output=True, text=True, check=True).stdout

    assert f"{typed}\n" == said


def test_the_users_commands_exist() -> None:
    """Each line of the example is understood."""
    lines = next(block for block in blocks(ENGLISH, "sh") if "users add" in block).splitlines()

    assert {"add", "list", "passwd", "disable", "grant", "revoke"} == {shlex.split(line)[4] for line in lines}
    assert [0] * 6 == [CliRunner().invoke(main, [*shlex.split(line)[3:5], "--help"]).exit_code for line in lines]


def test_what_a_run_prints_is_what_it_prints() -> None:
    """Line by line; only the password stands for itself."""
    said = io.StringIO()
    password = "(generated once, the same at every start)"
    ready = {"page": "http://127.0.0.1:8700/", "api": "http://127.0.0.1:8701", "username": stage.USERNAME, "password": password, "cloud": "aws"}
    Console(file=said, width=120).print(_welcome({**ready, "models": ["smollm2-135m"]}, stage.Stage().folder))

    assert [line.split() for line in blocks(ENGLISH, "text")[0].splitlines()] == [line.split() for line in said.getvalue().splitlines()]


@pytest.fixture(name="product", scope="module")
def _product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with Product(tmp_path_factory.mktemp("docs"), "aws") as product:
        yield product


def at(product: Product, example: str) -> str:
    """Return an example with the addresses and the password of this run in place of those of `make run`."""
    replaced = example.replace("http://127.0.0.1:8701", product.ready["api"])
    return replaced.replace("the one that make run shows", product.ready["password"])


def test_the_sign_in_example_answers_what_is_said(product: Product) -> None:
    """The request that the line of curl makes, and the four members that the text names."""
    line = next(block for block in blocks(ENGLISH, "sh") if block.startswith("curl")).replace("\\\n", " ")
    words = shlex.split(at(product, line))
    given = dict(zip(words[3::2], words[4::2], strict=True))
    name, _, value = given["-H"].partition(": ")
    with urlopen(Request(words[2], given["-d"].encode(), {name: value}), timeout=30) as answer:
        said: dict[str, Any] = json.load(answer)

    assert ["curl", "-s", "-H", "-d"] == [*words[:2], *given]
    assert (900, "owner") == (said["expires_in"], said["username"])
    assert {"access_token", "expires_in", "refresh_token", "username"} <= set(said)


# The embedded model now and then does not stop by itself before it has made 8,192 tokens, which takes minutes on a busy machine.
@pytest.mark.timeout(400)
def test_the_python_example_runs(product: Product, tmp_path: Path) -> None:
    """Letter by letter, with the official client: the model says something, and the tokens are renewed."""
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "ready.json").write_text(json.dumps(product.ready))
    example = blocks(ENGLISH, "python")[0] + '\nprint("\\n" + client.models.list().data[0].id)\n'
    done = subprocess.run([sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)

    assert (0, "") == (done.returncode, done.stderr)
    assert "smollm2-135m" == done.stdout.splitlines()[-1]
    assert done.stdout.partition("\n")[0].strip()
