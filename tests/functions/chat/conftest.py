"""What the chat tests may ask for besides: a stand in front of a model's server."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Callable

import pytest

from tests.functions.chat.stand import PATIENCE, Stand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from functions.chat.exchange import Patience
    from tests.fakes.upstream import Upstream


@pytest.fixture(name="stand")
def _stand(recorded: Callable[[str], Any]) -> Iterator[Callable[..., Stand]]:
    """Return the maker of stands: stand(upstream). After the test no reader thread is left."""

    def make(upstream: Upstream, patience: Patience = PATIENCE, **tables: str) -> Stand:
        return Stand(upstream.url, recorded, patience, **tables)

    yield make
    readers = [one for one in threading.enumerate() if one.name == "outbound"]
    for one in readers:
        one.join(30)
    assert [one for one in readers if one.is_alive()] == []
