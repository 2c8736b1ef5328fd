"""What CloudFront is asked. A case is a gap, a question, and AWS's answer; to add one, name its gap in moto_gaps_cdn.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.deploy.emulator.aws.account import Case, control, distribution, headers, new, said

if TYPE_CHECKING:
    from tests.deploy.emulator.aws.account import Account

RETIRED = "DistributionNotDisabled DistributionNotDisabled ok"


def forwarding(at: Account) -> Any:
    """Return what a behaviour with a cache policy says of forwarding."""
    one, _ = at.distribution()
    behaviour = at.cloudfront.get_distribution_config(Id=one)["DistributionConfig"]["DefaultCacheBehavior"]
    return sorted({"ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL"} & behaviour.keys())


def access(at: Account) -> Any:
    """Return what an origin keeps of its access."""
    control_id, _ = at.control()
    one, _ = at.distribution(control=control_id)
    origin = at.cloudfront.get_distribution_config(Id=one)["DistributionConfig"]["Origins"]["Items"][0]
    return origin.get("OriginAccessControlId") == control_id, origin.get("S3OriginConfig")


def moved(at: Account) -> Any:
    """Update a distribution twice at one ETag."""
    one, etag = at.distribution(reference="r")
    update = {"Id": one, "DistributionConfig": distribution(reference="r", enabled=False)}
    again = at.cloudfront.update_distribution(**update, IfMatch=etag)
    return again["ETag"] != etag, again["Distribution"]["Status"], said(at.cloudfront.update_distribution, **update, IfMatch=etag)


def retired(at: Account) -> str:
    """Delete a distribution live, disabled but on its way, and deployed."""
    one, etag = at.distribution(reference=(reference := new()))
    live = said(at.cloudfront.delete_distribution, Id=one, IfMatch=etag)
    off = distribution(reference=reference, enabled=False)
    etag = at.cloudfront.update_distribution(Id=one, IfMatch=etag, DistributionConfig=off)["ETag"]
    early = said(at.cloudfront.delete_distribution, Id=one, IfMatch=etag)
    at.cloudfront.get_distribution(Id=one)
    return f"{live} {early} {said(at.cloudfront.delete_distribution, Id=one, IfMatch=etag)}"


def policy_kept(at: Account) -> Any:
    """Write a headers policy twice, and read and list it."""
    key, etag = at.headers()
    wanted = headers(new())
    at.cloudfront.update_response_headers_policy(Id=key, IfMatch=etag, ResponseHeadersPolicyConfig=wanted)
    got = at.cloudfront.get_response_headers_policy(Id=key)
    listed = at.cloudfront.list_response_headers_policies()["ResponseHeadersPolicyList"]["Items"]
    return (
        got["ETag"] != etag,
        got["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"] == wanted,
        key in [one["ResponseHeadersPolicy"]["Id"] for one in listed],
    )


def policy_deleted(at: Account) -> str:
    """Delete a headers policy at a wrong ETag, at the right one, and again."""
    key, etag = at.headers()
    return " ".join(said(at.cloudfront.delete_response_headers_policy, Id=key, IfMatch=one) for one in ("wrong", etag, etag))


def policy_used(at: Account) -> str:
    """Delete a headers policy that a distribution names."""
    key, etag = at.headers()
    at.distribution(policy=key)
    return said(at.cloudfront.delete_response_headers_policy, Id=key, IfMatch=etag)


def policy_twin(at: Account) -> str:
    """Make two headers policies of one name."""
    name = new()
    at.cloudfront.create_response_headers_policy(ResponseHeadersPolicyConfig=headers(name))
    return said(at.cloudfront.create_response_headers_policy, ResponseHeadersPolicyConfig=headers(name))


def control_twin(at: Account) -> str:
    """Make two origin access controls of one name."""
    name = new()
    at.cloudfront.create_origin_access_control(OriginAccessControlConfig=control(name))
    return said(at.cloudfront.create_origin_access_control, OriginAccessControlConfig=control(name))


def control_used(at: Account) -> str:
    """Delete an origin access control that a distribution names."""
    one, etag = at.control()
    at.distribution(control=one)
    return said(at.cloudfront.delete_origin_access_control, Id=one, IfMatch=etag)


def control_renewed(at: Account) -> Any:
    """Say whether an update gives an origin access control another ETag."""
    one, etag = at.control()
    return at.cloudfront.update_origin_access_control(Id=one, IfMatch=etag, OriginAccessControlConfig=control())["ETag"] != etag


# fmt: off
CASES = [
    Case("origin_access", "an origin's access", (True, {"OriginAccessIdentity": ""}), access),
    Case("forwarding", "forwarding with a cache policy", [], forwarding),
    Case("etags", "an update, and another at its ETag", (True, "InProgress", "PreconditionFailed"), moved),
    Case("etags", "an origin access control's ETag", True, control_renewed),
    Case("distribution_live", "a distribution on its way out", RETIRED, retired),
    Case("stale_etags", "a wrong ETag", "PreconditionFailed",
         lambda at: said(at.cloudfront.delete_distribution, Id=at.distribution()[0], IfMatch="wrong")),
    Case("absent_etags", "no ETag", "InvalidIfMatchVersion", lambda at: said(at.cloudfront.delete_origin_access_control, Id=at.control()[0])),
    Case("control_twins", "two origin access controls of one name", "OriginAccessControlAlreadyExists", control_twin),
    Case("control_used", "an origin access control in use", "OriginAccessControlInUse", control_used),
    Case("control_unknown", "an origin access control that is not there", "InvalidOriginAccessControl",
         lambda at: said(lambda: at.distribution(control="none"))),
    Case("control_absent", "deleting no origin access control", "NoSuchOriginAccessControl",
         lambda at: said(at.cloudfront.delete_origin_access_control, Id="none", IfMatch="any")),
    Case("headers_policies", "a headers policy", (True, True, True), policy_kept),
    Case("policy_twins", "two headers policies of one name", "ResponseHeadersPolicyAlreadyExists", policy_twin),
    Case("policy_used", "a headers policy in use", "ResponseHeadersPolicyInUse", policy_used),
    Case("policy_unknown", "a headers policy that is not there", "NoSuchResponseHeadersPolicy",
         lambda at: said(lambda: at.distribution(policy="none"))),
    Case("policy_absent", "a headers policy deleted twice", "PreconditionFailed ok NoSuchResponseHeadersPolicy", policy_deleted),
]
# fmt: on
