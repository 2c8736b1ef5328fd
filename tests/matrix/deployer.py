"""A deployer that has everything imported and packed and forks itself for each order: a child that can be killed, for the price of a fork.

`python -m tests.matrix.deployer CLOUD FOLDER` reads orders from standard input, a JSON document a line, and answers each with two lines: the child's
process as soon as there is one, and how it ended. No client of the cloud is made before the fork. To add an order, add its line to `_ORDERS`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy import bundle, clouds, operate, package, promote
from deploy.clouds import DeployError
from deploy.rollout import Reading
from deploy.steps import Put, Route
from tests.matrix import cloud
from tests.matrix.stage import deployment

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.deployment import Deployment
    from tests.matrix.cloud import Cloud

#: An address of an earlier release, which a promotion removes.
_OLD = Route("GET", "/v1/old", "chat", guarded=True, streams=False)


def _promote(stage: Deployment, now: float) -> None:
    promote.promote(stage, lambda _: None, promote.World(lambda: now, lambda _: None, lambda _: ("", Reading(1, (), 0, (1.0,)))))


def _old(stage: Deployment, _: float) -> None:
    seen = stage.target.observe()
    release: Any = seen.things["release"]
    stage.target.do(Put(_OLD, None))
    stage.target.do(Put(release, release))


def _destroy(stage: Deployment, _: float) -> None:
    left = operate.destroy(stage, lambda _: None, delete_data=True)
    if left:
        raise DeployError(f"left: {left}")


_ORDERS: dict[str, Callable[[Deployment, float], object]] = {
    "apply": lambda stage, _: operate.apply(stage, lambda _: None),
    "promote": _promote,
    "rollback": lambda stage, _: promote.rollback(stage, lambda _: None),
    "destroy": _destroy,
    "old": _old,
}


def _obey(order: dict[str, Any], there: Cloud, folder: Path, tell: int) -> int:
    os.environ |= there.environment(order["url"])
    try:
        stage = deployment(there, folder, order["edition"])
        _ORDERS[order["order"]](stage, order["now"])
        said = _state(stage)
    except Exception as error:  # noqa: BLE001 - whatever it is, the grid tells it
        said = {"error": f"{type(error).__name__}: {error}"}
    with os.fdopen(tell, "w") as told:
        json.dump(said, told)
    return int("error" in said)


def _state(stage: Deployment) -> dict[str, Any]:
    """Return what is there and what is left to do."""
    found = operate.outlook(stage)
    left = [*map(str, found.steps), *map(str, found.leftovers)]
    return {
        "things": {name: str(thing) for name, thing in found.seen.things.items()},
        "outputs": sorted(map(str, found.seen.outputs.items())),
        "left": left,
    }


def _fork(order: dict[str, Any], there: Cloud, folder: Path) -> None:
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        os._exit(_obey(order, there, folder, writing))
    os.close(writing)
    print(process, flush=True)  # noqa: T201 - this is how it answers
    with os.fdopen(reading) as told:
        said = told.read()
    _, status = os.waitpid(process, 0)
    print(json.dumps({"status": os.waitstatus_to_exitcode(status), **json.loads(said or "{}")}), flush=True)  # noqa: T201


if __name__ == "__main__":
    chosen, home = cloud.load(sys.argv[1]), sys.argv[2]
    for target in {clouds.load(chosen.NAME).packaging(edition.choices) for edition in chosen.EDITIONS.values()}:
        for function in bundle.FUNCTIONS:
            package.build(function, target)
    chosen.warm()
    # From here on no other Python is found: compiling takes longer than all the rest, and is no part of a zip's identity.
    os.environ |= {"HOME": home, "PATH": home}
    for line in sys.stdin:
        _fork(json.loads(line), chosen, Path(home))
