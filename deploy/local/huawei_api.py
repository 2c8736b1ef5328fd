"""One API of APIG as it is configured: its address, what it passes on and under which names (huawei.md, 1.4 and 2.4). Pure.

This file knows parameters and addresses; events are made of them by huawei.py. `OURS` is what our own deployer configures; the emulated Huawei
Cloud makes an `Api` of what is stored there. To pass on one of `$context`'s values more, add it to `_context`.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Literal, NamedTuple

from deploy.local.dialect import Kind, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.local.dialect import Call

Location = Literal["HEADER", "QUERY", "PATH"]
_FRONTEND = "$context.authorizer.frontend."
_PARAMETER = re.compile(r"\{([^}]*)\}")


class Address(NamedTuple):
    """The path of an API. `pattern` has a group for each of `names`; the one called "" is what comes behind a prefix."""

    pattern: re.Pattern[str]
    names: tuple[str, ...]

    @classmethod
    def of(cls, path: str, *, prefix: bool) -> Address:
        """Return the address that is written so: `{name}` is any one part, and what is behind a prefix begins a part."""
        parts = _PARAMETER.split(path.rstrip("/") if prefix else path)
        # split gives literals at even places, and names between them.
        text = "".join("([^/]+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
        return cls(re.compile(text + ("(?:/(.*))?" if prefix else ""), re.DOTALL), (*parts[1::2], *([""] if prefix else [])))

    def read(self, path: str) -> dict[str, str] | None:
        """Return what stands at the named places of a path; None for the path of another API."""
        found = self.pattern.fullmatch(path)
        return {name: value or "" for name, value in zip(self.names, found.groups(), strict=True)} if found else None


class Asked(NamedTuple):
    """A parameter that an API wants of its caller."""

    name: str
    location: Location
    required: bool = False
    default: str | None = None


class Parameter(NamedTuple):
    """A parameter for the function: `value` is a constant, one of `$context`'s, or what the caller says for the parameter `asked`."""

    location: Location
    name: str
    value: str = ""
    asked: Asked | None = None


#: What our own deployer maps.
OURS = (Parameter("HEADER", "x-twocan-source", "$context.sourceIp"), Parameter("HEADER", "x-twocan-token", f"{_FRONTEND}token"))


class Api(NamedTuple):
    """One API. `base64`: so are the bodies that it passes on. `user_data` and `sends_body` are its authorizer's.

    `streams`: an answer is passed on as it comes, which takes a function that can and a gateway that is told to (huawei.md, 1.9).
    """

    id: str = "0" * 32
    stage: str = "RELEASE"
    address: Address | None = None
    asked: tuple[Asked, ...] = ()
    parameters: tuple[Parameter, ...] = OURS
    base64: bool = True
    user_data: str = ""
    sends_body: bool = False
    streams: bool = False

    def placed(self, call: Call, caller: Mapping[str, str] | None) -> dict[Location, dict[str, str]]:
        """Return the function's parameters by where they belong. Raises Refusal where one is missing that the caller has to give."""
        path = self.address.read(call.path) or {} if self.address else {}
        for one in self.asked:
            if one.required and _said(one, call, path) is None:
                raise Refusal(Kind.MALFORMED)
        placed: dict[Location, dict[str, str]] = {"HEADER": {}, "QUERY": {}, "PATH": {"": path[""]} if "" in path else {}}
        for parameter in self.parameters:
            value = _said(parameter.asked, call, path) if parameter.asked else self._value(parameter.value, call, caller or {})
            if value is not None:
                placed[parameter.location][parameter.name.lower() if parameter.location == "HEADER" else parameter.name] = value
        return placed

    def _value(self, value: str, call: Call, caller: Mapping[str, str]) -> str | None:
        """Return a constant, or what stands for it; None for what the authorizer has not said, which may not be mapped at all without one."""
        if not value.startswith("$context."):
            return value
        if value.startswith(_FRONTEND):
            return caller.get(value.removeprefix(_FRONTEND))
        return self._context(call).get(value.removeprefix("$context."))

    def _context(self, call: Call) -> dict[str, str]:
        return {
            "sourceIp": call.source,
            "stage": self.stage,
            "apiId": self.id,
            # Who has an app's credentials: nobody here.
            "appId": "",
            "requestId": call.request_id,
            "serverAddr": "127.0.0.1",
            "serverName": "api-gateway",
            "handleTime": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()),
        }


def _said(one: Asked, call: Call, path: Mapping[str, str]) -> str | None:
    places: dict[Location, Mapping[str, str]] = {"QUERY": dict(call.query), "PATH": path}
    said = call.header(one.name.lower()) or None if one.location == "HEADER" else places[one.location].get(one.name)
    return one.default if said is None else said
