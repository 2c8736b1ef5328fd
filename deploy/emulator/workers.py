"""What the worker processes of every emulated cloud have in common: code that is unpacked from a zip, and a process that inherits nothing of ours.

This file knows zips and processes; it must know no cloud's folders, variables or protocol: those are each cloud's runtime.py's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


#: Seconds between two looks at what a process takes. A limit of the system's would count addresses, and fail what the clouds run.
_LOOK = 0.05
#: The processes that took too much.
_OVER: WeakSet[subprocess.Popen[bytes]] = WeakSet()


def unpack(code: bytes, folder: Path) -> None:
    """Unpack a zip with its files' modes, by which scripts may be executed. Raises BadZipFile."""
    with zipfile.ZipFile(BytesIO(code)) as archive:
        for one in archive.infolist():
            path = Path(archive.extract(one, folder))
            if mode := (one.external_attr >> 16) & 0o777:
                path.chmod(mode | 0o600)


def launch(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], wires: Sequence[int] = (), memory: int | None = None
) -> subprocess.Popen[bytes]:
    """Start a process that has this environment and these open `wires` and no others; what it prints is one stream. Raises OSError.

    One that takes more than `memory` MB is killed, where /proc tells what it takes.
    """
    process = subprocess.Popen(
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
    if memory is not None:
        threading.Thread(target=_watch, args=(process, memory), name="memory", daemon=True).start()
    return process


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process at once, and all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def ended(process: subprocess.Popen[bytes]) -> str:
    """Wait for a process to have ended; say how."""
    code = process.wait()
    if process in _OVER:
        return "it took more memory than it may have"
    return f"exit status {code}" if code >= 0 else f"signal: {-code}"


def _watch(process: subprocess.Popen[bytes], memory: int) -> None:
    """Kill a process that takes more than so many MB; end with it."""
    page, resident = os.sysconf("SC_PAGE_SIZE"), Path(f"/proc/{process.pid}/statm")
    while process.returncode is None:
        try:
            taken = int(resident.read_text(encoding="ascii").split()[1]) * page
        except (OSError, LookupError):
            return
        if taken > memory * 1024 * 1024 and process.returncode is None:
            _OVER.add(process)
            kill(process)
            return
        time.sleep(_LOOK)
