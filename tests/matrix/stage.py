"""The stage that is deployed in these tests: its secrets, its pages and its code in a folder, in several editions.

This file knows what every cloud's editions share; it does nothing to a cloud by itself. To add an edition, add its line to the cloud's `EDITIONS`.
"""

from __future__ import annotations

import json
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy import clouds, owner
from deploy.deployment import Deployment, Folders
from deploy.local import stage as local
from deploy.package import Code
from tests.fakes.wishes import built

if TYPE_CHECKING:
    from pathlib import Path

    from deploy.steps import Seen
    from tests.matrix.cloud import Cloud

#: What must never be seen anywhere but in a function's environment.
TOKEN_KEY, MODEL_KEY = "kkkk-token-key-of-the-tests-" * 2, "vvvv-model-key-of-the-tests"
MODELS = ({"name": "m", "vendor": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m", "key": "MODEL_KEY"},)
#: A canary of one step: what more of them would do is the same again; and no time counts, for here it is the machine's load.
ROLLOUT = owner.Rollout(steps=(25, 100), probes=2, hold_seconds=1, slowdown=100)

_EDITION = "edition.txt"


class Edition(NamedTuple):
    """What the owner chose, which code and page there are, and the stage's name."""

    choices: owner.Owner
    code: str = "1"
    page: str = "1"
    name: str = "matrix"


def folder(path: Path, cloud: Cloud) -> Path:
    """Write what every run finds: the secrets that were generated once, and the pages."""
    for name in {one.name for one in cloud.EDITIONS.values()}:
        local.Stage(path / f"{cloud.NAME}-{name}").keep({"token_key": TOKEN_KEY, "mark_key": "m" * 48})
    for page in {one.page for one in cloud.EDITIONS.values()}:
        built(path / page, app=page)
    return path


def deployment(cloud: Cloud, here: Path, name: str) -> Deployment:
    """Return the stage as it is to be in an edition. The environment says where the cloud is."""
    edition = cloud.EDITIONS[name]
    environment = {**os.environ, "MODEL_KEY": MODEL_KEY}
    made = _Thin(edition.name, cloud.NAME, edition.choices, environment, Folders(here / edition.page, here))
    made._module = _edited(cloud, edition.code)
    cloud.settle(made)
    return made


class _Thin(Deployment):
    """A deployment whose zips hold next to nothing, under their real digests: nobody runs them here, and packing takes longer than deploying."""

    def prepare(self, seen: Seen, *, complete: bool = True) -> None:
        """Build the zips, and leave of each what was edited."""
        super().prepare(seen, complete=complete)
        self._codes = {name: Code(name, one.target, {_EDITION: one.files[_EDITION]}, one.digest) for name, one in self._codes.items()}


def _edited(cloud: Cloud, code: str) -> Any:
    """Return the cloud's module, with code that differs between editions."""
    module = clouds.load(cloud.NAME)
    about = {name: getattr(module, name) for name in ("check", "packaging", "parts", "connect")}
    return SimpleNamespace(**about, beside=lambda function, choices: {**module.beside(function, choices), _EDITION: json.dumps(code).encode()})
