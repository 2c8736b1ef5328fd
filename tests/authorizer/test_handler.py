"""authorizer/handler.py: a valid token or nothing, on both clouds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer import handler
from functions.shared import clouds, tokens
from functions.shared.errors import InvalidRequest, SettingsError
from functions.shared.messages import Allow, Request, Unauthenticated
from functions.shared.serve import Guarding
from tests.fakes.clock import Clock
from tests.fakes.forge import ISSUER, KEY, PREVIOUS, token
from tests.fakes.platforms import CONTEXTS

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = {"TOKEN_ISSUER": ISSUER.issuer, "TOKEN_AUDIENCE": ISSUER.audience, "TOKEN_KEY": KEY, "TOKEN_KEY_PREVIOUS": PREVIOUS}
STAGE = "arn:aws:execute-api:eu-central-1:111122223333:a1b2c3d4e5/live"


def guarding(cloud: str, clock: Clock | None = None) -> Guarding[handler.Tools]:
    """Return the gatekeeper at work, on a clock of the tests."""
    return Guarding(clouds.load_gatekeeping(cloud), handler.decide, handler.Tools(ISSUER, clock or Clock()))


def admits(cloud: str, event: Any, clock: Clock | None = None) -> bool:
    """Say whether an event is let in. Every exception is a refusal, as it is for the gateway."""
    try:
        verdict = guarding(cloud, clock)(event, CONTEXTS[cloud])
    except Exception:  # noqa: BLE001 - this is what the gateway does
        return False
    if cloud == "aws":
        return any(one["Effect"] != "Deny" for one in verdict["policyDocument"]["Statement"])
    return bool(json.loads(verdict["body"])["status"] != "deny")


def event(cloud: str, authorization: Any) -> Any:
    """Return an authorizer event with this credential."""
    if cloud == "aws":
        return {"type": "TOKEN", "authorizationToken": authorization, "methodArn": f"{STAGE}/GET/v1/models"}
    return {"headers": {"authorization": authorization}, "queryStringParameters": {}}


def decided(headers: dict[str, str]) -> Any:
    """Return the decision on a request with these headers."""
    return handler.decide(Request("AUTHORIZE", "", headers, b"", "id"), handler.Tools(ISSUER, Clock()))


def test_a_valid_token_is_allowed() -> None:
    """The decision names who it is, and passes the token on as it came."""
    good = token()

    assert Allow("alice", good) == decided({"authorization": f"Bearer {good}"})


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": ""}, {"authorization": "Bearer garbage"}, {"authorization": token()}, {"x-twocan-user": "alice"}], ids=str
)
def test_everybody_else_is_unauthenticated(headers: dict[str, str]) -> None:
    """A bad token is a 401, never a 403: signing in again helps."""
    assert Unauthenticated() == decided(headers)


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
def test_a_token_is_admitted_until_its_expiry(cloud: str) -> None:
    """And not one second longer."""
    clock = Clock()
    asked = event(cloud, f"Bearer {tokens.issue(ISSUER, subject='alice', session='s', now=clock())}")
    clock.forward(899)
    before = admits(cloud, asked, clock)
    clock.forward(1)

    assert (True, False) == (before, admits(cloud, asked, clock))


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
def test_a_token_of_the_previous_key_is_admitted(cloud: str) -> None:
    """A rotation throws nobody out."""
    old = ISSUER._replace(keys=tokens.keys(PREVIOUS, ""))

    assert admits(cloud, event(cloud, f"Bearer {tokens.issue(old, subject='alice', session='s', now=Clock()())}"))


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        7,
        [],
        {},
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic eDp4",
        token(),
        f"Bearer  {token()}",
        f"Bearer {token()}x",
        "Bearer \ud800",
        "Bearer " + "x" * 100_000,
        True,
    ],
    ids=lambda one: ascii(one)[:16],
)
def test_anything_else_is_not_admitted(cloud: str, authorization: Any) -> None:
    """Whether by a denial or by an exception."""
    assert not admits(cloud, event(cloud, authorization))


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
@given(
    junk=st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text()), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=9
    )
)
def test_no_event_opens_by_accident(cloud: str, junk: Any) -> None:
    """It fails closed, whatever comes."""
    assert not admits(cloud, junk)
    assert not admits(cloud, event(cloud, junk))


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
@pytest.mark.parametrize("broken", ["clock", "context"])
def test_what_breaks_inside_closes(cloud: str, broken: str) -> None:
    """A clock that fails, a context without an id: no verdict at all."""

    def stopped() -> float:
        raise OSError

    tools = handler.Tools(ISSUER, stopped if broken == "clock" else Clock())
    function = Guarding(clouds.load_gatekeeping(cloud), handler.decide, tools)

    with pytest.raises((OSError, AttributeError)):
        function(event(cloud, f"Bearer {token()}"), object() if broken == "context" else CONTEXTS[cloud])


def test_aws_is_told_401_by_the_one_word() -> None:
    """Any other text would make it a 500."""
    with pytest.raises(Exception, match=r"\AUnauthorized\Z"):
        guarding("aws")(event("aws", "Bearer garbage"), CONTEXTS["aws"])


def test_apig_is_told_401_by_a_denial() -> None:
    """With status 200: any other one would make it a 500."""
    verdict = guarding("huawei")(event("huawei", "Bearer garbage"), CONTEXTS["huawei"])

    assert {"statusCode": 200, "body": '{"status":"deny","context":{"code":"unauthenticated"}}'} == verdict


@pytest.mark.parametrize("path", ["GET/", "GET/v1/models", "POST/v1/chat/completions"])
def test_the_policy_is_for_the_whole_stage(path: str) -> None:
    """It is cached, and then applied to routes that were not asked for."""
    asked = {**event("aws", f"Bearer {token()}"), "methodArn": f"{STAGE}/{path}"}
    verdict = guarding("aws")(asked, CONTEXTS["aws"])

    assert f"{STAGE}/*/*" == verdict["policyDocument"]["Statement"][0]["Resource"]


@pytest.mark.parametrize("arn", [None, "", "*", "arn:aws:execute-api:*:*:*/*/GET/x", STAGE], ids=repr)
def test_a_malformed_arn_raises_even_with_a_valid_token(arn: Any) -> None:
    """There is nothing that a policy could rightly name."""
    with pytest.raises(InvalidRequest):
        guarding("aws")({**event("aws", f"Bearer {token()}"), "methodArn": arn}, CONTEXTS["aws"])


def test_a_request_authorizers_event_is_refused(recorded: Callable[[str], Any]) -> None:
    """Ours is a TOKEN authorizer; another type means that it was set up otherwise than planned."""
    with pytest.raises(InvalidRequest):
        guarding("aws")(recorded("aws/authorizer_request_type"), CONTEXTS["aws"])


def test_it_starts_from_four_settings() -> None:
    """And sees no other: neither store nor vendor's key."""
    function = handler.handler.start("huawei", SETTINGS.get)
    verdict = function(event("huawei", "Bearer garbage"), CONTEXTS["huawei"])

    assert ("TOKEN_ISSUER", "TOKEN_AUDIENCE", "TOKEN_KEY", "TOKEN_KEY_PREVIOUS") == handler.NEEDS
    assert 200 == verdict["statusCode"]


def test_it_does_not_start_with_a_weak_key() -> None:
    """Rather no gatekeeper than one whose key can be guessed."""
    with pytest.raises(SettingsError, match="TOKEN_KEY must have 32 bytes"):
        handler.handler.start("aws", {**SETTINGS, "TOKEN_KEY": "weak"}.get)
