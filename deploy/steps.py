"""The nouns that a deployment is made of, and the steps that change them: frozen, comparable, printable values.

A thing says what should be or what is, in no cloud's words; a target makes it so in one to three calls of its cloud. This file knows names and
their order; it must do nothing. To add a noun, write its class, add it to `Thing` and give it its place in `_ORDER`: every target then fails to
type-check until it knows the noun.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Literal, Union

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Ref:
    """A value that is known only once another thing exists: `field` of the thing with this key."""

    of: str
    field: str

    def __str__(self) -> str:
        return "(known after apply)"


Text = Union[str, Ref]
Pairs = tuple[tuple[str, Text], ...]


@dataclass(frozen=True)
class Bucket:
    """Where the page's files lie, and the deployer's lock. `public`: served by itself, not through the CDN; None: somebody changed it."""

    public: bool | None


@dataclass(frozen=True)
class Records:
    """The table of everything that is kept: accounts and sessions. Outlives `destroy` unless its owner says otherwise.

    `whole`: with all that belongs to it, such as its expiry and its backups. After the functions, since one of them may be what makes it.
    """

    whole: bool = True


@dataclass(frozen=True)
class Log:
    """A function's log, or the gateway's, kept for so many days."""

    of: str
    days: int


@dataclass(frozen=True)
class Role:
    """What a function may do: write its own log and, with `records`, read and write the table; None: somebody changed it.

    `models` are those that the cloud serves and that the function asks as itself, such as "endpoint llama", each with its region.
    """

    of: str
    records: bool | None
    models: Pairs = ()


@dataclass(frozen=True)
class Api:
    """The gateway's API, still without an address in it. Outputs: `origin`, where it is called. `domain`: the owner's own name for it, if any."""

    domain: str = ""


@dataclass(frozen=True)
class Cdn:
    """What serves the page over HTTPS. Outputs: `origin`. `domain` "" means the cloud's own name; else `certificate` is for it."""

    domain: str
    certificate: str
    headers: Pairs


@dataclass(frozen=True)
class Domain:
    """The owner's host name, bound to a bucket that serves the page by itself."""

    name: str


@dataclass(frozen=True)
class Readers:
    """Who may read the page's files from the bucket: the CDN with this id, or everybody where there is none."""

    cdn: Text


@dataclass(frozen=True)
class Function:
    """A function's unpublished code and configuration. Outputs: `release`, what its answers say they come from.

    `platform` is its Python and processor, `code` its digest; `secrets` pair a name with a mark of its value, never the value. `network` is the
    owner's own that it joins, "" for none.
    """

    name: str
    platform: str
    code: str
    version: str
    settings: Pairs
    secrets: tuple[tuple[str, str], ...]
    seconds: int
    memory: int
    streams: bool
    network: str = ""


@dataclass(frozen=True)
class Live:
    """A function's alias, which callers call: there from the first apply on, moved by a promotion only. `release` is what it leads to."""

    function: str
    release: Text


@dataclass(frozen=True)
class Grant:
    """The gateway may call this function's alias, and nothing else of it."""

    function: str


@dataclass(frozen=True)
class Authorizer:
    """The gateway asks this function's alias, and remembers an answer for so many seconds."""

    function: str
    seconds: int


@dataclass(frozen=True)
class Route:
    """One address of the API."""

    method: str
    path: str
    function: str
    guarded: bool
    streams: bool


@dataclass(frozen=True)
class Preflight:
    """What a browser is told before it calls an address from the page; nobody is asked for a token."""

    path: str
    headers: Pairs


@dataclass(frozen=True)
class Answer:
    """What the gateway says by itself for one of its types of error; `status` None keeps the type's own."""

    type: str
    status: int | None
    headers: Pairs
    body: str


@dataclass(frozen=True)
class Release:
    """The API as it was published; `digest` is over all its parts. "" says that they are being edited."""

    digest: Text
    rate: int
    burst: int


@dataclass(frozen=True)
class SiteFile:
    """One file of the page, under releases/ and never changed there."""

    path: str
    md5: Text
    type: str
    cache: str


@dataclass(frozen=True)
class Index:
    """The page's pointer, index.html, to one release of its files: there from the first apply on, moved by a promotion only."""

    md5: Text
    release: Text


Thing = Union[
    Bucket, Log, Role, Api, Cdn, Domain, Readers, Function, Records, Live, Grant, Authorizer, Route, Preflight, Answer, Release, SiteFile, Index
]

# Each row needs only what rows above it made; within a row nothing waits for anything.
_ORDER: tuple[tuple[type, ...], ...] = (
    (Bucket, Log, Role, Api),
    (Cdn, Domain),
    (Readers, Function),
    (Records,),
    (Live,),
    (Grant, Authorizer),
    (Route, Preflight, Answer),
    (Release,),
    (SiteFile,),
    (Index,),
)
_ROWS = {kind: row for row, kinds in enumerate(_ORDER) for kind in kinds}
_NAMES: Mapping[type, tuple[str, ...]] = {
    Log: ("of",),
    Role: ("of",),
    Function: ("name",),
    Live: ("function",),
    Grant: ("function",),
    Route: ("method", "path"),
    Preflight: ("path",),
    Answer: ("type",),
    SiteFile: ("path",),
}

#: What callers reach at once when it moves: only a promotion moves them.
POINTERS = (Live, Index)
#: What is invisible until the API is published anew.
API_PARTS = (Authorizer, Route, Preflight, Answer)


def key(thing: Thing) -> str:
    """Return the name under which a deployment has a thing once, such as `function chat`."""
    parts = (str(getattr(thing, name)) for name in _NAMES.get(type(thing), ()))
    return " ".join((type(thing).__name__.lower(), *parts))


def row(thing: Thing) -> int:
    """Return the thing's place in the order of making; unmaking goes the other way."""
    return _ROWS[type(thing)]


def refs(thing: object) -> Iterator[Ref]:
    """Yield what is not known yet in a thing."""
    if isinstance(thing, Ref):
        yield thing
    elif isinstance(thing, tuple):
        for one in thing:
            yield from refs(one)
    elif is_dataclass(thing) and not isinstance(thing, type):
        for field in fields(thing):
            yield from refs(getattr(thing, field.name))


@dataclass(frozen=True)
class Put:
    """Make the thing so; `was` is what is there now, None if nothing is."""

    thing: Thing
    was: Thing | None


@dataclass(frozen=True)
class Delete:
    """Remove the thing."""

    thing: Thing


Step = Union[Put, Delete]
Verb = Literal["create", "change", "delete"]


def verb(step: Step) -> Verb:
    """Return what a step does, in one word."""
    if isinstance(step, Delete):
        return "delete"
    return "create" if step.was is None else "change"


@dataclass(frozen=True)
class Seen:
    """What a target observed: things by key, and outputs by (key, field)."""

    things: Mapping[str, Thing]
    outputs: Mapping[tuple[str, str], str]

    def output(self, of: str, field: str) -> Text:
        """Return a thing's output, or the reference to it while it is not known."""
        return self.outputs.get((of, field)) or Ref(of, field)
