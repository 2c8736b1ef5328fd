"""Which modules are reached by import, and which no import can load: on trees of a few lines."""

from __future__ import annotations

import pytest

from deploy import reach


def tree(**sources: str) -> dict[str, bytes]:
    """Return files by path: `a__b` stands for a/b.py, and each folder has its __init__.py."""
    files = {f"{name.replace('__', '/')}.py": text.encode() for name, text in sources.items()}
    folders = {path.rpartition("/")[0] for path in files} - {""}
    return {**{f"{folder}/__init__.py": b"" for folder in folders}, **files}


def reached(start: str, files: dict[str, bytes], **named: list[str]) -> set[str]:
    """Return what is reached, but for the folders' own files, without its suffix."""
    found = reach.reached(start, files, lambda module: named.get(module.replace(".", "__"), []))
    return {path.removesuffix(".py") for path in found if not path.endswith("__init__.py")}


@pytest.mark.parametrize(
    "statement",
    [
        "import p.b",
        "import os, p.b as other",
        "from p import b",
        "from p import (os, b)",
        "from p.b import anything",
        "from . import b",
        "from .b import anything",
        "def later():\n    import p.b",
        "class Later:\n    def later(self):\n        with open('x'):\n            from . import b",
        "try:\n    import os\nexcept ImportError:\n    import p.b",
        "if x:\n    pass\nelif y:\n    from . import b",
        "if TYPE_CHECKING:\n    import os\nelse:\n    import p.b",
        "async def later():\n    for one in []:\n        from p import b",
        "match x:\n    case 1:\n        import p.b",
    ],
)
def test_every_import_counts_wherever_it_stands(statement: str) -> None:
    """In functions, in branches and in handlers; by its whole name or from its package."""
    assert {"p/a", "p/b"} == reached("p.a", tree(p__a=statement, p__b="", p__c=""))


@pytest.mark.parametrize(
    "statement",
    ["if TYPE_CHECKING:\n    import p.b", "if typing.TYPE_CHECKING:\n    from . import b", "'import p.b'", "# import p.b", "b = 'p.b'"],
)
def test_what_only_a_checker_reads_does_not_count(statement: str) -> None:
    """Neither do texts and comments."""
    assert {"p/a"} == reached("p.a", tree(p__a=statement, p__b=""))


def test_imports_lead_on() -> None:
    """From module to module, in a circle if need be, and up with two dots."""
    files = tree(p__a="import p.q.b", p__q__b="from .. import c", p__c="import p.a, elsewhere", p__d="")

    assert {"p/a", "p/q/b", "p/c"} == reached("p.a", files)


def test_parents_come_along_with_what_they_import() -> None:
    """Importing p.q.a runs p and p.q first."""
    files = {"p/__init__.py": b"from . import early", "p/q/__init__.py": b"", "p/q/a.py": b"", "p/early.py": b"", "p/late.py": b""}

    assert set(files) - {"p/late.py"} == reach.reached("p.q.a", files, lambda _: [])


def test_a_registry_names_what_it_may_load() -> None:
    """Only if it is reached itself."""
    files = tree(p__a="import p.registry", p__registry="", p__b="import p.c", p__c="", p__d="")

    assert {"p/a", "p/registry", "p/b", "p/c"} == reached("p.a", files, p__registry=["p.b"])
    assert {"p/d"} == reached("p.d", files, p__registry=["p.b"])


def test_a_start_that_is_not_there_reaches_nothing() -> None:
    """The caller sees an empty set."""
    assert set() == reached("p.x", tree(p__a=""))


@pytest.mark.parametrize(
    "statement",
    [
        "import js",
        "import js.deep",
        "from js import x",
        "with spared():\n    import js",
        "try:\n    import js\nexcept ImportError:\n    warn()\n    raise",
        "import p.lost",
    ],
)
def test_a_module_is_lost_with_what_it_wants_first_thing(statement: str) -> None:
    """Directly, or through a module that is lost; an attempt whose every failure raises is none."""
    lost = reach.unloadable(tree(p__a=statement, p__lost="import js", p__b="import json"))

    assert {"p/a.py", "p/lost.py"} == set(lost)
    assert {"js"} == {name.partition(".")[0] for name in lost.values()}


@pytest.mark.parametrize(
    "statement",
    [
        "import json, p.b",
        "from . import attribute",
        "try:\n    import js\nexcept ImportError:\n    js = None",
        "with contextlib.suppress(ImportError):\n    import js",
        "try:\n    import js\nexcept OSError:\n    raise\nexcept ImportError:\n    pass",
        "if sys.platform == 'emscripten':\n    import js",
        "def later():\n    import js",
        "if TYPE_CHECKING:\n    import js",
        "def this is not read by every interpreter",
        "import compiled",
    ],
)
def test_what_may_go_well_is_not_lost(statement: str) -> None:
    """Only what fails whatever happens is left out."""
    assert {} == reach.unloadable({**tree(p__a=statement, p__b=""), "compiled.cpython-313-x86_64-linux-gnu.so": b"\x7fELF"})


def test_a_lost_package_takes_its_modules_with_it() -> None:
    """Importing a module runs its package first."""
    files = {
        "p/__init__.py": b"",
        "p/q/__init__.py": b"from .a import x",
        "p/q/a.py": b"import js",
        "p/q/b.py": b"",
        "p/c.py": b"def f(): import p.q",
    }

    assert {"p/q/__init__.py": "js", "p/q/a.py": "js", "p/q/b.py": "js"} == reach.unloadable(files)
