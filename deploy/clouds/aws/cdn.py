"""The page's HTTPS on AWS: a CloudFront distribution that alone may read the bucket (OAC), with the security headers of deploy/site.py.

This file knows CloudFront's keys. Its three parts (access control, headers policy, distribution) have one name and are found by it, so that a
run that ended between them goes on with what is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.clouds import DeployError
from deploy.steps import Cdn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from deploy.clouds.aws.account import Account
    from deploy.owner import Site

# AWS's own policy CachingOptimized: obeys cache-control, compresses, and puts no header and no cookie into the cache's key.
_CACHE_POLICY = "658327ea-f89d-4fab-a63d-7e88639e58f6"
# Headers that CloudFront takes only in their own members.
_SECURITY: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "content-security-policy": lambda value: {"ContentSecurityPolicy": {"Override": True, "ContentSecurityPolicy": value}},
    "referrer-policy": lambda value: {"ReferrerPolicy": {"Override": True, "ReferrerPolicy": value}},
    "x-content-type-options": lambda _: {"ContentTypeOptions": {"Override": True}},
}
_NOT_OURS = "changed by somebody"
#: CloudFront takes a quarter of an hour to change every place where it is.
_SPREADING = 1800.0


def check(choice: Site) -> None:
    """Raise DeployError for a domain that could not be served under its own name."""
    if not choice.domain:
        return
    if choice.hosting != "cdn":
        raise DeployError('[site] domain needs hosting = "cdn": a bucket by itself serves no other name, and no HTTPS.')
    if not choice.certificate.startswith("arn:aws:acm:us-east-1:"):
        raise DeployError(
            "[site] domain needs `certificate`: the ARN of one for it in us-east-1, where CloudFront looks for it (AWS Certificate Manager)."
        )


def find(account: Account) -> Mapping[str, Any] | None:
    """Return the stage's distribution as the list has it."""
    listed = account.pages("cloudfront", "list_distributions", "DistributionList.Items")
    return next((one for one in listed if one.get("Comment") == account.names.all), None)


def observe(account: Account, there: Mapping[str, Any] | None) -> Iterator[Cdn]:
    """Yield what is there of the three parts as one thing; where it is not quite ours, its domain says so, and differs from every wanted one."""
    policy = _headers_policy(account)
    access = _access(account)
    if there is None:
        # A run that ended between the parts left some of them: they are completed, or removed, as a whole.
        yield from [Cdn(_NOT_OURS, "", _read_headers(policy))] if policy or access else []
        return
    configuration = account.call("cloudfront", "get_distribution_config", Id=there["Id"])["DistributionConfig"]
    behaviour = configuration["DefaultCacheBehavior"]
    ours = (
        configuration["Enabled"]
        and behaviour.get("ResponseHeadersPolicyId") == (policy or {}).get("Id", "-")
        and behaviour.get("ViewerProtocolPolicy") == "redirect-to-https"
        and [one.get("OriginAccessControlId") for one in configuration["Origins"]["Items"]] == [access]
    )
    domains = configuration.get("Aliases", {}).get("Items", [])
    certificate = configuration.get("ViewerCertificate", {}).get("ACMCertificateArn", "")
    yield Cdn(",".join(domains) if ours else _NOT_OURS, certificate, _read_headers(policy))


def put(account: Account, cdn: Cdn) -> Mapping[str, Any]:
    """Make the access control, the headers policy and the distribution, or change them; return the distribution."""
    access = _access(account) or _make_access(account)
    policy = _put_headers(account, cdn)
    there = find(account)
    wish = _configuration(account, cdn, access, policy)
    if there is None:
        made: Mapping[str, Any] = account.call("cloudfront", "create_distribution", DistributionConfig=wish)["Distribution"]
        return made
    current = account.call("cloudfront", "get_distribution_config", Id=there["Id"])
    account.call(
        "cloudfront", "update_distribution", Id=there["Id"], IfMatch=current["ETag"], DistributionConfig={**current["DistributionConfig"], **wish}
    )
    return there


def delete(account: Account) -> None:
    """Disable the distribution, wait until it is disabled everywhere, and delete all three parts."""
    there = find(account)
    if there is not None:
        _disable(account, there["Id"])
        account.wait(
            "Disabling the CDN",
            lambda: account.call("cloudfront", "get_distribution", Id=there["Id"])["Distribution"]["Status"] == "Deployed",
            _SPREADING,
        )
        etag = account.call("cloudfront", "get_distribution_config", Id=there["Id"])["ETag"]
        account.call("cloudfront", "delete_distribution", Id=there["Id"], IfMatch=etag)
    policy = _headers_policy(account)
    if policy is not None:
        etag = account.call("cloudfront", "get_response_headers_policy", Id=policy["Id"])["ETag"]
        account.call("cloudfront", "delete_response_headers_policy", Id=policy["Id"], IfMatch=etag)
    access = _access(account)
    if access:
        etag = account.call("cloudfront", "get_origin_access_control", Id=access)["ETag"]
        account.call("cloudfront", "delete_origin_access_control", Id=access, IfMatch=etag)


