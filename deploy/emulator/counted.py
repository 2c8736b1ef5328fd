"""What every emulated gateway needs of a function: a streamed body whose end is counted, and a stand-in for what is deployed and not understood.

This file knows the ports of deploy/local/backend.py; it must know no cloud.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from deploy.local.dialect import Kind, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.local.backend import Answer, Chunks, Event


class Counted:
    """A streamed body, and the end of its call: when it is read, when it breaks off, or when nobody reads on. `tell` hears whether it failed."""

    def __init__(self, body: Chunks, tell: Callable[[bool], None]) -> None:
        self._body = body
        # Whoever pops it counts the call: the body may be closed while it is read.
        self._open = [tell]

    def __iter__(self) -> Counted:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._body)
        except StopIteration:
            self._ended(failed=False)
            raise
        except Exception:
            self._ended(failed=True)
            raise

    def close(self) -> None:
        """End the body, and count the call."""
        self._ended(failed=False)
        self._body.close()

    def _ended(self, *, failed: bool) -> None:
        with suppress(IndexError):
            self._open.pop()(failed)


class Misconfigured:
    """What is deployed and not understood here. It fits a backend and an authorizer, and is never open."""

    def answer(self, event: Event, seconds: float) -> Any:  # noqa: ARG002 - whatever it is
        """Refuse."""
        raise Refusal(Kind.MISCONFIGURED)

    def stream(self, event: Event, seconds: float) -> Answer:  # noqa: ARG002 - as above
        """Refuse."""
        raise Refusal(Kind.MISCONFIGURED)

    def decide(self, event: Event, seconds: float) -> Any:  # noqa: ARG002 - as above
        """Refuse."""
        raise Refusal(Kind.AUTHORIZER_MALFORMED)
