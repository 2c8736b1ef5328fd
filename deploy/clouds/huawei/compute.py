"""Functions on Huawei Cloud: FunctionGraph, and what lets them into the owner's network: an agency in IAM (huawei.md, 3.1 and 5).

This file knows the keys of these two services; it must not know the gateway's. A function's description carries its code's digest and its release;
its secrets are encrypted and never come back, so their marks stand beside the plain settings (design, 5.0).
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.clouds import LIVE, DeployError
from deploy.steps import Function, Live, Role
from functions.shared import settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deploy.clouds import Parcels
    from deploy.clouds.huawei.account import Account
    from deploy.steps import Thing

ABSENT = ("FSS.1051", "FSS.1052", "FSS.1053")
#: What our zips are built for (huawei.md, 1.3).
PLATFORM = "Python3.10/x86_64"
_HANDLER, _INITIALIZER = "index.handler", "index.initializer"
#: Seconds that a function may take to start: it connects to a database, or reads the owner's table of models.
_STARTS = 20
_DESCRIPTION = re.compile(r"Twocan (\S+) code=([0-9a-f]{64}) release=([0-9a-f]{64})")
_SECRET = {row.name for row in settings.TABLE if row.secret}
#: The variable beside the settings that holds the secrets' marks.
_MARKS = "TWOCAN_MARKS"
#: The service that takes on an agency, and the one role that joining a network needs (huawei.md, 5).
_TRUSTED, _ROLE = "op_svc_cff", "VPC Administrator"


class Network(NamedTuple):
    """The owner's own network, by the ids of its parts."""

    vpc: str
    subnet: str
    groups: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "/".join((self.vpc, self.subnet, *self.groups))


def observe_function(account: Account, name: str, stream: str) -> tuple[str, list[Thing]]:
    """Return what the unpublished function says it is, and function and alias as far as they are there. `stream` is where its lines should go."""
    there = account.find("fgs", "show_function_config", ABSENT, function_urn=account.names.urn(name))
    if there is None:
        return "", []
    things: list[Thing] = [_read(name, there, stream)]
    alias = account.find("fgs", "show_version_alias", ABSENT, function_urn=account.names.urn(name), alias_name=LIVE)
    if alias is not None:
        version = account.call("fgs", "show_function_config", function_urn=account.names.urn(name, alias["version"]))
        things.append(Live(name, release_of(version)))
    return release_of(there), things


def release_of(configuration: Mapping[str, Any]) -> str:
    """Return the release that a version says it is; "" for one that is not ours."""
    found = _DESCRIPTION.fullmatch(configuration.get("description") or "")
    return found[3] if found else ""


def _read(name: str, there: Mapping[str, Any], stream: str) -> Function:
    plain = _map(there.get("user_data"))
    plain.pop(_MARKS, None)
    described = _DESCRIPTION.fullmatch(there.get("description") or "")
    # One that writes to a log that is gone has the platform that it has nowhere: it is put again, and told where its log is now.
    sound = there["runtime"] in {"Python3.10", "http"} and there.get("log_stream_id", stream) == stream
    return Function(
        name=name,
        platform=PLATFORM if sound else str(there["runtime"]),
        code=described[2] if described else "",
        version=described[1] if described else "",
        settings=tuple(sorted((key, str(settings.unpacked(value) or value)) for key, value in plain.items())),
        secrets=tuple(sorted(_marked(there).items())),
        seconds=there["timeout"],
        memory=there["memory_size"],
        streams=there["runtime"] == "http",
        network=_network(there.get("func_vpc")),
    )


def _marked(there: Mapping[str, Any]) -> dict[str, str]:
    """Return the secrets that a function has, with their marks.

    One that is there without its mark, or the other way round, is somebody else's doing: it differs from every one that is wanted.
    """
    kept, marks = _map(there.get("encrypted_user_data")), _map(_map(there.get("user_data")).get(_MARKS, ""))
    return {name: str(marks.get(name, "unknown")) if name in kept else "gone" for name in (*kept, *marks)}


def put_function(account: Account, function: Function, parcels: Parcels, log: Mapping[str, str]) -> str:
    """Make or update the unpublished function, and return its release. Code first: only then does the description say that it is there."""
    urn = account.names.urn(function.name)
    there = account.find("fgs", "show_function_config", ABSENT, function_urn=urn)
    release = parcels.release(function)
    code = {
        "code_type": "zip",
        "code_filename": f"{function.name}.zip",
        "func_code": {"file": base64.b64encode(parcels.zip(function)).decode("ascii")},
    }
    about = {**_configuration(account, function, release), "enable_lts_log": True, "log_config": dict(log)}
    if there is None:
        made = {"package": "default", "type": "v2", **about, **_secrets(function, parcels, {}), **code}
        account.find("fgs", "create_function", ("FSS.1061",), body=made)
        return release
    runtime = about["runtime"]
    if there["runtime"] != runtime:
        raise DeployError(f"{function.name} cannot become another kind of function ({there['runtime']} → {runtime}): `destroy` the stage first.")
    secrets = _secrets(function, parcels, _marked(there))
    account.call("fgs", "update_function_code", function_urn=urn, body=code)
    after = account.call("fgs", "update_function_config", function_urn=urn, body={**about, **secrets})
    if not secrets and function.secrets and not _map(after.get("encrypted_user_data")):
        # UNCONFIRMED (huawei.md, 5): whether an update that leaves them out keeps them. What is live is a version, which has its own.
        raise DeployError(
            f"Huawei Cloud has forgotten the secrets of the unpublished {function.name}, and this machine does not know them. What is live is not "
            "touched. Run the same command where the stage's secrets are (.local/stages), or with DATABASE_URL and the models' keys set."
        )
    return release


