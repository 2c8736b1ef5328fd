"""What a role must be allowed so that a function may ask models that AWS serves, and nothing more. Pure.

SageMaker: exactly these endpoints. Bedrock: exactly these models, and through an inference profile the model that it stands for, wherever it leads
(https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html). To add a service, add its case to `statements`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from deploy.clouds.aws.account import Names
    from deploy.steps import Pairs

    Statement = Mapping[str, Any]

_ENDPOINT = ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointWithResponseStream"]
_MODEL = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
#: A profile of Bedrock's own: where it leads to, then the model's id. Models' vendors are called otherwise.
_PROFILE = re.compile(r"(apac|au|ca|eu|global|in|jp|me|sa|uk|us|us-gov)\.(.+)")


def statements(models: Pairs, names: Names, written: Callable[[str], Any] = str) -> list[Statement]:
    """Return what the models of a role take; `written` makes of an ARN what stands for it there."""
    found: list[Statement] = []
    for what, region in models:
        kind, _, name = what.partition(" ")
        local = names._replace(region=str(region) or names.region)
        found += _endpoint(name, local, written) if kind == "endpoint" else _model(name, local, written)
    return found


def resources(found: list[Any]) -> Iterator[str]:
    """Yield the ARNs that a role's statements name, whoever wrote them."""
    for one in found:
        named = one.get("Resource", "?") if isinstance(one, dict) else "?"
        yield from map(str, named if isinstance(named, list) else [named])


def _endpoint(name: str, names: Names, written: Callable[[str], Any]) -> Iterator[Statement]:
    # No two endpoints differ by case alone, and in their ARNs SageMaker wrote their names in small letters.
    spellings = dict.fromkeys((name, name.lower()))
    yield {"Effect": "Allow", "Action": _ENDPOINT, "Resource": [written(names.arn("sagemaker", f"endpoint/{one}")) for one in spellings]}


def _model(name: str, names: Names, written: Callable[[str], Any]) -> Iterator[Statement]:
    resource = name.split(":", 5)[5] if name.startswith("arn:") else ""
    profile = _PROFILE.fullmatch(resource.partition("/")[2] or name)
    if "inference-profile/" not in resource and (resource or profile is None):
        arn = name if resource else f"arn:{names.partition}:bedrock:{names.region}::foundation-model/{name}"
        yield {"Effect": "Allow", "Action": _MODEL, "Resource": [written(arn)]}
        return
    through = name if resource else names.arn("bedrock", f"inference-profile/{name}")
    # A profile of the owner's own does not say in its name which model it stands for.
    behind = f"arn:{names.partition}:bedrock:*::foundation-model/{profile[2] if profile else '*'}"
    yield {"Effect": "Allow", "Action": _MODEL, "Resource": [written(through)]}
    only = {"ArnEquals": {"bedrock:InferenceProfileArn": written(through)}}
    yield {"Effect": "Allow", "Action": _MODEL, "Resource": [written(behind)], "Condition": only}
