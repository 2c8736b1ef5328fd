"""IAM: agencies, the system's roles, and where a key leads to: its project and its domain (huawei.md, 5; WIRE 28 and 45).

This file knows what requests say and how they are answered; agencies are iam_kept.py's. The codes of refusals and every field that the contract
does not name are UNCONFIRMED, from the SDK's models. To add an operation, add its line to `SERVICE`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei.fields import Rule, Shape, Text, read
from deploy.emulator.huawei.iam_kept import ROLES, Agencies, Agency, Role
from deploy.emulator.huawei.wire import Answered, Call, Codes, Operation, Refused, Service, answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.emulator.huawei.account import Account

BAD = "IAM.0011"
_AGENCY: Mapping[str, Rule] = {
    "name": Text(BAD, r"[^\s]{1,64}"),
    "domain_id": Text(BAD, ".+"),
    "trust_domain_id": Text(BAD),
    "trust_domain_name": Text(BAD),
    "description": Text(BAD, r"(?s).{0,255}"),
    "duration": Text(BAD, r"FOREVER|ONEDAY|[1-9]\d{0,4}"),
}
_DAYS = {"FOREVER": "null", "ONEDAY": "1"}
#: Which roles a list shows, by the layer that it is for (SDK-IAM).
_LAYERS = {"domain": {"AA", "AX"}, "project": {"AA", "XA"}, "all": {"AA", "AX", "XA"}}


def _create_agency(account: Account, call: Call) -> Answered:
    """POST agencies: 201."""
    wanted = read(call.document, {"agency": Shape(BAD, dict)}, ("agency",))["agency"]
    agency = read(wanted, _AGENCY, ("name", "domain_id"))
    _check_domain(account, agency["domain_id"])
    trusted = agency.get("trust_domain_name") or agency.get("trust_domain_id")
    if not trusted:
        raise Refused(400, BAD, "One of trust_domain_name and trust_domain_id is needed.")
    duration = agency.get("duration", "FOREVER")
    made = account.kept(Agencies).add(agency["name"], trusted, agency.get("description", ""), _DAYS.get(duration, duration))
    return answer({"agency": _agency(account, made)}, 201)


def _list_agencies(account: Account, call: Call) -> Answered:
    """GET agencies of a domain: 200."""
    _check_domain(account, call.query.get("domain_id"))
    wanted = call.query.get("name")
    found = [one for one in account.kept(Agencies).agencies.values() if wanted in {None, "", one.name}]
    if "page" in call.query:
        page, size = _number(call, "page", 10_000), _number(call, "per_page", 500)
        found = found[(page - 1) * size : page * size]
    return answer({"agencies": [_agency(account, one) for one in found]})


def _show_agency(account: Account, call: Call) -> Answered:
    """GET one agency: 200."""
    return answer({"agency": _agency(account, account.kept(Agencies).find(call.names["agency"]))})


def _delete_agency(account: Account, call: Call) -> Answered:
    """DELETE an agency, whoever names it still: 204."""
    kept = account.kept(Agencies)
    del kept.agencies[kept.find(call.names["agency"]).id]
    return answer(None, 204)


def _list_roles(account: Account, call: Call) -> Answered:
    """GET the system's roles; with a domain its own ones, of which there are none: 200."""
    if call.query.get("domain_id"):
        _check_domain(account, call.query["domain_id"])
        return answer({"roles": [], "links": _links(call), "total_number": 0})
    layer = call.query.get("type", "all")
    if layer not in _LAYERS:
        raise Refused(400, BAD, "The parameter type is invalid.")
    found = [_role(one) for one in ROLES if one.type in _LAYERS[layer] and _asked_for(one, call.query)]
    return answer({"roles": found, "links": _links(call), "total_number": len(found)})


def _grant(account: Account, call: Call) -> Answered:
    """PUT a role on the project: 204."""
    agency, role = _agency_and_role(account, call)
    if role.type == "AX":
        raise Refused(403, "IAM.0003", f"{role.display_name} cannot be granted on a project.")
    agency.roles.add(role.id)
    return answer(None, 204)


def _check(account: Account, call: Call) -> Answered:
    """HEAD a role on the project: 204 if the agency has it."""
    _held(account, call)
    return answer(None, 204)


