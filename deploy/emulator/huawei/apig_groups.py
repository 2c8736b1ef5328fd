"""APIG's groups with their domains and certificates, and its environments (huawei.md, 3.2).

This file knows when each may be made, changed and deleted. To add an operation, add its line to `WAYS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei import apig_fields as fields
from deploy.emulator.huawei.apig_checks import Document, Way, filtered, page, read, wrong
from deploy.emulator.huawei.apig_kept import RELEASE, found
from deploy.emulator.huawei.apig_responses import first_set
from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from deploy.emulator.huawei.apig_kept import Gateways
    from deploy.emulator.huawei.wire import Call

_MOST_DOMAINS = 5


def group_of(kept: Gateways, name: str) -> Document:
    """Return a group. Raises Refused."""
    return found(kept.groups, name, "APIG.3001", "The API group")


def environment_of(kept: Gateways, name: str) -> Document:
    """Return an environment. Raises Refused."""
    return found(kept.environments, name, "APIG.3003", "The environment")


def _create_group(kept: Gateways, call: Call) -> Document:
    given = read(call.document, fields.GROUP)
    _unique(kept.groups, given["name"], "", "APIG.3201", "The API group name already exists")
    name, now = kept.account.new_id(), kept.now()
    domain = f"{name}.apig.{kept.account.keys.region}.huaweicloudapis.com"
    about = {"id": name, "status": 1, "on_sell_status": 2, "is_default": 2, "version": "V1", "register_time": now, "update_time": now}
    domains = {"sl_domain": domain, "sl_domains": [domain], "sl_domain_access_enabled": True, "url_domains": []}
    kept.groups[name] = {"remark": "", **given, **about, **domains}
    first_set(kept, name)
    return kept.groups[name]


def _list_groups(kept: Gateways, call: Call) -> Document:
    return page(filtered(kept.groups.values(), call, "id", "name"), call, "groups")


def _show_group(kept: Gateways, call: Call) -> Document:
    return group_of(kept, call.names["group"])


def _update_group(kept: Gateways, call: Call) -> Document:
    group, given = group_of(kept, call.names["group"]), read(call.document, fields.GROUP)
    _unique(kept.groups, given["name"], group["id"], "APIG.3201", "The API group name already exists")
    kept.groups[group["id"]] = {**group, **given, "update_time": kept.now()}
    return kept.groups[group["id"]]


def _delete_group(kept: Gateways, call: Call) -> None:
    group = group_of(kept, call.names["group"])
    if any(api["group_id"] == group["id"] for api in kept.apis.values()):
        raise Refused(403, "APIG.3415", "The API group cannot be deleted because it contains APIs")
    kept.responses = {name: one for name, one in kept.responses.items() if one["group_id"] != group["id"]}
    del kept.groups[group["id"]]


def _create_environment(kept: Gateways, call: Call) -> Document:
    given = read(call.document, fields.ENVIRONMENT)
    _unique(kept.environments, given["name"], "", "APIG.3205", "The environment name already exists")
    name = kept.account.new_id()
    kept.environments[name] = {"id": name, "remark": "", **given, "create_time": kept.now()}
    return kept.environments[name]


def _list_environments(kept: Gateways, call: Call) -> Document:
    return page(filtered(kept.environments.values(), call, "name"), call, "envs")


def _update_environment(kept: Gateways, call: Call) -> Document:
    environment, given = environment_of(kept, call.names["environment"]), read(call.document, fields.ENVIRONMENT)
    if environment["id"] == RELEASE:
        raise wrong("env_id")
    _unique(kept.environments, given["name"], environment["id"], "APIG.3205", "The environment name already exists")
    kept.environments[environment["id"]] = {**environment, **given}
    return kept.environments[environment["id"]]


def _delete_environment(kept: Gateways, call: Call) -> None:
    environment = environment_of(kept, call.names["environment"])
    if environment["id"] == RELEASE:
        raise wrong("env_id")
    if any(at == environment["id"] for _, at in kept.online):
        raise Refused(403, "APIG.3418", "The environment contains published APIs")
    del kept.environments[environment["id"]]


def _bind_domain(kept: Gateways, call: Call) -> Document:
    group, given = group_of(kept, call.names["group"]), read(call.document, fields.DOMAIN)
    if any(domain["domain"] == given["url_domain"] for one in kept.groups.values() for domain in one["url_domains"]):
        raise Refused(400, "APIG.3305", "The URL domain name already exists")
    if len(group["url_domains"]) >= _MOST_DOMAINS:
        raise Refused(403, "APIG.3108", "The number of domain names exceeds the maximum allowed limit")
    domain = {"id": kept.account.new_id(), "domain": given["url_domain"], "cname_status": 1, **_settings(given)}
    _put(kept, group, [*group["url_domains"], domain])
    return _bound(domain)


def _update_domain(kept: Gateways, call: Call) -> Document:
    group, domain = _domain(kept, call)
    changed = {**domain, **_settings(read(call.document, fields.DOMAIN_UPDATE))}
    _put(kept, group, [changed if one is domain else one for one in group["url_domains"]])
    return _bound(changed)


def _unbind_domain(kept: Gateways, call: Call) -> None:
    group, domain = _domain(kept, call)
    _put(kept, group, [one for one in group["url_domains"] if one is not domain])


def _attach_certificate(kept: Gateways, call: Call) -> Document:
    group, domain = _domain(kept, call)
    given, name = read(call.document, fields.CERTIFICATE), kept.account.new_id()
    # The key is not kept: nothing here could use it.
    kept.certificates[name] = {"id": name, "name": given["name"], "common_name": domain["domain"]}
    secured = {**domain, "ssl_id": name, "ssl_name": given["name"]}
    _put(kept, group, [secured if one is domain else one for one in group["url_domains"]])
    place = {"instance_id": kept.instance, "api_group_id": group["id"], "api_group_name": group["name"]}
    return {**_bound(secured), "ssl_id": name, "ssl_name": given["name"], **place}


def _show_certificate(kept: Gateways, call: Call) -> Document:
    _, domain = _domain(kept, call)
    certificate = found(kept.certificates, call.names["certificate"], "APIG.3021", "The SSL certificate")
    if domain.get("ssl_id") != certificate["id"]:
        raise Refused(404, "APIG.3097", "The binding record of this SSL certificate and domain name does not exist")
    return certificate


def _detach_certificate(kept: Gateways, call: Call) -> None:
    certificate = _show_certificate(kept, call)
    group, domain = _domain(kept, call)
    bare = {name: value for name, value in domain.items() if name not in {"ssl_id", "ssl_name"}}
    _put(kept, group, [bare if one is domain else one for one in group["url_domains"]])
    del kept.certificates[certificate["id"]]


def _domain(kept: Gateways, call: Call) -> tuple[Document, Document]:
    group = group_of(kept, call.names["group"])
    for domain in group["url_domains"]:
        if domain["id"] == call.names["domain"]:
            return group, domain
    raise Refused(404, "APIG.3020", "The URL domain does not exist")


def _settings(given: Document) -> Document:
    return {"min_ssl_version": given["min_ssl_version"], "is_http_redirect_to_https": given["is_http_redirect_to_https"]}


def _put(kept: Gateways, group: Document, domains: list[Any]) -> None:
    kept.groups[group["id"]] = {**group, "url_domains": domains, "update_time": kept.now()}


def _bound(domain: Document) -> Document:
    return {"id": domain["id"], "url_domain": domain["domain"], "status": domain["cname_status"], **_settings(domain)}


def _unique(things: dict[str, Document], name: str, but: str, *refusal: str) -> None:
    if any(one["name"] == name and one["id"] != but for one in things.values()):
        raise Refused(400, *refusal)


WAYS = (
    Way("POST", "/api-groups", _create_group, 201),
    Way("GET", "/api-groups", _list_groups),
    Way("GET", "/api-groups/{group}", _show_group),
    Way("PUT", "/api-groups/{group}", _update_group),
    Way("DELETE", "/api-groups/{group}", _delete_group, 204),
    Way("POST", "/envs", _create_environment, 201),
    Way("GET", "/envs", _list_environments),
    Way("PUT", "/envs/{environment}", _update_environment),
    Way("DELETE", "/envs/{environment}", _delete_environment, 204),
    Way("POST", "/api-groups/{group}/domains", _bind_domain, 201),
    Way("PUT", "/api-groups/{group}/domains/{domain}", _update_domain),
    Way("DELETE", "/api-groups/{group}/domains/{domain}", _unbind_domain, 204),
    Way("POST", "/api-groups/{group}/domains/{domain}/certificate", _attach_certificate, 201),
    Way("GET", "/api-groups/{group}/domains/{domain}/certificate/{certificate}", _show_certificate),
    Way("DELETE", "/api-groups/{group}/domains/{domain}/certificate/{certificate}", _detach_certificate, 204),
)
