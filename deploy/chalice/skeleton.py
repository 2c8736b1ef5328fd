"""What `chalice package` makes of the bundle: run as its owner would run it, in a folder that holds nothing but this app.

This file knows chalice's command and its project's files; it must not know what becomes of the template, which is taken apart by `take` and
`swap`: they refuse what chalice 1.34 does not say, and guess at nothing. Its zip is left behind: it is one for all functions (aws.md, 3.1). To
have chalice say something else, change the configuration here or the app in host.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy import bundle
from deploy.clouds import DeployError
from deploy.clouds.aws.gateway import STAGE
from deploy.local.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

_APP = "from deploy.chalice import host\n\napp = host.outline({name!r})\n"
# It has no `python -m chalice`.
_RUN = "import sys; from chalice.cli import main; sys.exit(main())"
#: The one function that chalice makes of all addresses, by its name in chalice's configuration.
_ALL = "api_handler"


class Project(NamedTuple):
    """What chalice is told: the app's name, the region whose names it uses, the functions' processor, their logs' days and their policies."""

    name: str
    region: str
    processor: str
    log_days: int
    policies: Mapping[str, Mapping[str, Any]]


def packaged(project: Project) -> dict[str, Any]:
    """Return the template that `chalice package` writes. Raises DeployError."""
    with TemporaryDirectory(prefix="twocan-chalice-") as folder:
        _write(Path(folder), project)
        command = [sys.executable, "-c", _RUN, "--project-dir", folder, "package", "--stage", project.name, f"{folder}/out"]
        # Nothing of the owner's environment: it holds secrets, and chalice needs none to draw an outline.
        environment = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(ROOT), "HOME": folder, "AWS_DEFAULT_REGION": project.region}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        written = Path(folder, "out", "sam.json")
        if done.returncode or not written.exists():
            said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
            raise DeployError(f"`chalice package` failed. It says: {said}")
        template: dict[str, Any] = json.loads(written.read_text(encoding="utf-8"))
        return template


def take(there: dict[str, Any], name: str, kind: str) -> dict[str, Any]:
    """Take one of the template's resources out and return it. Raises DeployError."""
    found: dict[str, Any] = there.pop(name, {})
    if found.get("Type") != kind:
        raise changed(f"has no {kind} named {name}")
    return found


def swap(text: str, old: str, new: str) -> str:
    """Return a text of the template with a part replaced that must be in it. Raises DeployError."""
    if old not in text:
        raise changed(f"says {text} where {old} was")
    return text.replace(old, new)


def changed(how: str) -> DeployError:
    """Return the error that says how the template is not what it was."""
    return DeployError(f"chalice's template {how}, as it is not with chalice 1.34. Install that version, or mend deploy/chalice.")


def _write(folder: Path, project: Project) -> None:
    (folder / ".chalice").mkdir()
    (folder / "app.py").write_text(_APP.format(name=project.name), encoding="utf-8")
    # Empty, since wheels are our packager's affair: chalice finds some of them only under the target's own Python (aws.md, 3.1).
    (folder / "requirements.txt").touch()
    nothing = {"Version": "2012-10-17", "Statement": []}
    for name, policy in {**project.policies, _ALL: nothing}.items():
        (folder / ".chalice" / f"{name}.json").write_text(json.dumps(policy), encoding="utf-8")
    (folder / ".chalice" / "config.json").write_text(json.dumps(_configuration(project)), encoding="utf-8")


def _configuration(project: Project) -> dict[str, Any]:
    functions: dict[str, dict[str, Any]] = {_ALL: {"iam_policy_file": f"{_ALL}.json"}}
    for one in bundle.FUNCTIONS:
        functions[one.name] = {"lambda_timeout": one.seconds, "lambda_memory_size": one.memory, "iam_policy_file": f"{one.name}.json"}
    return {
        "version": "2.0",
        "app_name": project.name,
        "api_gateway_stage": STAGE,
        # Its own default is EDGE, where a stream ends after 30 s of silence (aws.md, 1.2).
        "api_gateway_endpoint_type": "REGIONAL",
        "lambda_architecture": project.processor,
        "log_retention_in_days": project.log_days,
        # Guessed from calls of boto3, of which we make none.
        "autogen_policy": False,
        "stages": {project.name: {"lambda_functions": functions}},
    }
