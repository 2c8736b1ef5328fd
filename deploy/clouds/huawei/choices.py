"""What the owner's choices mean on Huawei Cloud: what cannot be served, what zips are for, and what a stage consists of.

This file knows the platform's limits (huawei.md, 1); it asks no cloud. To check another choice, add it to `check`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy import bundle, own_models, streaming
from deploy.clouds import DeployError
from deploy.clouds.huawei import compute, health
from deploy.package import Target as Packaging
from deploy.wanted import Parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deploy.owner import Owner

#: The functions that keep accounts.
KEEPERS = tuple(one.name for one in bundle.FUNCTIONS if "STORE" in one.needs)
#: Seconds that a function behind the gateway may take: less than the gateway's 60, so that it still tells what went wrong; and what a stream may
#: (huawei.md, 1.6 and 1.9).
_BUFFERED, _STREAMED = 55, 300
#: Where answers may stream at all (huawei.md, 1.9).
STREAMING_REGIONS = ("cn-north-4", "cn-southwest-2")


def check(choices: Owner) -> None:
    """Raise DeployError for what the owner chose and Huawei Cloud cannot serve."""
    place = choices.deploy
    if bool(place.vpc) != bool(place.subnet):
        raise DeployError("A function joins a network by both ids: write `vpc` and `subnet` under [deploy] in twocan.toml, or neither.")
    if place.vpc and place.breaker == "shared":
        # The function that asks models stays outside of the network, or it would need a NAT gateway to reach them (huawei.md, 6).
        raise DeployError('A database inside a network cannot be reached by the chat function: leave out `breaker = "shared"` under [deploy].')
    if place.api_domain and place.api_domain == choices.site.domain:
        raise DeployError("The page and the API need a domain each: choose another `api_domain` under [deploy] in twocan.toml.")
    if place.streams and place.region not in STREAMING_REGIONS:
        raise DeployError(f"Answers stream in {' and '.join(STREAMING_REGIONS)} only: leave out `streams` under [deploy] in twocan.toml.")
    if unkeyed := ", ".join(row["name"] for row in own_models.unkeyed(choices.models)):
        raise DeployError(
            f"AWS knows a function of Huawei Cloud's by a key only: give {unkeyed} in twocan.toml a `key`, the name of an environment variable "
            "that holds ACCESS_KEY_ID:SECRET_ACCESS_KEY."
        )


def notes(choices: Owner) -> Iterator[str]:
    """Yield what an owner should hear of a stage that is as he chose."""
    if not choices.site.domain:
        yield health.NO_DOMAIN
    if not choices.deploy.api_domain:
        yield health.NO_API_DOMAIN


def packaging(choices: Owner) -> Packaging:  # noqa: ARG001 - FunctionGraph has one kind of processor for event functions
    """Return what zips are for."""
    return Packaging("huawei", "3.10", "x86_64")


def parts(choices: Owner) -> Parts:
    """Return what a stage consists of: the bucket serves the page, the gateway needs no grant and says itself what answers a preflight."""
    place = choices.deploy
    network = str(compute.Network(place.vpc, place.subnet, tuple(place.security_groups))) if place.vpc else ""
    return Parts(
        compute.PLATFORM,
        KEEPERS if network else (),
        cdn=False,
        grants=False,
        access_log=False,
        own_preflights=False,
        streams=place.streams,
        longest=_STREAMED if place.streams else _BUFFERED,
        own_records=False,
        apart=True,
        network=network,
        api_domain=place.api_domain,
    )


def beside(function: bundle.Function, choices: Owner) -> Mapping[str, bytes]:
    """Return what a zip holds beside the function: the server that streams, where one of its addresses does and the owner wants it."""
    streams = choices.deploy.streams and any(route.streams for route in bundle.ROUTES if route.function == function.name)
    return streaming.files("huawei") if streams else {}
