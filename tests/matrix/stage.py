"""The stage that is deployed in these tests: its secrets, its pages and its code in a folder, in several editions.

This file knows what differs between the editions; it does nothing to a cloud by itself. To add an edition, add its line to `EDITIONS`.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy import owner
from deploy.clouds import aws
from deploy.deployment import Deployment, Folders
from deploy.local import stage as local
from tests.fakes.wishes import built
from tests.matrix.account import REGION

if TYPE_CHECKING:
    from pathlib import Path

#: What must never be seen anywhere but in a function's environment.
TOKEN_KEY, MODEL_KEY = "kkkk-token-key-of-the-tests-" * 2, "vvvv-model-key-of-the-tests"
_CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/9f7c1e3a-2222-4444-8888-000000000000"
_MODELS = ({"name": "m", "vendor": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m", "key": "MODEL_KEY"},)
#: A canary of one step: what more of them would do is the same again; and no time counts, for here it is the machine's load.
_PLAIN = owner.Owner(
    deploy=owner.Place(region=REGION), rollout=owner.Rollout(steps=(25, 100), probes=2, hold_seconds=1, slowdown=100), models=_MODELS
)
_OTHER = _PLAIN._replace(
    site=owner.Site(name="Second", domain="chat.example.org", certificate=_CERTIFICATE),
    deploy=owner.Place(region=REGION, log_days=7, rate=5, burst=9, processor="x86_64"),
)


class Edition(NamedTuple):
    """What the owner chose, which code and page there are, and the stage's name."""

    choices: owner.Owner
    code: str = "1"
    page: str = "1"
    name: str = "matrix"


EDITIONS = {
    "first": Edition(_PLAIN),
    "second": Edition(_OTHER, code="2", page="2"),
    "third": Edition(_OTHER, code="3", page="3"),
    "other code": Edition(_PLAIN, code="2"),
    "other page": Edition(_PLAIN, page="2"),
    "other days": Edition(_PLAIN._replace(deploy=owner.Place(region=REGION, log_days=7))),
    "website": Edition(_PLAIN._replace(site=owner.Site(hosting="website"))),
    "beside": Edition(_PLAIN, name="other"),
}


def folder(path: Path) -> Path:
    """Write what every run finds: the secrets that were generated once, and the pages."""
    for name in {one.name for one in EDITIONS.values()}:
        local.Stage(path / f"aws-{name}").keep({"token_key": TOKEN_KEY, "mark_key": "m" * 48})
    for page in {one.page for one in EDITIONS.values()}:
        built(path / page, app=page)
    return path


def deployment(here: Path, name: str) -> Deployment:
    """Return the stage as it is to be in an edition. The environment says where AWS is."""
    edition = EDITIONS[name]
    made = Deployment(edition.name, "aws", edition.choices, {"MODEL_KEY": MODEL_KEY}, Folders(here / edition.page, here))
    made._module = _edited(edition.code)
    # Its own address is the proxy's port, which no two runs share; it would be a secret of its own in each of them.
    vars(made.target)["store"] = lambda: f"dynamodb://twocan-{edition.name}?region={REGION}"
    return made


def _edited(code: str) -> Any:
    """Return the cloud's module, with code that differs between editions."""
    about = {name: getattr(aws, name) for name in ("check", "packaging", "platform", "connect")}
    return SimpleNamespace(**about, beside=lambda function: {**aws.beside(function), "edition.txt": json.dumps(code).encode()})
