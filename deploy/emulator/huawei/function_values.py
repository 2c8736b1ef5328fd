"""What FunctionGraph keeps of a function: its code, its versions as they were frozen, its aliases. Values only.

This file knows the nouns of huawei.md, 3.1; it must know no rule. To keep something more of a function, add its member here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.emulator.huawei.function_urns import LATEST

if TYPE_CHECKING:
    from collections.abc import Mapping


class Code(NamedTuple):
    """A function's code: `uploaded` as it came, of which the digest and the size are, and `zipped` as it is run."""

    kind: str
    filename: str
    url: str
    uploaded: bytes
    zipped: bytes
    digest: str


class Snapshot(NamedTuple):
    """A version: `settings` are its fields as they were sent, checked. Only `latest` is ever replaced; all others are frozen."""

    version: str
    settings: Mapping[str, Any]
    code: Code
    depends: tuple[str, ...]
    modified: float
    description: str = ""

    def unpublished(self, *, settings: bool) -> tuple[Any, ...]:
        """Return what must differ from the last time before it can be published again."""
        return (self.code.digest, self.depends, dict(self.settings) if settings else None)


class Alias(NamedTuple):
    """A name for a version, and perhaps for one more, to which so many percent go."""

    name: str
    version: str
    description: str
    weights: Mapping[str, int]
    strategy: Mapping[str, Any]
    modified: float

    @property
    def additional(self) -> set[str]:
        """The version that it names besides its main one, if it does."""
        return {*self.weights, *self.strategy}


@dataclass
class Function:
    """A function. By a suffix of its URN ("", "v1", "!live") there may be settings for asynchronous invocations, and reserved instances."""

    id: str
    package: str
    name: str
    versions: dict[str, Snapshot]
    aliases: dict[str, Alias] = field(default_factory=dict)
    #: What was last published: None if nothing ever was.
    published: tuple[Any, ...] | None = None
    asynchronous: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    reserved: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def latest(self) -> Snapshot:
        """The version that can still be changed."""
        return self.versions[LATEST]
