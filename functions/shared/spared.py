"""Parts of libraries that every cold start would load and nothing here uses: call these before the libraries are imported.

Measured with Python 3.11 on the deployed zips: PyJWT's client for key sets brings urllib.request, http.client and ssl into the authorizer, a
quarter of its start, and a way to the network that it must not have; urllib3 asks importlib.metadata for the version of an HTTP/2 library, 13 ms
of chat's; pg8000 asks it for its own version, and brings a parser for dates and two more ways of calling it. A test fails once a library no longer
loads what is spared here. To spare another part, prove that nothing reaches it, and write its function.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def key_sets() -> None:
    """Let `jwt` find no client for key sets: tokens of ours are signed with a key that we have."""
    nothing = ModuleType("jwt.jwks_client")
    nothing.PyJWKClient = None  # type: ignore[attr-defined]
    sys.modules.setdefault(nothing.__name__, nothing)


def http2() -> None:
    """Let `urllib3` find its HTTP/2 package empty, but for the module that says that no server has it."""
    sys.modules.setdefault("urllib3.http2", _Http2("urllib3.http2"))


@contextmanager
def postgres() -> Iterator[None]:
    """Let `pg8000` be imported, within, by its parts: without its two other ways of calling it, and without what asks for its version.

    Nor does it find a parser for dates, of which records have none. Afterwards everybody else finds the real ones again.
    """
    found = find_spec("pg8000")
    whole = ModuleType("pg8000")
    whole.__path__ = list(found.submodule_search_locations or ()) if found else []
    versions, dates = ModuleType("importlib.metadata"), ModuleType("dateutil.parser")
    versions.version = lambda _: ""  # type: ignore[attr-defined]
    dates.parse, dates.ParserError = None, ValueError  # type: ignore[attr-defined]
    ours = {one.__name__: one for one in (whole, versions, dates) if one.__name__ not in sys.modules}
    sys.modules.update(ours)
    try:
        yield
    finally:
        for name in ours:
            del sys.modules[name]


class _Http2(ModuleType):
    @property
    def __path__(self) -> list[str]:  # type: ignore[override]
        # Nobody sets it. Asked for while urllib3 is being imported, when its own place is known.
        return [f"{place}/http2" for place in sys.modules["urllib3"].__path__]
