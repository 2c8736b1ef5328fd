"""What was done to a stage from this machine, and when: one line of JSON each, for whoever asks later.

Nothing is ever decided by it: plans come from what is observed, and going back from what stands on the aliases. It holds names and numbers, no value
of any setting. It lies in the stage's own folder, for its owner's eyes only.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "history.jsonl"


def write(folder: Path, command: str, *, now: Callable[[], float] = time.time, **facts: Any) -> None:
    """Add a line: the moment, the command, and what came of it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now()))
    with (folder / _NAME).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"at": moment, "command": command, **facts}) + "\n")


def read(folder: Path, most: int) -> list[dict[str, Any]]:
    """Return the last lines, newest first; a line that cannot be read is left out."""
    path = folder / _NAME
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = (_line(line) for line in reversed(lines))
    return [line for line in found if line][:most]


def _line(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
