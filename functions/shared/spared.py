"""Parts of libraries that every cold start would load and nothing here uses: call these before the libraries are imported.

Measured with Python 3.11 on the deployed zips: PyJWT's client for key sets brings urllib.request, http.client and ssl into the authorizer, a
quarter of its start, and a way to the network that it must not have; urllib3 asks importlib.metadata for the version of an HTTP/2 library, 13 ms
of chat's. A test fails once a library no longer loads what is spared here. To spare another part, prove that nothing reaches it, and write its
function.
"""

from __future__ import annotations

import sys
from types import ModuleType


def key_sets() -> None:
    """Let `jwt` find no client for key sets: tokens of ours are signed with a key that we have."""
    nothing = ModuleType("jwt.jwks_client")
    nothing.PyJWKClient = None  # type: ignore[attr-defined]
    sys.modules.setdefault(nothing.__name__, nothing)


def http2() -> None:
    """Let `urllib3` find its HTTP/2 package empty, but for the module that says that no server has it."""
    sys.modules.setdefault("urllib3.http2", _Http2("urllib3.http2"))


class _Http2(ModuleType):
    @property
    def __path__(self) -> list[str]:  # type: ignore[override]
        # Nobody sets it. Asked for while urllib3 is being imported, when its own place is known.
        return [f"{place}/http2" for place in sys.modules["urllib3"].__path__]
