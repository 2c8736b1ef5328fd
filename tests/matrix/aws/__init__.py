"""AWS in the crash matrix: strict moto, the editions that are deployed to it, and which of its calls change something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy import owner
from tests.matrix.aws.calls import read as read
from tests.matrix.stage import MODELS, ROLLOUT, Edition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.deployment import Deployment
    from deploy.gateway_responses import Cloud as Name

NAME: Name = "aws"
DEAD_LOCK = "object deploying.json"
REGION = "eu-central-1"
_CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/9f7c1e3a-2222-4444-8888-000000000000"
#: Models that AWS serves, which the chat function asks as itself.
_OWN = (
    {"name": "llama", "vendor": "sagemaker", "base_url": f"https://runtime.sagemaker.{REGION}.amazonaws.com", "model": "Llama"},
    {"name": "nova", "vendor": "bedrock", "base_url": "https://bedrock-runtime.us-east-1.amazonaws.com", "model": "us.amazon.nova-pro-v1:0"},
)
_PLAIN = owner.Owner(deploy=owner.Place(region=REGION), rollout=ROLLOUT, models=MODELS)
_OTHER = _PLAIN._replace(
    site=owner.Site(name="Second", domain="chat.example.org", certificate=_CERTIFICATE),
    deploy=owner.Place(region=REGION, log_days=7, rate=5, burst=9, processor="x86_64"),
)
EDITIONS: Mapping[str, Edition] = {
    "first": Edition(_PLAIN),
    "second": Edition(_OTHER, code="2", page="2"),
    "third": Edition(_OTHER, code="3", page="3"),
    "other code": Edition(_PLAIN, code="2"),
    "other page": Edition(_PLAIN, page="2"),
    "other days": Edition(_PLAIN._replace(deploy=owner.Place(region=REGION, log_days=7))),
    "website": Edition(_PLAIN._replace(site=owner.Site(hosting="website"))),
    "own models": Edition(_PLAIN._replace(models=(*MODELS, *_OWN))),
    "beside": Edition(_PLAIN, name="other"),
}


def environment(url: str) -> dict[str, str]:
    """Return the variables that lead a deployer to an address."""
    return {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}


def warm() -> None:
    """Import nothing more: the deployer's own module has it all."""


def settle(deployment: Deployment) -> None:
    """Give the store a name without an address, which is the proxy's port; it would be a secret of its own in each run."""
    vars(deployment.target)["store"] = lambda: f"dynamodb://twocan-{deployment.name}?region={REGION}"
