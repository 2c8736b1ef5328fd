"""IAM's state: the agencies of an account, and the roles that each was granted (huawei.md, 5).

This file knows agencies and the system's roles; what a request says is iam.py's. The names and ids of roles are UNCONFIRMED but for their display
names. To add a role, add its line to `ROLES`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from deploy.emulator.huawei.wire import Refused

if TYPE_CHECKING:
    from deploy.emulator.huawei.account import Account

#: How many agencies an account may have. UNCONFIRMED.
AGENCIES = 50


class Role(NamedTuple):
    """A permission of the system's: AA is for projects and the domain, AX for the domain only, XA for projects only (SDK-IAM)."""

    name: str
    display_name: str
    type: str
    catalog: str

    @property
    def id(self) -> str:
        """Its id, the same in every account."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:32]


ROLES = (
    Role("te_admin", "Tenant Administrator", "AA", "BASE"),
    Role("readonly", "Tenant Guest", "AA", "BASE"),
    Role("vpc_netadm", "VPC Administrator", "XA", "VPC"),
    Role("lts_admin", "LTS Administrator", "XA", "LTS"),
    Role("apig_adm", "APIG Administrator", "XA", "APIG"),
    Role("ces_adm", "CES Administrator", "XA", "CES"),
    Role("system_all_fgs", "FunctionGraph FullAccess", "XA", "FunctionGraph"),
    Role("system_all_fgs_0", "FunctionGraph CommonOperations", "XA", "FunctionGraph"),
    Role("obs_b_list", "OBS Buckets Viewer", "AX", "OBS"),
    Role("obs_adm", "OBS Administrator", "AX", "OBS"),
)


@dataclass
class Agency:
    """An agency: whom it trusts, until when, and the ids of the roles that it has on the project."""

    id: str
    name: str
    trusted: str
    description: str
    duration: str
    made: float
    roles: set[str] = field(default_factory=set)


class Agencies:
    """Every agency, by its id."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.agencies: dict[str, Agency] = {}

    def find(self, agency_id: str) -> Agency:
        """Return an agency. Raises Refused."""
        if agency_id not in self.agencies:
            raise Refused(404, "IAM.0004", f"Could not find agency: {agency_id}.")
        return self.agencies[agency_id]

    def add(self, name: str, trusted: str, description: str, duration: str) -> Agency:
        """Keep a new agency, and return it. Raises Refused."""
        if self.named(name):
            raise Refused(409, "IAM.0005", f"The agency {name} already exists.")
        if len(self.agencies) >= AGENCIES:
            raise Refused(403, "IAM.0009", "There are too many agencies.")
        made = Agency(self._account.new_id(), name, trusted, description, duration, self._account.clock())
        self.agencies[made.id] = made
        return made

    def named(self, name: str) -> Agency | None:
        """Return the agency of this name, if there is one."""
        return next((one for one in self.agencies.values() if one.name == name), None)

    def trusts(self, name: str, domain: str) -> bool:
        """Say whether an agency is there, and trusts a domain."""
        found = self.named(name)
        return found is not None and found.trusted == domain

    def holds(self, name: str, display_name: str) -> bool:
        """Say whether an agency has a role, or the one that has everything."""
        found = self.named(name)
        enough = {one.id for one in ROLES if one.display_name in {display_name, "Tenant Administrator"}}
        return found is not None and bool(found.roles & enough)
