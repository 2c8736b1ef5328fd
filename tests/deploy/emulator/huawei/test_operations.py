"""Every operation of FunctionGraph, IAM, LTS and CES refuses what is unsigned, malformed or of another project, with its service's codes."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from deploy.emulator.huawei import ces, functiongraph, iam, lts, signing
from deploy.emulator.huawei.account import Account
from deploy.emulator.huawei.control import Control
from deploy.emulator.huawei.functions_kept import Functions
from deploy.emulator.huawei.wire import Asked, Service
from tests.deploy.emulator.huawei.cloud import SERVICES

if TYPE_CHECKING:
    from deploy.emulator.huawei.wire import Answered, Operation


class Row(NamedTuple):
    """One operation of one service."""

    service: Service
    operation: Operation


SERVICES_SERVED = (functiongraph.SERVICE, iam.SERVICE, lts.SERVICE, ces.SERVICE)
ROWS_ON_THE_WIRE = json.loads((Path(__file__).parents[3] / "fixtures" / "huawei-wire.json").read_text(encoding="utf-8"))["requests"]
ROWS = [Row(service, one) for service in SERVICES_SERVED for one in service.operations]
EACH = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.operation.method} {row.operation.path}")
ACCOUNT = Account()
CONTROL = Control(ACCOUNT, SERVICES)


def asked(row: Row, project: str = ACCOUNT.keys.project, body: bytes = b"") -> Asked:
    """Return an unsigned request to an operation."""
    path = re.sub(r"\{\w+\}", "x", row.operation.path.replace("{project}", project))
    headers = {"host": "127.0.0.1", "content-type": "application/json", "x-sdk-date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())}
    return Asked(row.operation.method, "127.0.0.1", path, "", headers, body)


def signed(one: Asked) -> Asked:
    """Return a signed one."""
    names = ["content-type", "host", "x-sdk-date"]
    signature = signing.sign(one, ACCOUNT.keys.secret, names)
    header = f"SDK-HMAC-SHA256 Access={ACCOUNT.keys.access}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return one._replace(headers={**one.headers, "authorization": header})


def said(answered: Answered) -> tuple[int, bytes]:
    """Return an answer's status and body."""
    return answered.status, answered.body


@EACH
def test_an_unsigned_request_is_refused(row: Row) -> None:
    """Before anything else is looked at."""
    status, body = said(CONTROL(asked(row)))

    assert 401 == status
    assert row.service.codes.unsigned.encode() in body


@EACH
@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"'], ids=["broken", "array", "text"])
def test_a_body_that_is_no_object_is_refused(row: Row, body: bytes) -> None:
    """Whatever the operation makes of bodies."""
    status, answer = said(CONTROL(signed(asked(row, body=body))))

    assert 400 == status
    assert row.service.codes.malformed.encode() in answer


@EACH
def test_another_project_is_refused(row: Row) -> None:
    """The key leads to one project."""
    answered = CONTROL(signed(asked(row, project="f" * 32)))

    assert ("{project}" in row.operation.path) == (answered.status == 403)


@EACH
def test_what_is_not_there_is_no_fault_of_the_emulator(row: Row) -> None:
    """Names that mean nothing, and no body: an answer that is not 500, with an id."""
    answered = CONTROL(signed(asked(row)))

    assert 500 > answered.status
    assert "X-Request-Id" in answered.headers


SERVED = [row for row in ROWS_ON_THE_WIRE if any(service.owns(row["path"]) for service in SERVICES_SERVED)]


@pytest.mark.parametrize("row", SERVED, ids=lambda row: row["label"])
def test_what_the_sdk_was_seen_to_ask_has_an_operation(row: dict[str, Any]) -> None:
    """Each captured request to these services."""
    one = Asked(row["method"], "", row["path"], row["query"], {}, b"")
    (service,) = [service for service in SERVICES_SERVED if service.owns(one.path)]

    assert service.find(one) is not None


def test_a_fault_of_the_emulator_is_an_answer() -> None:
    """It says that it is the emulator's own."""
    account = Account(ACCOUNT.keys)
    account.kept(Functions).functions["x"] = None  # type: ignore[assignment] # what it must not be
    status, body = said(Control(account, SERVICES)(signed(asked(Row(functiongraph.SERVICE, functiongraph.OPERATIONS[1])))))

    assert (500, True) == (status, b"EMULATOR.0500" in body)


@pytest.mark.parametrize("service", SERVICES_SERVED, ids=lambda one: one.name)
def test_an_unknown_operation_is_refused(service: Service) -> None:
    """With the service's own code."""
    row = Row(service, service.operations[0]._replace(method="PATCH"))
    status, body = said(CONTROL(signed(asked(row))))

    assert 404 == status
    assert service.codes.unknown.encode() in body
