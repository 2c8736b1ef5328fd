"""What moto keeps of functions and APIs, as the emulated data plane reads it: versions, aliases, who may call, what a stage serves.

It is read anew at each question, so that there is no copy that could grow old; and nothing of our own deployer's tables is asked, so that its
mistakes show. What is kept of the page is read by pages.py. To let the data plane see something more, add its reading here.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from moto.apigateway.models import apigateway_backends
from moto.awslambda.models import lambda_backends
from moto.core.exceptions import JsonRESTError

from deploy.emulator.aws import moto_gaps_gateway
from deploy.emulator.aws.policies import Asked, allows
from deploy.emulator.aws.runtime import Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deploy.emulator.aws.moto_gaps_gateway import Deployed

_FUNCTION = re.compile(r"arn:[^:]+:lambda:([^:]+):\d+:function:([^:/]+)(?::([^:/]+))?")
_LATEST = "$LATEST"
#: Every credential leads to the same account.
ACCOUNT = "123456789012"


class Absent(Exception):
    """There is no such thing in the account."""


class Callee(NamedTuple):
    """A function as it is called: by an alias, by a version's number, or by neither."""

    region: str
    name: str
    qualifier: str

    @classmethod
    def of(cls, arn: str) -> Callee:
        """Return what an ARN names. Raises Absent for one that names no function."""
        found = _FUNCTION.fullmatch(arn)
        if found is None:
            raise Absent(arn)
        return cls(found[1], found[2], found[3] or _LATEST)

    @property
    def arn(self) -> str:
        """The ARN, with its qualifier unless it has none."""
        behind = "" if self.qualifier == _LATEST else f":{self.qualifier}"
        return f"arn:aws:lambda:{self.region}:{ACCOUNT}:function:{self.name}{behind}"


class Alias(NamedTuple):
    """Where an alias leads: to a version, but for the share that other versions have."""

    version: str
    weights: Mapping[str, float]


def alias(callee: Callee) -> Alias | None:
    """Return the alias by which a function is called, or None when it is called by a version. Raises Absent."""
    there = _functions(callee.region)
    if callee.qualifier == _LATEST or callee.qualifier.isdigit():
        return None
    with suppress(JsonRESTError):
        found = there.get_alias(callee.qualifier, callee.name)
        return Alias(str(found.function_version), (found.routing_config or {}).get("AdditionalVersionWeights") or {})
    raise Absent(callee.qualifier)


def version(region: str, name: str, number: str) -> Version:
    """Return a version as it was published, or what $LATEST is now. Raises Absent."""
    found = _function(region, name, number)
    about = {"handler": found.handler, "memory": int(found.memory_size)}
    # The code is moto's own object, so that the same version is equal at a glance.
    return Version(name, number, found.function_arn, found.code_bytes, float(found.timeout), dict(found.environment_vars), **about)


def log_group(version: Version) -> str:
    """Return where a version's lines go."""
    with suppress(Absent):
        told = vars(_function(version.arn.split(":")[3], version.name, version.number)).get("told", {})
        return str(told.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{version.name}")
    return f"/aws/lambda/{version.name}"


def permits(callee: Callee, source: str) -> bool:
    """Say whether the policy of what is called lets API Gateway call it from a source. It is the qualifier's own (aws.md, 7)."""
    try:
        policies = vars(_function(callee.region, callee.name, _LATEST)).get("policies", {})
    except Absent:
        return False
    policy = policies.get("" if callee.qualifier == _LATEST else callee.qualifier)
    context = {"aws:sourcearn": source, "aws:sourceaccount": ACCOUNT}
    asked = Asked("apigateway.amazonaws.com", "lambda:InvokeFunction", callee.arn, context)
    return policy is not None and allows(policy.statements, asked)


def stages() -> Iterator[tuple[int, str, str]]:
    """Yield each stage of each API: when it was deployed last, in whole seconds since 1970, and the two names."""
    for backend in list(apigateway_backends[ACCOUNT].values()):
        for api in list(backend.apis.values()):
            for name, stage in list(api.stages.items()):
                found = api.deployments.get(str(stage.deployment_id))
                if found is not None:
                    yield int(found.created_date), api.id, name


def deployment(api: str, stage: str) -> str:
    """Return the id of what a stage serves. Raises Absent."""
    with suppress(JsonRESTError):
        return str(apigateway_backends[ACCOUNT][region_of(api)].get_stage(api, stage).deployment_id)
    raise Absent(f"{api}/{stage}")


def deployed(api: str, stage: str) -> Deployed:
    """Return what a stage serves: the snapshot of its deployment. Raises Absent."""
    with suppress(JsonRESTError):
        return moto_gaps_gateway.deployed(api, stage, region=region_of(api), account=ACCOUNT)
    raise Absent(f"{api}/{stage}")


def region_of(api: str) -> str:
    """Return the region that an API is in. Raises Absent."""
    for region, backend in list(apigateway_backends[ACCOUNT].items()):
        if api in backend.apis:
            return str(region)
    raise Absent(api)


def _functions(region: str) -> Any:
    return lambda_backends[ACCOUNT][region]


def _function(region: str, name: str, number: str) -> Any:
    with suppress(JsonRESTError):
        return _functions(region).get_function(name, number)
    raise Absent(f"{name}:{number}")
