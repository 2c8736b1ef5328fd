"""Stores that misbehave on purpose, around one that does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.shared.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from functions.shared.stores import Record, Records


class Overtaken:
    """Records in which somebody else acts once, just before the first write to `partition`."""

    def __init__(self, inner: Records, partition: str, act: Callable[[], object]) -> None:
        self._inner = inner
        self._partition = partition
        self._acts = [act]

    def get(self, partition: str, sort: str) -> Record | None:
        """Pass on."""
        return self._inner.get(partition, sort)

    def put(self, partition: str, sort: str, body: Mapping[str, Any], *, if_version: int, expires: int | None = None) -> int:
        """Let the other one act, then pass on."""
        if partition == self._partition and self._acts:
            self._acts.pop()()
        return self._inner.put(partition, sort, body, if_version=if_version, expires=expires)

    def delete(self, partition: str, sort: str, *, if_version: int) -> None:
        """Pass on."""
        self._inner.delete(partition, sort, if_version=if_version)

    def query(self, partition: str, *, after: str = "", limit: int = 100) -> list[Record]:
        """Pass on."""
        return self._inner.query(partition, after=after, limit=limit)


class Down:
    """Records that nobody can reach."""

    def get(self, partition: str, sort: str) -> Record | None:
        """Fail."""
        raise Unavailable

    def put(self, partition: str, sort: str, body: Mapping[str, Any], *, if_version: int, expires: int | None = None) -> int:
        """Fail."""
        raise Unavailable

    def delete(self, partition: str, sort: str, *, if_version: int) -> None:
        """Fail."""
        raise Unavailable

    def query(self, partition: str, *, after: str = "", limit: int = 100) -> list[Record]:
        """Fail."""
        raise Unavailable
