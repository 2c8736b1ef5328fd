"""Huawei Cloud in the crash matrix: its emulator, the editions that are deployed to it, and which of its calls change something."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from deploy import owner
from deploy.clouds.huawei import account
from deploy.emulator.huawei.account import Keys
from deploy.emulator.huawei.apig_kept import INSTANCE
from tests.matrix.huawei.calls import read as read
from tests.matrix.stage import MODELS, ROLLOUT, Edition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.deployment import Deployment
    from deploy.gateway_responses import Cloud as Name

NAME: Name = "huawei"
DEAD_LOCK = "lock twocan-matrix-lock"
KEYS = Keys()
_SERVICES = ("FGS", "APIG", "IAM", "LTS", "CES", "OBS")
_HERE = owner.Place(region=KEYS.region, gateway=INSTANCE)
_PLAIN = owner.Owner(site=owner.Site(domain="chat.localhost"), deploy=_HERE, rollout=ROLLOUT, models=MODELS)
#: Its functions join a network, too.
_OTHER = _PLAIN._replace(
    site=owner.Site(name="Second", domain="chat.example.org"),
    deploy=_HERE._replace(log_days=7, rate=5, burst=9, api_domain="api.example.org", vpc="0" * 31 + "1", subnet="0" * 31 + "2"),
    models=(*MODELS, {**MODELS[0], "name": "n"}),
)
EDITIONS: Mapping[str, Edition] = {
    "first": Edition(_PLAIN),
    "second": Edition(_OTHER, code="2", page="2"),
    "third": Edition(_OTHER, code="3", page="3"),
}


def environment(url: str) -> dict[str, str]:
    """Return the variables that lead a deployer to an address."""
    where = {f"HUAWEICLOUD_ENDPOINT_{service}": url for service in _SERVICES}
    signs = {"HUAWEICLOUD_SDK_AK": KEYS.access, "HUAWEICLOUD_SDK_SK": KEYS.secret, "HUAWEICLOUD_SDK_PROJECT_ID": KEYS.project}
    # Nobody connects: no function runs.
    return {**where, **signs, "DATABASE_URL": "postgresql://u:p@127.0.0.1:9/none"}


def warm() -> None:
    """Import the SDK's clients, which takes seconds."""
    for module, file, *_ in account._CLIENTS.values():
        import_module(f"{module}.{file}")


def settle(deployment: Deployment) -> None:
    """Replace nothing: the proxy's port is in no thing."""