def _revoke(account: Account, call: Call) -> Answered:
    """DELETE a role on the project: 204."""
    agency, role = _held(account, call)
    agency.roles.discard(role.id)
    return answer(None, 204)


def _list_granted(account: Account, call: Call) -> Answered:
    """GET the roles on the project: 200."""
    agency = account.kept(Agencies).find(call.names["agency"])
    return answer({"roles": [_role(one) for one in ROLES if one.id in agency.roles]})


def _list_projects(account: Account, call: Call) -> Answered:
    """GET the project, which has its region's name: the SDK asks so when it is given none (WIRE 28)."""
    keys = account.keys
    one = {"id": keys.project, "name": keys.region, "domain_id": keys.domain, "parent_id": keys.domain, "enabled": True, "is_domain": False}
    found = [one] if call.query.get("name") in {None, "", keys.region} else []
    return answer({"projects": [{**project, "description": "", "links": _links(call)} for project in found], "links": _links(call)})


def _list_domains(account: Account, call: Call) -> Answered:
    """GET the domain: the SDK asks so when it is given none."""
    one = {"id": account.keys.domain, "name": "emulated", "enabled": True, "description": "", "links": _links(call)}
    return answer({"domains": [one], "links": _links(call)})


def _agency_and_role(account: Account, call: Call) -> tuple[Agency, Role]:
    agency = account.kept(Agencies).find(call.names["agency"])
    role = next((one for one in ROLES if one.id == call.names["role"]), None)
    if role is None:
        raise Refused(404, "IAM.0004", "Could not find role.")
    return agency, role


def _held(account: Account, call: Call) -> tuple[Agency, Role]:
    agency, role = _agency_and_role(account, call)
    if role.id not in agency.roles:
        raise Refused(404, "IAM.0004", "The agency does not have this role.")
    return agency, role


def _check_domain(account: Account, domain: str | None) -> None:
    if not domain:
        raise Refused(400, BAD, "The parameter domain_id is missing.")
    if domain != account.keys.domain:
        raise Refused(403, "IAM.0003", "You are not authorized to perform the requested action: another domain.")


def _number(call: Call, name: str, most: int) -> int:
    text = call.query.get(name, "")
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise Refused(400, BAD, f"The parameter {name} is invalid.")
    return int(text)


def _asked_for(role: Role, query: Mapping[str, str]) -> bool:
    # A display name is a part of it, the others are exact (SDK-IAM).
    exact = query.get("name", role.name) == role.name and query.get("catalog", role.catalog) == role.catalog
    return exact and query.get("display_name", "") in role.display_name


def _agency(account: Account, one: Agency) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "domain_id": account.keys.domain,
        "trust_domain_id": "",
        "trust_domain_name": one.trusted,
        "description": one.description,
        "duration": one.duration,
        "create_time": time.strftime("%Y-%m-%dT%H:%M:%S.000000", time.gmtime(one.made)),
    }


def _role(one: Role) -> dict[str, Any]:
    return {"id": one.id, "flag": "fine_grained", **one._asdict()}


def _links(call: Call) -> dict[str, Any]:
    return {"self": f"http://{call.asked.host}{call.asked.path}", "previous": None, "next": None}


_AGENCIES = "/v3.0/OS-AGENCY/agencies"
_GRANTED = "/v3.0/OS-AGENCY/projects/{project}/agencies/{agency}/roles"
SERVICE = Service(
    "iam",
    r"/v3(\.0)?/",
    Codes(BAD, "IAM.0001", "IAM.0003", "IAM.0004", "IAM.0011"),
    (
        Operation("POST", _AGENCIES, _create_agency),
        Operation("GET", _AGENCIES, _list_agencies),
        Operation("GET", f"{_AGENCIES}/{{agency}}", _show_agency),
        Operation("DELETE", f"{_AGENCIES}/{{agency}}", _delete_agency),
        Operation("GET", "/v3/roles", _list_roles),
        Operation("GET", _GRANTED, _list_granted),
        Operation("PUT", f"{_GRANTED}/{{role}}", _grant),
        Operation("HEAD", f"{_GRANTED}/{{role}}", _check),
        Operation("DELETE", f"{_GRANTED}/{{role}}", _revoke),
        Operation("GET", "/v3/projects", _list_projects),
        Operation("GET", "/v3/auth/domains", _list_domains),
    ),
)
