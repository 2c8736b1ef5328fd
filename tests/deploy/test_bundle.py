"""What should exist, compared with the handlers that are there."""

from __future__ import annotations

from importlib import import_module

import pytest

from deploy import bundle
from functions.shared import settings

FUNCTIONS = pytest.mark.parametrize("function", bundle.FUNCTIONS, ids=lambda one: one.name)
BEHIND_A_GATEWAY = [one for one in bundle.FUNCTIONS if one.kind == "gateway"]


@pytest.mark.parametrize("function", BEHIND_A_GATEWAY, ids=lambda one: one.name)
def test_routes_are_the_handlers(function: bundle.Function) -> None:
    """What the gateway sends to a function, that function answers; and it answers nothing that no gateway sends."""
    routed = {(one.method, one.path) for one in bundle.ROUTES if one.function == function.name}

    assert {(one.method, one.path) for one in import_module(function.module).ROUTES} == routed


def test_every_route_leads_to_a_function_behind_a_gateway() -> None:
    """The authorizer and the owner's function have no address."""
    assert {one.name for one in BEHIND_A_GATEWAY} == {one.function for one in bundle.ROUTES}


def test_only_what_gives_a_token_is_open() -> None:
    """An address is guarded unless its line says otherwise."""
    assert {"/auth/login", "/auth/refresh"} == {one.path for one in bundle.ROUTES if not one.guarded}


def test_names_and_addresses_are_unique() -> None:
    """One line for each."""
    names = [one.name for one in bundle.FUNCTIONS]
    addresses = [(one.method, one.path) for one in bundle.ROUTES]

    assert (len(set(names)), len(set(addresses))) == (len(names), len(addresses))


@FUNCTIONS
def test_a_function_is_given_what_its_handler_reads(function: bundle.Function) -> None:
    """Names of the settings' table, once each, and what the handler was made with."""
    assert import_module(function.module).handler.needs == function.needs
    assert len(set(function.needs)) == len(function.needs)
    assert set() == set(function.needs) - {row.name for row in settings.TABLE}


def test_every_setting_is_needed_by_somebody() -> None:
    """A row that no function reads would be documented in vain."""
    assert {row.name for row in settings.TABLE} == {name for one in bundle.FUNCTIONS for name in one.needs}


def test_the_gatekeeper_sees_no_key_but_the_tokens() -> None:
    """Neither the vendors' keys nor the store."""
    gatekeeper = next(one for one in bundle.FUNCTIONS if one.kind == "authorizer")

    assert {"TOKEN_ISSUER", "TOKEN_AUDIENCE", "TOKEN_KEY", "TOKEN_KEY_PREVIOUS"} == set(gatekeeper.needs)


def test_chat_may_run_for_as_long_as_an_answer() -> None:
    """The function's own limit is beyond the owner's largest."""
    longest = next(row.most for row in settings.TABLE if row.name == "TOTAL_SECONDS")

    assert longest == next(one.seconds for one in bundle.FUNCTIONS if one.name == "chat")
