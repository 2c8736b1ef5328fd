"""What FunctionGraph answers about its things: functions, code, versions, aliases as documents (huawei.md, 3.1; SDK-FG's models). Pure.

This file knows the names of fields and when they are blank. To tell something more, add its line where it belongs.
"""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei import function_checks, function_urns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.emulator.huawei.account import Keys
    from deploy.emulator.huawei.function_values import Alias, Function, Snapshot

#: Settings that are told as they were sent.
_PLAIN = (
    *("runtime", "timeout", "handler", "memory_size", "user_data", "xrole", "app_xrole", "description", "func_vpc", "initializer_handler", "type"),
    *("initializer_timeout", "pre_stop_handler", "pre_stop_timeout", "strategy_config", "enable_lts_log", "lts_custom_tag", "network_controller"),
    *("enterprise_project_id", "ephemeral_storage", "domain_names"),
)


def configured(keys: Keys, found: Function, one: Snapshot) -> dict[str, Any]:
    """Return a version with all of its settings; its URN names the version, `:latest` too."""
    return {
        **_told(keys, found, one),
        "func_id": found.id,
        "resource_id": f"{found.id}:{one.version}",
        "func_urn": function_urns.write(keys, found.package, found.name, one.version),
    }


def listed(keys: Keys, found: Function, one: Snapshot) -> dict[str, Any]:
    """Return a version as publishing and lists of versions tell it: its URN need not name it, so it does not (huawei.md, 3.1)."""
    return {**_told(keys, found, one), "func_urn": function_urns.write(keys, found.package, found.name), "version_description": one.description}


def coded(keys: Keys, found: Function, one: Snapshot, *, whole: bool) -> dict[str, Any]:
    """Return a version with its code, its bytes too if they are wanted."""
    file = {"file": base64.b64encode(one.code.uploaded).decode()} if whole else {}
    return {
        "func_urn": function_urns.write(keys, found.package, found.name, one.version),
        "func_name": found.name,
        "domain_id": keys.domain,
        "runtime": one.settings["runtime"],
        **_code(one),
        "last_modified": _plain_time(one.modified),
        "func_code": file,
        "strategy_config": one.settings["strategy_config"],
    }


def aliased(keys: Keys, found: Function, one: Alias, *, rules: bool = True) -> dict[str, Any]:
    """Return an alias; the answer to PUT and lists say nothing of rules (huawei.md, 3.1)."""
    return {
        "name": one.name,
        "version": one.version,
        "description": one.description,
        "last_modified": _rfc_time(one.modified),
        "alias_urn": function_urns.write(keys, found.package, found.name, f"!{one.name}"),
        "additional_version_weights": dict(one.weights),
        **({"additional_version_strategy": dict(one.strategy)} if rules else {}),
    }


def _told(keys: Keys, found: Function, one: Snapshot) -> dict[str, Any]:
    settings = one.settings
    return {
        **{name: settings[name] for name in _PLAIN if name in settings},
        "func_name": found.name,
        "domain_id": keys.domain,
        "namespace": keys.project,
        "project_name": keys.region,
        "package": found.package,
        "cpu": settings["memory_size"] * 100 // 128 + 200,
        **_code(one),
        "encrypted_user_data": _blanked(settings.get("encrypted_user_data", "")),
        "version": one.version,
        "image_name": f"{one.version}-{time.strftime('%y%m%d%H%M%S', time.gmtime(one.modified))}@{found.id[:5]}",
        "last_modified": _plain_time(one.modified),
        "dependencies": [],
        **_logged(settings),
    }


def _code(one: Snapshot) -> dict[str, Any]:
    code = one.code
    told = {"code_type": code.kind, "code_url": code.url, "code_filename": code.filename, "code_size": len(code.uploaded), "digest": code.digest}
    return {**told, "depend_version_list": list(one.depends)}


def _logged(settings: Mapping[str, Any]) -> dict[str, str]:
    place = settings.get("log_config")
    return {"log_group_id": place.get("group_id", ""), "log_stream_id": place.get("stream_id", "")} if place else {}


def _blanked(secrets: str) -> str:
    """Return the names of secrets only."""
    return json.dumps(dict.fromkeys(function_checks.user_data(secrets), "")) if secrets else ""


# Times are told in two ways, and nobody says where which one is (huawei.md, 3.1).
def _plain_time(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment))


def _rfc_time(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
