"""What the worker processes of every emulated cloud have in common: code that is unpacked from a zip, and a process that inherits nothing of ours.

This file knows zips and processes; it must know no cloud's folders, variables or protocol: those are each cloud's runtime.py's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def unpack(code: bytes, folder: Path) -> None:
    """Unpack a zip with its files' modes, by which scripts may be executed. Raises BadZipFile."""
    with zipfile.ZipFile(BytesIO(code)) as archive:
        for one in archive.infolist():
            path = Path(archive.extract(one, folder))
            if mode := (one.external_attr >> 16) & 0o777:
                path.chmod(mode | 0o600)


def launch(command: Sequence[str], *, folder: Path, environment: Mapping[str, str], wires: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Start a process that has this environment and these open `wires` and no others; what it prints is one stream. Raises OSError."""
    return subprocess.Popen(
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=wires,
        # So that Ctrl-C in a terminal is ours alone; whoever launches it ends it, and what it has started itself.
        start_new_session=True,
    )


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process at once, and all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def ended(process: subprocess.Popen[bytes]) -> str:
    """Wait for a process to have ended; say how."""
    code = process.wait()
    return f"exit status {code}" if code >= 0 else f"signal: {-code}"
