"""The export: a SAM template and the packager's zips, in a folder of the owner's choice, without an account and without a secret.

This file knows where each part comes from; what the template says is template.py's. The page is not in it: it needs the API's address, which
only a deployment knows.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from deploy import bundle, clouds, deployment, package
from deploy.chalice import skeleton, template

if TYPE_CHECKING:
    from pathlib import Path

    from deploy.owner import Owner

#: chalice asks for a region although its template works in every one; this is where nothing was chosen.
_REGION = "us-east-1"
TEMPLATE = "template.json"


def export(stage: str, choices: Owner, folder: Path) -> list[str]:
    """Write the template and the zips, and return their names. Raises DeployError and PackageError; then nothing was written."""
    files = {TEMPLATE: _template(stage, choices), **_zips(stage, choices)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)
    return list(files)


def _template(stage: str, choices: Owner) -> bytes:
    order = template.Order(stage, choices, deployment.plain(stage, choices))
    policies = {one.name: template.policy(one, order) for one in bundle.FUNCTIONS}
    place = choices.deploy
    made = skeleton.packaged(skeleton.Project(order.names.all, place.region or _REGION, place.processor, place.log_days, policies))
    return (json.dumps(template.finished(made, order), indent=2, sort_keys=True) + "\n").encode()


def _zips(stage: str, choices: Owner) -> dict[str, bytes]:
    """Return every function's zip. The release that its answers name is of its code and of those settings that are known here."""
    cloud, plain = clouds.load("aws"), deployment.plain(stage, choices)
    zips = {}
    for one in bundle.FUNCTIONS:
        code = package.build(one, cloud.packaging(choices), extra=cloud.beside(one, choices), breaker=choices.deploy.breaker)
        seen = json.dumps([(name, plain[name]) for name in one.needs if name in plain])
        zips[f"{one.name}.zip"] = package.pack(code, package.Release(deployment.version(), hashlib.sha256(seen.encode()).hexdigest()[:32]))
    return zips
