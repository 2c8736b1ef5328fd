"""What lies in an emulated Huawei Cloud account, read from its state and not by the deployer: a line for each thing, by its name.

It runs in the account's own process. To watch another kind of thing, add its line to `listed`; what must never be so is in laws.py.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei.apig_kept import Gateways
from deploy.emulator.huawei.functions_kept import Functions
from deploy.emulator.huawei.iam_kept import ROLES, Agencies
from deploy.emulator.huawei.lts_kept import Logs
from deploy.emulator.huawei.obs_kept import Buckets
from tests.matrix.huawei.sound import Sound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.emulator.huawei.account import Account

#: What is another in each run, and says nothing.
_VARYING = {"id", "req_param_id", "register_time", "update_time", "create_time", "publish_time", "bind_time"}


def listed(account: Account) -> list[str]:
    """Return a line for each thing in the account; two of one name are two lines."""
    return sorted([*_functions(account), *_rest(account), *_gateway(account.kept(Gateways)), *_buckets(account.kept(Buckets))])


def _functions(account: Account) -> Iterator[str]:
    for name, function in account.kept(Functions).functions.items():
        for version, one in function.versions.items():
            yield f"function {name} {version} {one.settings.get('description', '')} {_mark([one.settings, one.code.digest])}"
        for alias in function.aliases.values():
            is_lock = name.endswith("-lock")
            yield (
                f"lock {name}"
                if is_lock
                else f"alias {name} {alias.name} {alias.version} {_mark([alias.weights, alias.strategy, alias.description])}"
            )


def _rest(account: Account) -> Iterator[str]:
    if account.kept(Sound).ready:
        yield "table"
    for group in account.kept(Logs).groups.values():
        yield f"logs {group.name} {group.days}"
        yield from (f"log {group.name} {stream.name} {stream.days}" for stream in group.streams.values())
    names = {role.id: role.display_name for role in ROLES}
    for agency in account.kept(Agencies).agencies.values():
        yield f"agency {agency.name} {agency.trusted} {agency.duration} {sorted(names[one] for one in agency.roles)}"


def _gateway(kept: Gateways) -> Iterator[str]:
    named = {**{name: one["name"] for name, one in kept.authorizers.items()}, **{name: one["name"] for name, one in kept.responses.items()}}
    for group in kept.groups.values():
        domains = [one["domain"] for one in group["url_domains"]]
        yield f"group {group['name']} {group['remark']} {domains}"
    for api in kept.apis.values():
        yield f"api {_api(api)}"
    for (name, environment), record in kept.online.items():
        release = next(one for one in kept.releases[name, environment] if one.version_id == record["version_id"])
        yield f"published {environment} {_api(release.api)}"
    yield from (f"authorizer {one['name']} {_mark(_plain(one))}" for one in kept.authorizers.values())
    yield from (f"throttle {one['name']} {one['api_call_limits']} {one['type']}" for one in kept.throttles.values())
    online = {one["publish_id"]: one["api_name"] for one in kept.online.values()}
    for one in kept.bindings.values():
        yield f"throttled {online.get(one['publish_id'], 'nothing')} {kept.throttles.get(one['strategy_id'], {}).get('name')}"
    for one in kept.responses.values():
        yield from (f"answer {one['name']} {kind} {_mark(said)}" for kind, said in one["responses"].items() if not said.get("default"))
        yield f"answers {named[one['id']]}"
    others = {"certificate": kept.certificates, "plugin": kept.plugins, "attached": kept.attached, "feature": kept.features}
    yield from (f"{word} {name}" for word, things in others.items() for name in things)


def _api(api: Any) -> str:
    return f"{api['req_method']} {api['req_uri']} {api['auth_type']} {_mark(_plain(api))}"


def _buckets(kept: Buckets) -> Iterator[str]:
    for bucket in kept.all.values():
        yield f"bucket {bucket.name} {bucket.acl} {bucket.website} {_mark([bucket.policy, bucket.cors])} {sorted(bucket.domains)}"
        for key, one in bucket.objects.items():
            headers = {name: value for name, value in one.headers.items() if name.lower() not in {"date", "last-modified"}}
            yield f"object {key} {one.etag} {one.acl} {sorted(headers.items())}"


def _plain(document: Any) -> Any:
    """Return a document without what is another in each run."""
    if isinstance(document, dict):
        return {name: _plain(value) for name, value in document.items() if name not in _VARYING}
    return [_plain(one) for one in document] if isinstance(document, list) else document


def _mark(document: Any) -> str:
    """Return a short word for whatever a thing holds: two that differ have two."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode()).hexdigest()[:8]
