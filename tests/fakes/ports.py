"""Ports for servers that tests start in processes of their own."""

from __future__ import annotations

import random
import socket

#: Below where systems take the ports of outgoing connections from: there a port that is free now may be taken by anybody a moment later.
_RANGE = range(20_000, 32_000, 2)


def free_pair() -> int:
    """Return a port that is free together with the next one."""
    while True:
        # Not seeded with the tests' order: two runs side by side must not look in the same places.
        port = random.SystemRandom().choice(_RANGE)
        if _free(port) and _free(port + 1):
            return port


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
