"""What a server of one machine makes sure of before it starts: that its ports are free, and that it is alone in its folder.

This file knows sockets and locks; it must not know what is served.
"""

from __future__ import annotations

import fcntl
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class NotAlone(Exception):
    """Somebody else is there; the message tells what to do."""


def check_free(ports: Iterable[int], advice: str) -> None:
    """Raise NotAlone, with the advice, for the first port that is taken."""
    for port in ports:
        with socket.socket() as probe:
            # As the server itself will: a port that only lingers after one that has just ended is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise NotAlone(f"Port {port} is taken or not allowed: {advice}") from error


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def alone(lock: Path, refusal: str) -> Iterator[None]:
    """Hold a file, whose folder must be there, within the block. Raises NotAlone with the refusal.

    The system lets go of it with the process, however that ends.
    """
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise NotAlone(refusal) from error
        yield
