"""spared.py: what a cold start is spared, and that the libraries would still load it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SPARED = {
    "tokens": ("jwt", "urllib.request"),
    "outbound": ("urllib3", "importlib.metadata"),
    "database": ("pg8000.native", "importlib.metadata"),
    "stores.postgres": ("pg8000.native", "dateutil.tz"),
}


def loaded(code: str) -> list[str]:
    """Return the modules that a fresh process has after this code."""
    # As in a zip: the tests' own packages bring cryptography, which PyJWT would load.
    whole = f"import sys\nsys.modules['cryptography'] = None\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", whole], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("module", SPARED)
def test_what_is_spared_is_not_loaded(module: str) -> None:
    """By whichever of our modules the library is imported."""
    assert SPARED[module][1] not in loaded(f"import functions.shared.{module}")


@pytest.mark.parametrize("module", SPARED)
def test_the_library_alone_would_load_it(module: str) -> None:
    """Once it does not any more, the sparing can go."""
    assert SPARED[module][1] in loaded(f"import {SPARED[module][0]}")


@pytest.mark.parametrize("library", ["pg8000", "dateutil.parser", "importlib.metadata"])
def test_what_was_spared_is_there_for_others(library: str) -> None:
    """A deployer in the same process reads dates and versions; whoever loaded them first keeps them."""
    code = f"import functions.shared.database, {library}; assert sys.modules[{library!r}].__file__"
    first = f"import {library}; before = sys.modules[{library!r}]; import functions.shared.database; assert before is sys.modules[{library!r}]"

    assert library in loaded(code)
    assert library in loaded(first)


def test_a_gatekeeper_has_no_way_out_to_the_network() -> None:
    """Not even a library's: PyJWT's client for key sets once brought one."""
    assert not {"socket", "ssl", "http.client", "urllib.request", "urllib3"} & set(loaded("import authorizer.handler"))


def test_an_answer_over_tls_finds_what_http2_left() -> None:
    """urllib3 asks its probe at each such connection; the one it finds is its own."""
    code = "import functions.shared.outbound\nfrom urllib3.connection import http2_probe\nassert http2_probe.acquire_and_get('h', 1) is None\n"

    assert "urllib3.http2.probe" in loaded(code)
