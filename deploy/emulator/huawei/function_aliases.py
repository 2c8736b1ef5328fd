"""What an alias may be: the only one of its main version, with at most one additional version, by percent or by rules (huawei.md, 3.1 and 8).

This file knows the rules of aliases. Rules by header are kept and checked, but not followed: every call goes by the main version's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei.fields import OneOf, Rule, Shape, Text, read
from deploy.emulator.huawei.function_checks import BAD
from deploy.emulator.huawei.function_urns import LATEST
from deploy.emulator.huawei.function_values import Alias
from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.emulator.huawei.account import Account
    from deploy.emulator.huawei.function_values import Function

ALIASES = 10
_RULES: Mapping[str, Rule] = {
    "name": Text("FSS.1014", r"[A-Za-z]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"),
    "version": Text("FSS.1015", ".+"),
    "description": Text("FSS.1019", r"(?s).{0,512}"),
    "additional_version_weights": Shape("FSS.1092", dict),
    "additional_version_strategy": Shape(BAD, dict),
}
_STRATEGY: Mapping[str, Rule] = {"combine_type": OneOf(BAD, ("and", "or")), "rules": Shape(BAD, list)}
_RULE: Mapping[str, Rule] = {
    "rule_type": OneOf(BAD, ("Header",)),
    "param": Text(BAD, ".+"),
    "op": OneOf(BAD, ("=", "in")),
    "value": Text(BAD, ".+"),
}


def create(account: Account, found: Function, document: Mapping[str, Any]) -> Alias:
    """Keep a new alias, and return it. Raises Refused."""
    wanted = read(document, _RULES, ("name", "version"))
    if wanted["name"] in found.aliases:
        raise Refused(409, "FSS.1063", "The alias already exists.")
    if len(found.aliases) >= ALIASES:
        raise Refused(403, "FSS.1043", "There are too many aliases.")
    return _put(account, found, Alias(wanted["name"], "", "", {}, {}, 0), wanted)


def update(account: Account, found: Function, name: str, document: Mapping[str, Any]) -> Alias:
    """Change an alias, and return it: what is left out stays as it is. Raises Refused."""
    before = find(found, name)
    wanted = read(document, _RULES, ("version",))
    if not account.switches.empty_weights_clear and not wanted.get("additional_version_weights"):
        wanted.pop("additional_version_weights", None)
    return _put(account, found, before, wanted)


def find(found: Function, name: str) -> Alias:
    """Return an alias. Raises Refused: FSS.1053."""
    if name not in found.aliases:
        raise Refused(404, "FSS.1053", "The alias does not exist.")
    return found.aliases[name]


def _put(account: Account, found: Function, before: Alias, wanted: Mapping[str, Any]) -> Alias:
    # Only one of percent and rules may be there: a new one takes the other's place.
    weights, strategy = wanted.get("additional_version_weights"), wanted.get("additional_version_strategy")
    if weights and strategy:
        raise Refused(400, BAD, "Only one of additional_version_weights and additional_version_strategy may be given.")
    after = before._replace(
        version=wanted["version"],
        description=wanted.get("description", before.description),
        weights=weights if weights is not None else {} if strategy else before.weights,
        strategy=strategy if strategy is not None else {} if weights else before.strategy,
        modified=account.clock(),
    )
    _check_main(found, after)
    _check_additional(found, after)
    found.aliases[after.name] = after
    return after


def _check_main(found: Function, after: Alias) -> None:
    if after.version not in found.versions:
        raise Refused(404, "FSS.1052", "The version does not exist.")
    if any(one.version == after.version and one.name != after.name for one in found.aliases.values()):
        raise Refused(409, "FSS.1066", "The version already has an alias.")


def _check_additional(found: Function, after: Alias) -> None:
    # What is said to more than one additional version, the contract leaves open: there may be one at most.
    if len(after.additional) > 1:
        raise Refused(400, "FSS.1092", "An alias has at most one additional version.")
    if after.version in after.additional:
        raise Refused(400, "FSS.1093", "The additional version is the main version.")
    if after.additional - (set(found.versions) - {LATEST}):
        raise Refused(400, "FSS.1091", "The additional version does not exist, or is latest.")
    for weight in after.weights.values():
        if type(weight) is not int or not 0 <= weight <= 100:
            raise Refused(400, "FSS.1092", "The weight of the additional version must be from 0 to 100.")
    for strategy in after.strategy.values():
        _check_strategy(strategy)


def _check_strategy(strategy: Any) -> None:
    if not isinstance(strategy, dict) or not read(strategy, _STRATEGY, ("combine_type", "rules"))["rules"]:
        raise Refused(400, BAD, "The additional version's strategy has no rules.")
    for rule in strategy["rules"]:
        if not isinstance(rule, dict):
            raise Refused(400, BAD, "A rule must be an object.")
        read(rule, _RULE, tuple(_RULE))
