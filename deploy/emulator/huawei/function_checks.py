"""What FunctionGraph admits of a function's settings: names, ranges, lists, sizes, and the code of each refusal (huawei.md, 1.1, 1.3, 1.6, 3.1).

This file knows rules that need nothing but the request; what another thing must be there for is functions_kept.py's. To add a setting, add its line
to `SETTINGS`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from deploy.emulator.huawei.fields import OneOf, Rule, Shape, Text, Whole, read
from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.emulator.huawei.switches import Switches

#: What a refusal says when no code of its own is documented.
BAD = "FSS.0400"
HTTP = "http"
_PYTHON = ("Python2.7", "Python3.6", "Python3.9", "Python3.10")
_NODE = tuple(f"Node.js{number}" for number in ("6.10", "8.10", "10.16", "12.13", "14.18", "16.17", "18.15"))
_DOTNET = tuple(f"C#(.NET Core {number})" for number in ("2.0", "2.1", "3.1", "6.0"))
_SERVERS = (HTTP, "Custom", "Custom Image")
RUNTIMES = (*_PYTHON, *_NODE, "Java8", "Java11", "Java17", "Go1.8", "Go1.x", *_DOTNET, "PHP7.3", "PHP8.3", "Cangjie1.0", *_SERVERS)
MEMORY = (128, 256, 512, 768, 1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096)
SETTINGS: Mapping[str, Rule] = {
    "runtime": OneOf("FSS.1005", RUNTIMES),
    "timeout": Whole("FSS.1008", 3, 259_200),
    "handler": Text("FSS.1003", r".{1,128}"),
    "memory_size": OneOf("FSS.1007", MEMORY),
    "user_data": Text("FSS.1009"),
    "encrypted_user_data": Text("FSS.1009"),
    "xrole": Text(BAD, r".{0,64}"),
    "app_xrole": Text(BAD, r".{0,64}"),
    "description": Text("FSS.1019", r"(?s).{0,512}"),
    "initializer_handler": Text("FSS.1404", r"|.{3,128}"),
    "initializer_timeout": Whole("FSS.1405", 1, 300),
    "pre_stop_handler": Text(BAD, r"|.{3,128}"),
    "pre_stop_timeout": Whole(BAD, 1, 90),
    "func_vpc": Shape(BAD, dict),
    "strategy_config": Shape(BAD, dict),
    "log_config": Shape(BAD, dict),
    "network_controller": Shape(BAD, dict),
    "lts_custom_tag": Shape(BAD, dict),
    "enable_lts_log": Shape(BAD, bool),
    "ephemeral_storage": OneOf(BAD, (512, 10_240)),
    "enterprise_project_id": Text(BAD),
    "domain_names": Text(BAD),
}
CREATED: Mapping[str, Rule] = {
    "func_name": Text("FSS.1002", r"[A-Za-z]([A-Za-z0-9_-]{0,58}[A-Za-z0-9])?"),
    "package": Text("FSS.1004", r"[A-Za-z][A-Za-z0-9_-]{0,59}"),
    "type": OneOf(BAD, ("v1", "v2")),
}
_STRATEGY: Mapping[str, Rule] = {"concurrency": Whole(BAD, -1, 1000), "concurrent_num": Whole(BAD, 1, 1000)}
_VPC: Mapping[str, Rule] = {
    "vpc_id": Text(BAD, ".+"),
    "subnet_id": Text(BAD, ".+"),
    "security_groups": Shape(BAD, list),
    "is_safety": Shape(BAD, bool),
}
_ITEMS = 20
_FORM = re.compile(r"[^.\s/]+(?:/[^.\s/]+)*\.\w+")
_SECRET = "encrypted_user_data"


def created(document: Mapping[str, Any], switches: Switches) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a new function is called, and its settings. Raises Refused."""
    named = read(document, CREATED, ("func_name", "package"))
    # CONFLICT: the SDK's text gives v1 for a function that does not say its type (huawei.md, 3.1).
    return named, settings({"type": named.get("type", "v1")}, document, switches)


def settings(before: Mapping[str, Any], document: Mapping[str, Any], switches: Switches) -> dict[str, Any]:
    """Return a function's settings after a request: what it leaves out stays, but for secrets, of which nobody knows. Raises Refused."""
    wanted = read(document, SETTINGS, ("runtime", "timeout", "handler", "memory_size"))
    kept = dict(before) if switches.keeps_omitted_secrets else {name: value for name, value in before.items() if name != _SECRET}
    after = {**kept, **wanted}
    _check_user_data(after, switches)
    _check_handlers(after)
    _check_network(after)
    after["strategy_config"] = _strategy(after)
    return after


def most_instances(before: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a function's settings with another highest number of instances. Raises Refused."""
    most = read(document, {"max_instance_num": _STRATEGY["concurrency"]}, ("max_instance_num",))["max_instance_num"]
    return {**before, "strategy_config": {**before["strategy_config"], "concurrency": most}}


def user_data(text: str) -> dict[str, str]:
    """Return the variables that a setting holds. Raises Refused."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Refused(400, "FSS.1009", "The user data is invalid: it must be a JSON object of strings, as a string.")
    return found


def _check_user_data(after: Mapping[str, Any], switches: Switches) -> None:
    most = 2048 if switches.small_user_data else 4096
    found = {name: user_data(after.get(name, "")) for name in ("user_data", _SECRET)}
    for code, name in (("FSS.1017", "user_data"), ("FSS.1018", _SECRET)):
        # Which of the two a code is for, and whether the limit of 20 is for both together, the contract does not say: the narrower reading.
        if len(after.get(name, "")) > most or (sum(map(len, found.values())) > _ITEMS and found[name]):
            raise Refused(400, code, f"The {name} is too large: at most {_ITEMS} items and {most} characters.")


def _check_handlers(after: Mapping[str, Any]) -> None:
    if after["runtime"] in _SERVERS:
        return
    handler, initializer = after["handler"], after.get("initializer_handler", "")
    if len(handler) < 3 or not _FORM.fullmatch(handler):
        raise Refused(400, "FSS.1003", "The handler is invalid: file.function.")
    # It lies in the same file as the handler (huawei.md, 1.1).
    if initializer and (not _FORM.fullmatch(initializer) or initializer.rpartition(".")[0] != handler.rpartition(".")[0]):
        raise Refused(400, "FSS.1404", "The initializer is invalid: a function of the handler's file.")
    if initializer and "initializer_timeout" not in after:
        raise Refused(400, "FSS.1405", "An initializer needs initializer_timeout.")


def _check_network(after: Mapping[str, Any]) -> None:
    vpc = after.get("func_vpc")
    if vpc:
        read(vpc, _VPC, ("vpc_id", "subnet_id"))
    if vpc and not after.get("xrole"):
        raise Refused(400, BAD, "VPC access needs an agency (xrole).")


def _strategy(after: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many instances there may be: more than one request at a time only for servers (huawei.md, 1.6). Raises Refused."""
    strategy = {"concurrency": -1, "concurrent_num": 1, **read(after.get("strategy_config", {}), _STRATEGY)}
    if strategy["concurrent_num"] > 1 and after["runtime"] not in _SERVERS:
        raise Refused(400, BAD, "concurrent_num is for HTTP functions only.")
    return strategy
