"""What must never be so in an emulated Huawei Cloud account, not even between a deployer's death and the next one's run.

To add a law, write it as a function that yields a line for each breach, and add it to `loose`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from deploy import site
from deploy.emulator.huawei.apig_kept import Gateways
from deploy.emulator.huawei.functions_kept import Functions
from deploy.emulator.huawei.obs_kept import Buckets
from tests.matrix import laws
from tests.matrix.stage import MODEL_KEY, TOKEN_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.emulator.huawei.account import Account
    from deploy.emulator.huawei.function_values import Function


def loose(account: Account) -> list[str]:
    """Return a line for each breach of a law."""
    gateways, functions = account.kept(Gateways), account.kept(Functions).functions
    found = [*_once(gateways), *_served(gateways, functions), *_pages(account.kept(Buckets))]
    return found + [line for function in functions.values() for law in (_aliases, _secrets) for line in law(function)]


def _once(kept: Gateways) -> Iterator[str]:
    """APIG keeps no name of an authorizer, a policy or a set of answers for one owner, so twins are possible."""
    things = {"group": kept.groups, "authorizer": kept.authorizers, "throttle": kept.throttles, "set of answers": kept.responses}
    for word, several in things.items():
        counted = Counter((one.get("group_id", ""), one["name"]) for one in several.values())
        yield from (f"{count} times {word} {name}" for (_, name), count in counted.items() if count > 1)
    addresses = Counter((one["group_id"], f"{one['req_method']} {one['req_uri']}") for one in kept.apis.values())
    yield from (f"{count} times {address}" for (_, address), count in addresses.items() if count > 1)


def _served(kept: Gateways, functions: dict[str, Function]) -> Iterator[str]:
    """What is published has its guard, and its function's alias and its authorizer's are there."""
    for name in kept.groups:
        served = kept.published(name)
        for api in served.apis if served else ():
            where = f"{api['req_method']} {api['req_uri']}"
            guard = kept.authorizers.get(api.get("authorizer_id") or "") if api["auth_type"] == "AUTHORIZER" else None
            if guard is None and not laws.may_be_open(api["req_method"], api["req_uri"]):
                yield f"{where} is open"
            called = [(api.get("func_info") or {}).get("alias_urn"), (guard or {}).get("authorizer_alias_uri")]
            yield from (f"{where}: no {urn}" for urn in called if urn and not _leads(urn, functions))


def _leads(urn: str, functions: dict[str, Function]) -> bool:
    function, alias = urn.split(":")[-2:]
    return function in functions and alias.removeprefix("!") in functions[function].aliases


def _aliases(function: Function) -> Iterator[str]:
    """An alias leads to versions that are there, never to what changes; and a lock has one holder."""
    for alias in function.aliases.values():
        named = {alias.version, *alias.additional}
        yield from (f"{function.name} {alias.name}: no version {one}" for one in named - set(function.versions))
        if "latest" in named:
            yield f"{function.name} {alias.name} leads to latest"
    if len(function.aliases) > 1:
        yield f"{function.name} has {len(function.aliases)} aliases"


def _secrets(function: Function) -> Iterator[str]:
    for version, one in function.versions.items():
        plain = str({name: value for name, value in one.settings.items() if name != "encrypted_user_data"})
        if TOKEN_KEY in plain or MODEL_KEY in plain or "u:p@" in plain:
            yield f"{function.name} {version} shows a secret"


def _pages(kept: Buckets) -> Iterator[str]:
    """The page has its files, browsers keep what never changes and nothing else, and nobody reads but by the bucket's policy."""
    for bucket in kept.all.values():
        index = bucket.objects.get("index.html")
        yield from laws.absent(index.body if index else None, bucket.objects)
        for key, one in bucket.objects.items():
            wanted = site.ALWAYS_ASK if key == "index.html" else site.FOREVER
            if _cache(one.headers) != wanted:
                yield f"{key} is cached as {_cache(one.headers)!r}"
        if {bucket.acl, *(one.acl for one in bucket.objects.values())} != {"private"}:
            yield f"{bucket.name} is open by an ACL"


def _cache(headers: Any) -> str:
    return next((str(value) for name, value in headers.items() if name.lower() == "cache-control"), "")