def _configuration(account: Account, function: Function, release: str) -> dict[str, Any]:
    marks = {_MARKS: json.dumps(dict(function.secrets))} if function.secrets else {}
    about: dict[str, Any] = {
        "func_name": account.names.function(function.name),
        "runtime": "http" if function.streams else function.platform.split("/")[0],
        "timeout": function.seconds,
        "handler": _HANDLER,
        "memory_size": function.memory,
        "user_data": json.dumps({name: settings.packed(str(value)) for name, value in function.settings} | marks),
        "description": f"Twocan {function.version} code={function.code} release={release}",
    }
    if not function.streams:
        about |= {"initializer_handler": _INITIALIZER, "initializer_timeout": _STARTS}
    if function.network:
        vpc, subnet, *groups = function.network.split("/")
        about |= {"xrole": account.names.all, "func_vpc": {"vpc_id": vpc, "subnet_id": subnet, "security_groups": groups}}
    return about


def _secrets(function: Function, parcels: Parcels, there: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets as a body has them, or nothing where what is there must stay. Raises DeployError for a change that would lose others."""
    known = {name: parcels.secret(name) for name, _ in function.secrets}
    unknown = sorted(name for name, value in known.items() if value is None)
    if not unknown:
        return {"encrypted_user_data": json.dumps(known)} if known else {}
    changed = sorted(name for name, mark in function.secrets if there.get(name) != mark)
    if changed:
        raise DeployError(
            f"{', '.join(changed)} of {function.name} cannot be changed here: all secrets are written together, and this machine does not know "
            f"{', '.join(unknown)}. Run it where the stage's secrets are (.local/stages), or with DATABASE_URL and the models' keys set."
        )
    return {}


def delete_function(account: Account, function: Function) -> None:
    """Delete the function with all versions and aliases: a URN without a version is all of it."""
    account.find("fgs", "delete_function", ABSENT, function_urn=account.names.urn(function.name))


def observe_roles(account: Account, names: tuple[str, ...]) -> Iterator[Thing]:
    """Yield the agency, which the functions of a stage share, once for each that it is for; without its role, `records` is None."""
    found = _agency(account)
    if found is None:
        return
    granted = account.call("iam", "list_project_permissions_for_agency", agency_id=found["id"], project_id=account.names.project)["roles"]
    for name in names:
        yield Role(name, records=True if _ROLE in {one.get("display_name") or one["name"] for one in granted} else None)


def put_role(account: Account) -> None:
    """Let FunctionGraph put functions into the owner's network, in this project only, and nothing else."""
    found = _agency(account)
    if found is None:
        agency = {"name": account.names.all, "domain_id": domain(account), "trust_domain_name": _TRUSTED, "duration": "FOREVER"}
        account.make("iam", "create_agency", lambda: _agency(account) is not None, body={"agency": agency})
        found = _agency(account)
    listed = account.call("iam", "keystone_list_permissions", display_name=_ROLE)["roles"]
    role = next((one["id"] for one in listed if one.get("display_name") == _ROLE), None)
    if found is None or role is None:
        raise DeployError(f"The role {_ROLE} could not be granted: look at IAM in Huawei Cloud's console, then run the same command again.")
    account.call("iam", "associate_agency_with_project_permission", project_id=account.names.project, agency_id=found["id"], role_id=role)


def delete_role(account: Account) -> None:
    """Delete the agency with what it was granted."""
    found = _agency(account)
    if found is not None:
        account.find("iam", "delete_agency", ("1104", "404"), agency_id=found["id"])


def domain(account: Account) -> str:
    """Return the id of the account that the project is of."""
    return str(account.call("iam", "keystone_list_auth_domains")["domains"][0]["id"])


def _agency(account: Account) -> Mapping[str, Any] | None:
    listed = account.call("iam", "list_agencies", domain_id=domain(account), name=account.names.all)["agencies"]
    found: Mapping[str, Any] | None = next((one for one in listed if one["name"] == account.names.all), None)
    return found


def _map(text: Any) -> dict[str, Any]:
    """Return a map that is written as a JSON string, as user data are (huawei.md, 3.1)."""
    try:
        document = json.loads(text or "{}")
    except (TypeError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _network(there: Mapping[str, Any] | None) -> str:
    if not there or not there.get("vpc_id"):
        return ""
    return str(Network(there["vpc_id"], there.get("subnet_id", ""), tuple(there.get("security_groups") or ())))
