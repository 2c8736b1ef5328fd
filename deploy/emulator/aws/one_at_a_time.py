"""DynamoDB's requests, one at a time: its conditional writes are atomic, and moto's are not.

Moto looks, and then writes, without a lock: two of many threads have made the same item. Nothing else of moto is held up, since a function that
is invoked asks DynamoDB while its invocation waits.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from moto.dynamodb.responses import DynamoHandler

from deploy.emulator.aws.moto_gaps import Gap

if TYPE_CHECKING:
    from deploy.emulator.aws.moto_gaps import Close

_LOCK = threading.Lock()


def _alone(proceed: Close, *_: Any) -> Any:
    with _LOCK:
        return proceed()


_GAP = Gap("atomic", "moto looks and then writes, without a lock; DynamoDB's conditional writes are atomic.", DynamoHandler, "call_action", _alone)


def install() -> None:
    """Let no two of DynamoDB's requests run at once in this process; again is nothing."""
    _GAP.install()
