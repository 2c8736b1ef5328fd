"""What lies in an emulated account, read from moto itself and not by the deployer: every thing by name, and what must never be so.

It runs in the account's own process. To watch another kind of thing, add its line to `listed`; another law, to `loose`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.apigateway.models import apigateway_backends
from moto.awslambda.models import lambda_backends
from moto.cloudfront.models import cloudfront_backends
from moto.dynamodb.models import dynamodb_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends

from deploy.emulator.aws import moto_gaps_gateway
from tests.matrix import laws
from tests.matrix.aws import REGION as _REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

_ACCOUNT = "123456789012"


def listed() -> list[str]:
    """Return a line for each thing in the account; two of one name are two lines."""
    return sorted([*_edge(), *_apis(), *_functions(), *_rest()])


def _edge() -> Iterator[str]:
    cdn = cloudfront_backends[_ACCOUNT]["aws"]
    yield from (f"distribution {vars(one.distribution_config)['Comment']}" for one in cdn.distributions.values())
    yield from (f"access control {one.name}" for one in cdn.origin_access_controls.values())
    policies: dict[str, Any] = vars(cdn).get("headers_policies", {})
    yield from (f"headers policy {one['ResponseHeadersPolicyConfig']['Name']}" for one in policies.values())


def _apis() -> Iterator[str]:
    for api in apigateway_backends[_ACCOUNT][_REGION].apis.values():
        yield f"api {api.name}"
        yield from (f"authorizer {one.name}" for one in api.authorizers.values())
        yield from (f"stage {name}" for name in api.stages)
        for resource in api.resources.values():
            yield f"resource {resource.get_path()} {' '.join(sorted(resource.resource_methods))}"


def _functions() -> Iterator[str]:
    backend = lambda_backends[_ACCOUNT][_REGION]
    for name, about in backend._lambdas._functions.items():
        yield f"function {name} {' '.join(str(one.version) for one in about['versions'])}"
        for alias in backend.list_aliases(name):
            yield f"alias {name} {alias.name} {alias.function_version} {_weights(alias)} {alias.description}"
        for qualifier, policy in vars(about["latest"]).get("policies", {}).items():
            yield from (f"statement {name} {qualifier} {one['Sid']}" for one in policy.statements)


def _weights(alias: Any) -> dict[str, float]:
    return (alias.routing_config or {}).get("AdditionalVersionWeights") or {}


def _rest() -> Iterator[str]:
    yield from (f"table {name}" for name in dynamodb_backends[_ACCOUNT][_REGION].tables)
    yield from (f"log {name} {one.retention_in_days}" for name, one in logs_backends[_ACCOUNT][_REGION].groups.items())
    yield from (f"role {one.name} {' '.join(sorted(one.policies))}" for one in iam_backends[_ACCOUNT]["aws"].roles.values())
    for name, bucket in s3_backends[_ACCOUNT]["aws"].buckets.items():
        yield f"bucket {name}"
        yield from (f"object {key}" for key in bucket.keys)


def loose() -> list[str]:
    """Return what must never be: an alias without its version, a page without its files, an address served that is open and should not be."""
    return [*_aliases(), *_pages(), *_served()]


def _aliases() -> Iterator[str]:
    backend = lambda_backends[_ACCOUNT][_REGION]
    for name, about in backend._lambdas._functions.items():
        versions = {str(one.version) for one in about["versions"]}
        for alias in backend.list_aliases(name):
            yield from (f"{name}: no version {one}" for one in {alias.function_version, *_weights(alias)} - versions)


def _pages() -> Iterator[str]:
    for bucket in s3_backends[_ACCOUNT]["aws"].buckets.values():
        index = bucket.keys.get("index.html")
        yield from laws.absent(index.value if index else None, bucket.keys)


def _served() -> Iterator[str]:
    for api in apigateway_backends[_ACCOUNT][_REGION].apis.values():
        for stage in api.stages:
            served = moto_gaps_gateway.deployed(api.id, stage, region=_REGION)
            guards = {one["id"] for one in served.authorizers}
            for resource in served.resources:
                for method, about in resource.get("resourceMethods", {}).items():
                    if not _guarded(resource["path"], method, about, guards):
                        yield f"{method} {resource['path']} is open"


def _guarded(path: str, method: str, about: dict[str, Any], guards: set[str]) -> bool:
    if laws.may_be_open(method, path):
        return True
    return about.get("authorizationType") == "CUSTOM" and about.get("authorizerId") in guards
