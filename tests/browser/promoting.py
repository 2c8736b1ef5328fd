"""A deployer that applies and promotes one changed version: `python -m tests.browser.promoting FOLDER KIND`. It prints what it was told.

The change is made in the zip alone, as if somebody had edited that one function's source.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from deploy import operate, owner, promote
from deploy.deployment import Deployment, Folders
from deploy.package import Code
from tests.browser.deployed import STAGE, wish

if TYPE_CHECKING:
    from deploy.steps import Seen

TAKEN_BACK = 4


class Change(NamedTuple):
    """One edit of one function's source: what stands there, and what then does."""

    function: str
    path: str
    old: str
    new: str


CHANGES = {
    "good": Change("chat", "functions/chat/handler.py", "    return route_for(", "    # Nothing else than before.\n    return route_for("),
    "500s": Change("chat", "functions/chat/handler.py", "    return route_for(", "    raise RuntimeError\n    return route_for("),
    "slow first token": Change(
        "chat", "functions/chat/handler.py", "    document, size = asked.read(", "    time.sleep(2)\n    document, size = asked.read("
    ),
    "refuses tokens": Change("authorizer", "authorizer/handler.py", "    return Allow(", "    return Unauthenticated() if claims else Allow("),
}

#: How many times slower a version may be: only where that is what is tried, a busy machine's moments are not to be taken for it.
SLOWDOWN = {"slow first token": 3}
#: The real one, except that a round of questions follows soon after the last.
WORLD = promote.World(sleep=lambda seconds: time.sleep(seconds / 20))


class Changed(Deployment):
    """A deployment of which one function was edited."""

    change = CHANGES["good"]

    def prepare(self, seen: Seen, *, complete: bool = True) -> None:
        """Build the zips, and edit one."""
        super().prepare(seen, complete=complete)
        code, change = self._codes[self.change.function], self.change
        source = code.files[change.path].decode()
        assert source.count(change.old) == 1
        files = {**code.files, change.path: source.replace(change.old, change.new).encode()}
        digest = f"{list(CHANGES.values()).index(change):02x}{code.digest[2:]}"
        self._codes = {**self._codes, change.function: Code(code.function, code.target, files, digest)}


def _main(folder: Path, kind: str) -> int:
    Changed.change = CHANGES[kind]
    cloud, choices = wish(folder, owner.Rollout(steps=(25, 100), hold_seconds=60, probes=8, slowdown=SLOWDOWN.get(kind, 10)))
    deployment = Changed(STAGE, cloud, choices, dict(os.environ), Folders(stages=folder))
    operate.apply(deployment, lambda _: None)
    try:
        promote.promote(deployment, click.echo, WORLD)
    except promote.TakenBack as error:
        click.echo(error)
        return TAKEN_BACK
    return 0


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), sys.argv[2]))
