"""The port "a cloud to deploy to". A target observes what is there and does one step at a time; it decides nothing.

To add a cloud, write its folder beside `aws` with a `connect`, and add its line to `TARGETS`.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Callable, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deploy import bundle
    from deploy.lock import Held
    from deploy.owner import Owner
    from deploy.package import Target as Packaging
    from deploy.rollout import Pointer, Reading
    from deploy.steps import Function, Seen, Step
    from deploy.wanted import Parts

TARGETS = {"aws": "deploy.clouds.aws", "huawei": "deploy.clouds.huawei"}

#: What is said of a stage that is not there.
NOTHING = "Nothing of this stage is live yet: `apply` makes it, or goes on where one ended. Is it the stage that you mean?"
NO_MODEL = "There is no model yet, so nobody can chat: write one into twocan.toml, then `apply` and `promote`."


class DeployError(Exception):
    """It could not be done; the message is one line that says what to do."""


class Parcels(NamedTuple):
    """What steps name by digest only: a function's zip and the release in it, and a file of the page; and the values behind the marks.

    `secret` returns None for a value that is not known on this machine: what is there then stays.
    """

    zip: Callable[[Function], bytes]
    release: Callable[[Function], str]
    file: Callable[[str], bytes]
    secret: Callable[[str], str | None]


class Stage(NamedTuple):
    """Which deployment: its name, the owner's choices and environment, and the mark of a secret's value, the same one wherever it is made."""

    name: str
    choices: Owner
    environment: Mapping[str, str]
    mark: Callable[[str], str]


class Use(NamedTuple):
    """How much a stage is used in a month: `seconds` that an answer takes, and `kilobytes` that it has."""

    people: int
    messages: int
    seconds: float = 8.0
    kilobytes: float = 6.0


class Cost(NamedTuple):
    """What one service costs a month, in US dollars, and what for."""

    service: str
    dollars: float
    what: str


class Finding(NamedTuple):
    """Something that `doctor` found, and whether it is as it should be; the text says what to do if not."""

    good: bool
    text: str


def answers(service: str, ask: Callable[[], object]) -> Finding:
    """Return whether a service answers a harmless question, and if not, why."""
    try:
        ask()
    except DeployError as error:
        return Finding(good=False, text=str(error))
    return Finding(good=True, text=f"{service} answers")


class Logged(NamedTuple):
    """One line of a log: when, in seconds since 1970, of which function, and an id by which no line is told twice."""

    moment: float
    function: str
    text: str
    identity: str


#: The alias, which leads to whatever version is live.
LIVE = "live"


def emulated(environment: Mapping[str, str], what: str) -> str:
    """Return where an emulator serves the API or the PAGE, "" where the cloud does. Raises DeployError: passwords go to no other machine."""
    name = f"TWOCAN_{what}_ENDPOINT"
    given = environment.get(name, "")
    if given and not re.fullmatch(r"http://(127\.0\.0\.1|localhost):[0-9]{1,5}", given):
        raise DeployError(f"{name} is where an emulator on this machine serves, as http://127.0.0.1:PORT: correct or unset it.")
    return given


class Request(NamedTuple):
    """What somebody would send to the API."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


class Called(NamedTuple):
    """What one version answered to one call, and after how many ms; `error` is what it raised, and then there is no answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    took: float
    error: str = ""


class Target(Protocol):
    """One cloud account, as one stage of ours sees it. Every method raises DeployError. It has a place for the lock, too (deploy/lock.py)."""

    def read_lock(self) -> Held | None:
        """Return the lock, or None."""

    def write_lock(self, body: bytes, mark: str) -> str | None:
        """Write the lock if it is as marked, "" for absent, and return its new mark; None if it is not so any more."""

    def drop_lock(self, mark: str) -> None:
        """Remove the lock, if it is as marked."""

    def store(self) -> str | None:
        """Return the functions' STORE; None if only its owner knows it and has not told."""

    def observe(self) -> Seen:
        """Return what is there of this stage, with every secret blanked to its mark."""

    def do(self, step: Step) -> Mapping[str, str]:
        """Do one step, in one to three calls, and return the thing's outputs. Doing it twice is doing it once."""

    def pointer(self, function: str) -> Pointer | None:
        """Return a function's alias, or None."""

    def point(self, function: str, to: Pointer) -> None:
        """Move a function's alias, in one call."""

    def publish(self, function: str) -> str:
        """Publish the function as it is and return the version; what has not changed has the version that it had."""

    def published(self, function: str) -> Mapping[str, str]:
        """Return the published versions, each with its release."""

    def unpublish(self, function: str, version: str) -> None:
        """Delete a version."""

    def call(self, function: str, version: str, request: Request | str | Mapping[str, object]) -> Called:
        """Call one version as the gateway would: with a request, an authorizer with a token, a function without a route with its own event."""

    def reading(self, function: str, version: str, release: str, since: float) -> Reading:
        """Return what the cloud saw of one version's calls since a moment, in seconds since 1970."""

    def show_page(self, release: str) -> None:
        """Let the page's pointer lead to a release whose files are there."""

    def logs(self, since: float) -> Iterator[Logged]:
        """Yield what functions wrote since a moment, in seconds since 1970, in order of time."""

    def findings(self) -> Iterator[Finding]:
        """Yield what stands in the way of a deployment, and what does not."""


class Cloud(Protocol):
    """A cloud's module: what zips must be for it, what it costs by the prices of when, and the way in."""

    PRICES_OF: str

    def check(self, choices: Owner) -> None:
        """Raise DeployError for what the owner chose and this cloud cannot serve."""

    def notes(self, choices: Owner) -> Iterator[str]:
        """Yield what an owner should hear of a stage that is as he chose, and what to do about it."""

    def packaging(self, choices: Owner) -> Packaging:
        """Return what zips are for."""

    def parts(self, choices: Owner) -> Parts:
        """Return what a stage consists of."""

    def beside(self, function: bundle.Function, choices: Owner) -> Mapping[str, bytes]:
        """Return what a function's zip holds on this cloud beside the function."""

    def estimate(self, use: Use, choices: Owner) -> Iterator[Cost]:
        """Yield what a month costs at this use."""

    def connect(self, stage: Stage, parcels: Parcels) -> Target:
        """Return the target, ready to be asked. Raises DeployError."""


def load(cloud: str) -> Cloud:
    """Return a cloud's module. Raises DeployError for one that is not known."""
    if cloud not in TARGETS:
        raise DeployError(f"Choose a cloud with --cloud, or under [deploy] in twocan.toml: {', '.join(TARGETS)}.")
    return cast("Cloud", import_module(TARGETS[cloud]))
