"""Streaming on Lambda: the loop that takes the stock Python runtime's place, because that one cannot stream (aws.md, 1.1).

All of it lies in this folder and can be deleted on the day AWS ships streaming for Python: then `files` and `ENVIRONMENT` go, and index.py's
`streams` with them. Nothing here is imported by a function; the two files travel in the zip of each function that streams.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_HERE = Path(__file__).parent
#: What makes Lambda start our loop in place of its own runtime; the path is where Lambda unpacks the zip.
ENVIRONMENT: Mapping[str, str] = {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/start.sh"}


def files() -> dict[str, bytes]:
    """Return the files by their names in the zip. The script is executable there, as every file that begins with `#!` is."""
    return {"start.sh": (_HERE / "start.sh").read_bytes(), "streaming_loop.py": (_HERE / "loop.py").read_bytes()}
