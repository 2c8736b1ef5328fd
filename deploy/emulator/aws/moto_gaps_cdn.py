"""Where moto 5.2 is not CloudFront: moto_gaps.py says what a gap is (aws.md, 4).

Moto has no response headers policies at all: here is what keeps them. To add a gap, do as moto_gaps.py says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from moto.cloudfront import urls as cloudfront_urls
from moto.cloudfront.models import CloudFrontBackend, DefaultCacheBehaviour, Origin
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

from deploy.emulator.aws.moto_gaps import gap, refuse, sent

if TYPE_CHECKING:
    from deploy.emulator.aws.moto_gaps import Close


def _policies(backend: Any) -> dict[str, Any]:
    found: dict[str, Any] = vars(backend).setdefault("headers_policies", {})
    return found


def _stale(asked: Any) -> bool:
    """Say whether IfMatch is not what the thing is at; what is not there is left to moto."""
    found = {**asked.backend.distributions, **asked.backend.origin_access_controls, **_policies(asked.backend)}.get(sent(asked, "Id"))
    etag = found and (found["ETag"] if isinstance(found, dict) else found.etag)
    return bool(found) and sent(asked, "IfMatch", "") not in ("", etag)


def _live(asked: Any) -> bool:
    found = asked.backend.distributions.get(sent(asked, "Id"))
    return bool(found) and (found.distribution_config.Enabled or found.status != "Deployed")


def _twin(asked: Any, kind: str, others: dict[str, str]) -> bool:
    name = sent(asked, kind)["Name"]
    return any(name == other and one != sent(asked, "Id") for one, other in others.items())


def _control_names(asked: Any) -> dict[str, str]:
    return {one.id: one.name for one in asked.backend.origin_access_controls.values()}


def _policy_names(asked: Any) -> dict[str, str]:
    return {key: one["ResponseHeadersPolicyConfig"]["Name"] for key, one in _policies(asked.backend).items()}


def _config(asked: Any) -> Any:
    return sent(asked, "DistributionConfig") or sent(asked, "DistributionConfigWithTags.DistributionConfig")


def _controls(asked: Any) -> set[str]:
    return {one["OriginAccessControlId"] for one in _config(asked)["Origins"]["Items"] if one.get("OriginAccessControlId")}


def _behaviours(asked: Any) -> list[dict[str, Any]]:
    return [_config(asked)["DefaultCacheBehavior"], *(_config(asked).get("CacheBehaviors", {}).get("Items") or [])]


def _headers(asked: Any) -> set[str]:
    return {one["ResponseHeadersPolicyId"] for one in _behaviours(asked) if one.get("ResponseHeadersPolicyId")}


def _users(asked: Any, member: str) -> list[str]:
    """Return the distributions that name the thing, in their origins or behaviours."""
    configs = {one.id: one.distribution_config for one in asked.backend.distributions.values()}
    parts = {key: [*one.Origins["Items"], one.DefaultCacheBehavior, *one.CacheBehaviors.get("Items", [])] for key, one in configs.items()}
    return [key for key, some in parts.items() if any(vars(one).get(member) == sent(asked, "Id") for one in some)]


@gap("origin_access", "moto drops an origin's OriginAccessControlId and S3OriginConfig; AWS keeps them (aws.md, 4).", Origin, "__init__")
def _keep_access(proceed: Close, origin: Any, given: dict[str, Any]) -> None:
    proceed()
    origin.origin_access_control_id, origin.s3_origin_config = given.get("OriginAccessControlId", ""), given.get("S3OriginConfig")


@gap(
    "forwarding",
    "moto adds ForwardedValues and times to a behaviour with a cache policy; AWS has one or the other.",
    DefaultCacheBehaviour,
    "__init__",
)
def _no_forwarding(proceed: Close, behaviour: Any, given: dict[str, Any]) -> None:
    proceed()
    added = {"ForwardedValues": "forwarded_values", "MinTTL": "min_ttl", "DefaultTTL": "default_ttl", "MaxTTL": "max_ttl"}
    for theirs in [ours for name, ours in added.items() if given.get("CachePolicyId") and name not in given]:
        delattr(behaviour, theirs)


@gap(
    "etags",
    "moto leaves a changed thing's ETag and status alone; AWS changes both.",
    CloudFrontBackend,
    "update_distribution update_origin_access_control",
)
def _move_on(proceed: Close, *_: Any, **__: Any) -> Any:
    done = proceed()
    thing = done[0] if isinstance(done, tuple) else done
    thing.__dict__.update(etag=uuid4().hex.upper(), _status="InProgress", _tick=0)
    return (thing, thing.location, thing.etag) if isinstance(done, tuple) else done


def _write(asked: Any) -> ActionResult:
    key, etag = sent(asked, "Id", str(uuid4())), uuid4().hex.upper()
    config = sent(asked, "ResponseHeadersPolicyConfig")
    _policies(asked.backend)[key] = {"Id": key, "LastModifiedTime": utcnow(), "ResponseHeadersPolicyConfig": config, "ETag": etag}
    return _read(asked, key)


def _read(asked: Any, key: str = "") -> ActionResult:
    one = _policies(asked.backend)[key or sent(asked, "Id")]
    return ActionResult({"ResponseHeadersPolicy": one, **one})


def _list(asked: Any) -> ActionResult:
    items = [{"Type": "custom", "ResponseHeadersPolicy": one} for one in _policies(asked.backend).values()]
    return ActionResult({"ResponseHeadersPolicyList": {"MaxItems": 100, "Quantity": len(items), "Items": items}})


def _delete(asked: Any) -> EmptyResult:
    del _policies(asked.backend)[sent(asked, "Id")]
    return EmptyResult()


@gap("headers_policies", "moto has no response headers policies; AWS keeps them as it was given them (aws.md, 4).", CloudFrontResponse, "")
def _add_headers_policies(response: Any) -> None:
    acts = {"create_{}y": _write, "update_{}y": _write, "get_{}y": _read, "get_{}y_config": _read, "delete_{}y": _delete, "list_{}ies": _list}
    for name, act in acts.items():
        if not hasattr(response, name.format("response_headers_polic")):
            setattr(response, name.format("response_headers_polic"), act)
    for tail in ("$", "/(?P<policy_id>[^/]+)$", "/(?P<policy_id>[^/]+)/config$"):
        cloudfront_urls.url_paths["{0}/2020-05-31/response-headers-policy" + tail] = CloudFrontResponse.dispatch


_CONTROL, _HEADERS = "create_origin_access_control update_origin_access_control", "create_response_headers_policy update_response_headers_policy"
_ONE = " ".join(f"{verb}_response_headers_policy" for verb in ("get", "update", "delete")) + " get_response_headers_policy_config"
_DISTRIBUTE = "create_distribution create_distribution_with_tags update_distribution"
_TAGGED = (
    "update_distribution delete_distribution update_origin_access_control delete_origin_access_control "
    "update_response_headers_policy delete_response_headers_policy"
)

# A table; when several rows hold, the last answers.
# fmt: off
refuse((
    ("distribution_live", CloudFrontResponse, "delete_distribution", "DistributionNotDisabled", _live,
     "moto deletes a distribution that serves; AWS one that is disabled, and only once that is everywhere."),
    ("control_twins", CloudFrontResponse, _CONTROL, "OriginAccessControlAlreadyExists",
     lambda a: _twin(a, "OriginAccessControlConfig", _control_names(a)), "moto gives two origin access controls one name; AWS refuses to."),
    ("control_used", CloudFrontResponse, "delete_origin_access_control", "OriginAccessControlInUse", lambda a: _users(a, "origin_access_control_id"),
     "moto deletes an origin access control that an origin names; AWS does not."),
    ("control_unknown", CloudFrontResponse, _DISTRIBUTE, "InvalidOriginAccessControl",
     lambda a: not _controls(a) <= a.backend.origin_access_controls.keys(),
     "moto takes any origin access control; AWS one that is there."),
    ("policy_twins", CloudFrontResponse, _HEADERS, "ResponseHeadersPolicyAlreadyExists",
     lambda a: _twin(a, "ResponseHeadersPolicyConfig", _policy_names(a)), "AWS gives each headers policy a name of its own; moto has none."),
    ("policy_used", CloudFrontResponse, "delete_response_headers_policy", "ResponseHeadersPolicyInUse",
     lambda a: _users(a, "response_headers_policy_id"),
     "AWS deletes no headers policy that a behaviour names; moto has none."),
    ("policy_unknown", CloudFrontResponse, _DISTRIBUTE, "NoSuchResponseHeadersPolicy", lambda a: not _headers(a) <= _policies(a.backend).keys(),
     "moto takes any headers policy; AWS one that is there (its own, managed ones are not here)."),
    ("stale_etags", CloudFrontResponse, _TAGGED, "PreconditionFailed", _stale, "moto takes any ETag; AWS the present one."),
    ("absent_etags", CloudFrontResponse, _TAGGED, "InvalidIfMatchVersion", lambda a: not sent(a, "IfMatch"),
     "moto changes an origin access control without an ETag; AWS does not."),
    ("control_absent", CloudFrontResponse, "delete_origin_access_control", "NoSuchOriginAccessControl",
     lambda a: sent(a, "Id") not in a.backend.origin_access_controls, "moto fails with 500 where AWS answers 404."),
    ("policy_absent", CloudFrontResponse, _ONE, "NoSuchResponseHeadersPolicy", lambda a: sent(a, "Id") not in _policies(a.backend),
     "AWS does not find a headers policy that is not there; moto has none."),
))
# fmt: on
