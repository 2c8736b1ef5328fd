"""What stands in the way of a deployment on Huawei Cloud: a question to each service, and a word on what the owner must bring.

This file knows which call tells what; it changes nothing. To add a check, write it as a function that yields `Finding`s, and add it to `findings`.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from deploy.clouds import DeployError, Finding, answers
from deploy.clouds.huawei import lock, storage
from deploy.clouds.huawei.account import code, status
from deploy.clouds.huawei.prices import GATEWAY, NAT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.clouds.huawei.account import Account
    from deploy.clouds.huawei.storage import Storage
    from deploy.owner import Owner

_INSIDE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_BUY = (
    "Buy a dedicated gateway in the console (API Gateway, Gateways, Buy Gateway; the basic edition does) with an inbound EIP, wait until it runs, "
    'and write its id as gateway = "…" under [deploy] in twocan.toml. It is billed by the hour whether anybody chats or not: about '
    f"US$ {GATEWAY:,.0f} a month."
)

NO_DOMAIN = "The page has no domain: OBS lets browsers download it instead of showing it. Write `domain` under [site] in twocan.toml."
NO_API_DOMAIN = "The API has only the gateway's own address, which takes 1,000 calls a day: bind a domain with `api_domain` under [deploy]."


def findings(account: Account, choices: Owner, kept: Storage) -> Iterator[Finding]:
    """Yield what was found, good and bad."""
    yield Finding(good=True, text=f"Huawei Cloud project {account.names.project}, region {account.names.region}")
    # One harmless reading of each service that a stage needs.
    try:
        account.call("fgs", "list_functions", maxitems="1")
    except DeployError as error:
        yield Finding(good=False, text=str(error))
        if status(error) in {0, 401}:
            # Nobody is there, or the keys are none: the others would say the same, each in its own words.
            return
    else:
        yield Finding(good=True, text="fgs answers")
    yield answers("lts", lambda: account.call("lts", "list_log_groups"))
    yield answers("obs", lambda: kept.call("headBucket", kept.bucket, absent=("404",)))
    yield from _gateway(account, choices)
    yield from _page(choices, kept)
    yield from _database(account, choices)
    held = _held(account)
    if held:
        yield held


def _gateway(account: Account, choices: Owner) -> Iterator[Finding]:
    """Yield what is to be said of the gateway: that there is one, that it runs, that the internet reaches it, and by which name."""
    instance = choices.deploy.gateway
    if not instance:
        yield Finding(good=False, text=f"There is no gateway. {_BUY}")
        return
    try:
        about = account.call("apig", "show_details_of_instance_v2", instance_id=instance)
    except DeployError as error:
        # Who may not look has no need of another gateway.
        yield Finding(good=False, text=f"{error} {_BUY}" if code(error) == "APIG.3030" else str(error))
        return
    runs = about.get("status") == "Running"
    yield Finding(good=runs, text=f"the gateway {instance} is {about.get('status', 'unknown')}" + ("" if runs else ": wait, or see the console"))
    if not about.get("eip_address") and not about.get("publicips"):
        yield Finding(good=False, text="The gateway has no EIP, so nobody outside its network reaches it: bind one in the console.")
    if not choices.deploy.api_domain:
        # To begin with it does; and binding one needs the group's own address, which an apply makes.
        yield Finding(good=True, text=NO_API_DOMAIN)


def _page(choices: Owner, kept: Storage) -> Iterator[Finding]:
    domain = choices.site.domain
    if not domain:
        yield Finding(good=False, text=NO_DOMAIN)
        return
    try:
        bound = domain in storage.domains(kept)
    except DeployError:
        # Said already, or the bucket is not there yet.
        return
    if bound:
        text = (
            f"{domain} is bound to the bucket; it needs a CNAME to {kept.bucket}'s website, and in OBS's console a certificate, or browsers refuse it"
        )
        yield Finding(good=True, text=text)


def _database(account: Account, choices: Owner) -> Iterator[Finding]:
    """Yield what joining a network means: no way out of it but through a NAT gateway (huawei.md, 6)."""
    if choices.deploy.vpc:
        text = (
            "Functions that keep accounts join your network. They alone do: the one that asks models keeps its way to the internet, so no NAT "
            f"gateway (about US$ {NAT:,.0f} a month) is needed."
        )
        yield Finding(good=True, text=text)
        return
    try:
        place = account.database()
    except DeployError:
        # Said where it is wanted.
        return
    if place and _is_inside(place.host):
        yield Finding(good=False, text="DATABASE_URL is an address inside a network: write `vpc` and `subnet` under [deploy] in twocan.toml.")


def _is_inside(host: str) -> bool:
    """Say whether this is an address of the kind that networks give to what is in them (RFC 1918)."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in _INSIDE)


def _held(account: Account) -> Finding | None:
    try:
        held = lock.read(account)
    except DeployError:
        return None
    return None if held is None else Finding(good=False, text=f"A deployer holds the lock, last seen {held.age:.0f} s ago.")
