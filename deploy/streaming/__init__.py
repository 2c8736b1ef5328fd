"""Streaming, where a cloud's own Python runtime cannot: on Lambda a loop in its place, on FunctionGraph a server behind an HTTP function.

All of it lies in this folder. On the day AWS ships streaming for Python, loop.py, start.sh and `ENVIRONMENT` go, and index.py's `streams` with them
(aws.md, 1.1); serving.py and bootstrap are for the two regions of Huawei Cloud that stream (huawei.md, 1.9). Nothing here is imported by a function;
the files travel in the zip of each function that streams. To add a cloud, add its files to `_FILES`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_HERE = Path(__file__).parent
#: Our files by cloud, by their names in the zip.
_FILES: Mapping[str, Mapping[str, str]] = {
    "aws": {"start.sh": "start.sh", "streaming_loop.py": "loop.py"},
    "huawei": {"bootstrap": "bootstrap", "serving.py": "serving.py"},
}
#: What makes Lambda start our loop in place of its own runtime; the path is where Lambda unpacks the zip.
ENVIRONMENT: Mapping[str, str] = {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/start.sh"}


def files(cloud: str) -> dict[str, bytes]:
    """Return a cloud's files by their names in the zip. Scripts are executable there, as every file that begins with `#!` is. Raises KeyError."""
    return {name: (_HERE / ours).read_bytes() for name, ours in _FILES[cloud].items()}
