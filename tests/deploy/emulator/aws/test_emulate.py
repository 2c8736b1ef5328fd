"""The whole emulated AWS in this process: it tells what is deployed, and a listener that stumbles is told again."""

from __future__ import annotations

import queue
import socket
from typing import Any

import pytest

from deploy.emulator.aws.emulate import Emulator
from deploy.emulator.servers import Ports
from tests.deploy.emulator.aws.account import REGION, Account

PATIENCE = 20


def test_it_tells_what_is_deployed() -> None:
    """At once where it is, and then each change, until somebody has heard it."""
    heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    deaf = [True]

    def listen(told: dict[str, Any]) -> None:
        heard.put(told)
        if "api" in told and deaf.pop():
            deaf.append(False)
            raise OSError("the disk is full")

    with Emulator(REGION, changed=listen) as emulator:
        first = heard.get(timeout=PATIENCE)
        api = Account(emulator.environment["AWS_ENDPOINT_URL"]).staged()["restApiId"]
        in_vain, again = heard.get(timeout=PATIENCE), heard.get(timeout=PATIENCE)

    assert {"cloud": "aws", "region": REGION, "environment": emulator.environment} == first
    assert in_vain == again
    assert f"{emulator.environment['TWOCAN_API_ENDPOINT']}/{api}/live" == again["api"]


def test_it_listens_where_it_is_told_to() -> None:
    """At three ports, all of which are free again after."""
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
        socket.create_server(("127.0.0.1", 0)) as three,
    ):
        ports = Ports(*(server.getsockname()[1] for server in (one, two, three)))
    for _ in range(2):
        with Emulator(REGION, ports) as emulator:
            where = [emulator.environment[name] for name in ("AWS_ENDPOINT_URL", "TWOCAN_API_ENDPOINT", "TWOCAN_PAGE_ENDPOINT")]

        assert [f"http://127.0.0.1:{port}" for port in ports] == where


def test_what_cannot_start_leaves_nothing() -> None:
    """A page's port that is taken ends what was started before it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(OSError, match="in use"), Emulator(REGION, Ports(page=taken.getsockname()[1])):
            pass
        with Emulator(REGION) as emulator:
            assert "page" not in emulator.told()