def _disable(account: Account, distribution: str) -> None:
    current = account.call("cloudfront", "get_distribution_config", Id=distribution)
    if current["DistributionConfig"]["Enabled"]:
        configuration = {**current["DistributionConfig"], "Enabled": False}
        account.call("cloudfront", "update_distribution", Id=distribution, IfMatch=current["ETag"], DistributionConfig=configuration)


def _access(account: Account) -> str:
    listed = account.call("cloudfront", "list_origin_access_controls")["OriginAccessControlList"].get("Items", [])
    return next((one["Id"] for one in listed if one["Name"] == account.names.all), "")


def _make_access(account: Account) -> str:
    about = {"Name": account.names.all, "SigningProtocol": "sigv4", "SigningBehavior": "always", "OriginAccessControlOriginType": "s3"}
    made: str = account.call("cloudfront", "create_origin_access_control", OriginAccessControlConfig=about)["OriginAccessControl"]["Id"]
    return made


def _headers_policy(account: Account) -> Mapping[str, Any] | None:
    listed = account.call("cloudfront", "list_response_headers_policies", Type="custom")["ResponseHeadersPolicyList"].get("Items", [])
    policies = (one["ResponseHeadersPolicy"] for one in listed)
    return next((one for one in policies if one["ResponseHeadersPolicyConfig"]["Name"] == account.names.all), None)


def _put_headers(account: Account, cdn: Cdn) -> str:
    wish = _headers(account, cdn)
    there = _headers_policy(account)
    if there is None:
        made: str = account.call("cloudfront", "create_response_headers_policy", ResponseHeadersPolicyConfig=wish)["ResponseHeadersPolicy"]["Id"]
        return made
    identity: str = there["Id"]
    if _read_headers(there) != cdn.headers:
        etag = account.call("cloudfront", "get_response_headers_policy", Id=identity)["ETag"]
        account.call("cloudfront", "update_response_headers_policy", Id=identity, IfMatch=etag, ResponseHeadersPolicyConfig=wish)
    return identity


def _headers(account: Account, cdn: Cdn) -> dict[str, Any]:
    security: dict[str, Any] = {}
    custom = []
    for name, value in cdn.headers:
        if name in _SECURITY:
            security |= _SECURITY[name](str(value))
        else:
            custom.append({"Header": name, "Value": str(value), "Override": True})
    about = {"Name": account.names.all, "Comment": account.names.all}
    return {**about, "SecurityHeadersConfig": security, "CustomHeadersConfig": {"Quantity": len(custom), "Items": custom}}


def _read_headers(policy: Mapping[str, Any] | None) -> tuple[tuple[str, str], ...]:
    configuration = (policy or {}).get("ResponseHeadersPolicyConfig", {})
    security = configuration.get("SecurityHeadersConfig", {})
    found = {one["Header"]: one["Value"] for one in configuration.get("CustomHeadersConfig", {}).get("Items", [])}
    if "ContentSecurityPolicy" in security:
        found["content-security-policy"] = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    if "ReferrerPolicy" in security:
        found["referrer-policy"] = security["ReferrerPolicy"]["ReferrerPolicy"]
    if "ContentTypeOptions" in security:
        found["x-content-type-options"] = "nosniff"
    return tuple(sorted(found.items()))


def _configuration(account: Account, cdn: Cdn, access: str, policy: str) -> dict[str, Any]:
    origin = {
        "Id": "bucket",
        "DomainName": f"{account.names.bucket}.s3.{account.names.region}.amazonaws.com",
        "OriginAccessControlId": access,
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    certificate = (
        {"ACMCertificateArn": cdn.certificate, "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021"}
        if cdn.certificate
        else {"CloudFrontDefaultCertificate": True}
    )
    return {
        # The same for every try: a run that ended after this call finds the same distribution, never a twin.
        "CallerReference": account.names.bucket,
        "Comment": account.names.all,
        "Enabled": True,
        "DefaultRootObject": "index.html",
        "HttpVersion": "http2and3",
        "Aliases": {"Quantity": 1, "Items": [cdn.domain]} if cdn.domain else {"Quantity": 0},
        "ViewerCertificate": certificate,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "bucket",
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": _CACHE_POLICY,
            "ResponseHeadersPolicyId": policy,
            "Compress": True,
        },
    }
