"""A walk in one process, to be run under another interpreter than the tests': `python -m tests.fakes.elsewhere` prints what came of it.

Knows nothing of pytest, since only the functions' own requirements are there.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from authorizer import handler as authorizer
from functions.admin import handler as admin
from functions.shared import clouds
from functions.shared.serve import Guarding, Started
from functions.shared.stores import open_records, open_table
from tests.fakes.clock import Clock
from tests.fakes.desk import CHEAP, Desk, code, said
from tests.fakes.forge import ISSUER
from tests.fakes.platforms import CONTEXTS


def walk() -> list[Any]:
    """Add a user by hand, sign in, be admitted, turn the token, use it twice."""
    clock = Clock()
    desk = Desk(open_records("sqlite:///:memory:", clock), clock)
    desk.open_account()
    granted = said(desk.login())
    asked = {"headers": {"authorization": f"Bearer {granted['access_token']}"}}
    verdict = Guarding(clouds.load_gatekeeping("huawei"), authorizer.decide, authorizer.Tools(ISSUER, clock))(asked, CONTEXTS["huawei"])
    turned = desk.refresh(granted["refresh_token"]).status
    listed = Started(clouds.load("direct"), admin.answer, admin.Tools(desk.records, open_table("sqlite:", Clock()), 15, CHEAP), {})(
        {"command": "users.list"}, None
    )
    deep = desk.ask("POST", "/auth/login", b'{"a":' * 3_000)
    return [
        json.loads(verdict["body"])["status"],
        turned,
        code(desk.refresh(granted["refresh_token"])),
        code(desk.login(password="wrong")),
        code(deep),
        listed["body"],
    ]


if __name__ == "__main__":
    result = json.dumps(walk())
    sys.stdout.write(f"{result}\n")
