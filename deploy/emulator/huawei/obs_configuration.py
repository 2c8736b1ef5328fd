"""What a bucket of the emulated OBS is configured with: its policy, its website and its rules of CORS (huawei.md, 3.3).

This file knows what each of these must look like; what a policy lets everybody do is obs_policy.py's, and what browsers see of it obs_web.py's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.emulator.huawei import obs_policy, obs_xml
from deploy.emulator.huawei.obs_asked import check_digest, check_size, done, missing, unsupported
from deploy.emulator.huawei.obs_kept import Rule, Website
from deploy.emulator.huawei.wire import Answered, Refused

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from deploy.emulator.huawei.obs_asked import Ask

_WEBSITE_BYTES = 10 * 1024
_REDIRECTS = (
    "RedirectAllRequestsTo HostName Protocol RoutingRules RoutingRule Condition KeyPrefixEquals HttpErrorCodeReturnedEquals Redirect "
    "ReplaceKeyPrefixWith ReplaceKeyWith HttpRedirectCode"
)
_WEBSITE = frozenset({"IndexDocument", "Suffix", "ErrorDocument", "Key", *_REDIRECTS.split()})
_RULE = frozenset({"CORSRule", "ID", "AllowedMethod", "AllowedOrigin", "AllowedHeader", "ExposeHeader", "MaxAgeSeconds"})
_RULES = 100
_METHODS = {"GET", "PUT", "HEAD", "POST", "DELETE"}


def set_policy(ask: Ask) -> Answered:
    """Set a bucket's policy in the place of what it had. Raises Refused."""
    bucket = ask.bucket
    bucket.statements, bucket.policy = obs_policy.statements(ask.asked.body, bucket.name), ask.asked.body.decode()
    return done(204)


def get_policy(ask: Ask) -> Answered:
    """Return a bucket's policy as it was sent. Raises Refused for none."""
    if not ask.bucket.policy:
        raise missing("BucketPolicy", "The specified bucket does not have a bucket policy.")
    return Answered(200, {"content-type": "application/json"}, ask.bucket.policy.encode())


def delete_policy(ask: Ask) -> Answered:
    """Delete a bucket's policy, if it has one."""
    bucket = ask.bucket
    bucket.statements, bucket.policy = (), ""
    return done(204)


def set_website(ask: Ask) -> Answered:
    """Make a bucket a website. Raises Refused."""
    bucket = ask.bucket
    check_size(ask.asked, _WEBSITE_BYTES)
    found = obs_xml.read(ask.asked.body, "WebsiteConfiguration", allowed=_WEBSITE)
    if found.find("RedirectAllRequestsTo") is not None or found.find("RoutingRules") is not None:
        raise unsupported("a website that redirects")
    index, error = obs_xml.text(found, "IndexDocument/Suffix"), obs_xml.text(found, "ErrorDocument/Key")
    if not index or "/" in index:
        raise Refused(400, "InvalidArgument", "The IndexDocument Suffix is not well formed")
    if found.find("ErrorDocument") is not None and not error:
        raise obs_xml.malformed()
    bucket.website = Website(index, error)
    return done()


def get_website(ask: Ask) -> Answered:
    """Return what a website shows first, and what instead of a refusal. Raises Refused for none."""
    found = ask.bucket.website
    if found is None:
        raise missing("WebsiteConfiguration", "The specified bucket does not have a website configuration.")
    error = [("ErrorDocument", [("Key", found.error)])] if found.error else []
    return obs_xml.answer("WebsiteConfiguration", [("IndexDocument", [("Suffix", found.first)]), *error])


def delete_website(ask: Ask) -> Answered:
    """Make a bucket a website no longer."""
    ask.bucket.website = None
    return done(204)


def set_cors(ask: Ask) -> Answered:
    """Set a bucket's rules of CORS in the place of what it had. Raises Refused, also without Content-MD5."""
    bucket = ask.bucket
    check_digest(ask.asked, wanted=True)
    found = obs_xml.read(ask.asked.body, "CORSConfiguration", allowed=_RULE)
    rules = tuple(_rule(one) for one in found.findall("CORSRule"))
    if not 1 <= len(rules) <= _RULES:
        raise obs_xml.malformed()
    bucket.cors = rules
    return done()


def get_cors(ask: Ask) -> Answered:
    """Return a bucket's rules of CORS. Raises Refused for none."""
    rules = ask.bucket.cors
    if not rules:
        raise missing("CORSConfiguration", "The CORS configuration does not exist")
    return obs_xml.answer("CORSConfiguration", [("CORSRule", _members(rule)) for rule in rules])


def delete_cors(ask: Ask) -> Answered:
    """Delete a bucket's rules of CORS, if it has any."""
    ask.bucket.cors = ()
    return done(204)


def _rule(element: Element) -> Rule:
    methods, origins = obs_xml.texts(element, "AllowedMethod"), obs_xml.texts(element, "AllowedOrigin")
    if not methods or not origins or not set(methods) <= _METHODS:
        raise obs_xml.malformed()
    headers, seconds = obs_xml.texts(element, "AllowedHeader"), obs_xml.text(element, "MaxAgeSeconds")
    if any(one.count("*") > 1 for one in (*origins, *headers)) or (seconds and not seconds.isdecimal()):
        raise Refused(400, "InvalidRequest", "An AllowedOrigin or AllowedHeader has more than one wildcard, or MaxAgeSeconds is no number.")
    return Rule(obs_xml.text(element, "ID"), methods, origins, headers, obs_xml.texts(element, "ExposeHeader"), seconds)


def _members(rule: Rule) -> list[tuple[str, str]]:
    pairs = [("ID", [rule.id]), ("AllowedMethod", rule.methods), ("AllowedOrigin", rule.origins), ("AllowedHeader", rule.headers)]
    pairs += [("ExposeHeader", rule.exposed), ("MaxAgeSeconds", [rule.seconds])]
    return [(name, value) for name, values in pairs for value in values if value]
