"""One JSON line per request on standard output, which both clouds collect.

This file knows how a line is written. It must never be given a token, a password, a key or a message text: callers pass names, numbers and
codes. `fault` describes an unforeseen exception by its type and places, never by its message, because messages quote what they choked on.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def line(facts: Mapping[str, Any]) -> None:
    """Write one line; facts that are None are left out. The write is one call, so that concurrent lines never mix."""
    kept = {name: value for name, value in facts.items() if value is not None}
    sys.stdout.write(json.dumps(kept, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def fault(error: BaseException) -> dict[str, Any]:
    """Return the type and the places of an exception, innermost last, without its message."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return {"fault": type(error).__name__, "at": " > ".join(places[-6:])}
