"""The whole walk on recorded events, for both clouds: every byte of the answer, and the one log line.

A golden is written anew only by `python -m tests.walk.test_goldens`; what changed is then a diff to be read. What is drawn by chance (fresh
tokens) is checked by its shape and named in the golden; the log line's milliseconds are left out.
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from authorizer import handler as authorizer
from functions.login import handler as login
from functions.shared import clouds
from functions.shared.serve import Guarding, Started
from functions.shared.stores import open_records
from tests.conftest import EVENTS
from tests.fakes.clock import Clock
from tests.fakes.desk import Desk
from tests.fakes.forge import CLAIMS, ISSUER, token
from tests.fakes.platforms import CONTEXTS

GOLDENS = Path(__file__).parent / "goldens"
SITUATIONS = sorted(str(path.relative_to(EVENTS).with_suffix("")) for path in EVENTS.glob("*/*.json"))
#: What is fresh in every answer, and what it looks like.
FRESH = {
    r"eyJ[\w-]+\.[\w-]+\.[\w-]{43}": "<access token>",
    r'(?<="refresh_token":")[\w-]{43}(?=")': "<refresh token>",
}
FIXED = {"access-control-allow-origin": "https://chat.example.com", "cache-control": "no-store"}


def desk() -> Desk:
    """Return a desk at which alice has an account, and the session that the recorded token names."""
    clock = Clock()
    one = Desk(open_records("sqlite:///:memory:", clock), clock)
    one.open_account()
    one.records.put("sessions", CLAIMS["sid"], {"name": "alice", "epoch": 1}, if_version=0, expires=clock() + 3_600)
    return one


def function(situation: str) -> Any:
    """Return the function at work that a recorded event is for."""
    cloud = situation.partition("/")[0]
    if "/authorizer" in situation:
        return Guarding(clouds.load_gatekeeping(cloud), authorizer.decide, authorizer.Tools(ISSUER, Clock()))
    return Started(clouds.load(cloud), login.answer, desk().tools, FIXED)


def walked(situation: str, **changed: Any) -> dict[str, Any]:
    """Return what came of one recorded event: the answer or what was raised, and the log line."""
    text = (EVENTS / f"{situation}.json").read_text(encoding="utf-8").replace("$TOKEN", token())
    with redirect_stdout(StringIO()) as printed:
        try:
            came: dict[str, Any] = {"answer": function(situation)({**json.loads(text), **changed}, CONTEXTS[situation.partition("/")[0]])}
        except Exception as error:  # noqa: BLE001 - an authorizer's refusal, in the gateway's words
            came = {"raised": f"{type(error).__name__}: {error}"}
    return {**came, "log": [json.loads(re.sub(r',"ms":[\d.]+', "", line)) for line in printed.getvalue().splitlines()]}


def golden(came: dict[str, Any]) -> str:
    """Return the text of a golden; what is fresh in an answer's body is named."""
    answer = came.get("answer", {})
    if "body" in answer:
        named = answer["body"].replace(token(), "<the token that was sent>")
        for shape, name in FRESH.items():
            named = re.sub(shape, name, named)
        came = {**came, "answer": {**answer, "body": named}}
    return json.dumps(came, indent=2, ensure_ascii=False) + "\n"


def place(situation: str) -> Path:
    """Return where a situation's golden lies."""
    return GOLDENS / f"{situation.replace('/', '_')}.json"


@pytest.mark.parametrize("situation", SITUATIONS)
def test_an_answer_is_its_golden(situation: str) -> None:
    """Status, headers, body and log line, byte for byte."""
    expected = place(situation).read_text(encoding="utf-8")

    assert expected == golden(walked(situation))


def test_every_golden_has_its_event() -> None:
    """No golden is left behind."""
    assert sorted(path.name for path in GOLDENS.iterdir()) == sorted(place(one).name for one in SITUATIONS)


@pytest.mark.parametrize(
    "situation", ["wrong_password", "not_json", "empty_base64_body", "null_maps", "me", "logout", "unknown_path", "wrong_method"]
)
def test_both_clouds_say_the_same(situation: str) -> None:
    """A client cannot tell which cloud answers, but for the request id."""
    here, there = (walked(f"{cloud}/{situation}")["answer"] for cloud in ("aws", "huawei"))
    for answer in (here, there):
        del answer["headers"]["x-request-id"]

    assert here == there


@pytest.mark.parametrize("claim", ["x-twocan-user", "x-user", "x-auth-user", "x-amzn-oidc-identity", "x-forwarded-user", "principalid"])
@pytest.mark.parametrize("situation", ["aws/null_maps", "aws/me", "huawei/null_maps", "huawei/me", "huawei/stripped_authorization"])
def test_an_identity_sent_from_outside_changes_nothing(situation: str, claim: str) -> None:
    """Not one byte: neither for whoever has a token, nor for whoever has none."""
    headers = json.loads((EVENTS / f"{situation}.json").read_text(encoding="utf-8").replace("$TOKEN", token()))["headers"] or {}
    changed = {"headers": {**headers, claim: "mallory"}, **({"multiValueHeaders": None} if situation.startswith("aws") else {})}

    assert walked(situation) == walked(situation, **changed)


@pytest.mark.parametrize("situation", ["aws/null_maps", "aws/me"])
@pytest.mark.parametrize(
    "authorizer_said", [{"principalId": "mallory"}, {"principalId": "mallory", "token": "x", "claims": {"sub": "mallory"}}, None, "mallory"], ids=str
)
def test_what_the_gateway_says_of_an_identity_changes_nothing(situation: str, authorizer_said: Any) -> None:
    """A function verifies for itself: it might be reached past the authorizer."""
    event = json.loads((EVENTS / f"{situation}.json").read_text(encoding="utf-8"))

    assert walked(situation) == walked(situation, requestContext={**event["requestContext"], "authorizer": authorizer_said})


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
def test_the_second_header_is_verified_too(cloud: str) -> None:
    """It serves when Authorization is absent, and a garbled one does not."""
    statuses = [
        walked(f"{cloud}/null_maps", headers={"x-twocan-token": sent}, multiValueHeaders=None)["answer"]["statusCode"]
        for sent in (token(), token()[:-1], token(claims={"exp": 1}))
    ]

    assert [200, 401, 401] == statuses


def write_goldens() -> None:
    """Write every golden anew."""
    for situation in SITUATIONS:
        place(situation).write_text(golden(walked(situation)), encoding="utf-8")
    sys.stdout.write(f"{len(SITUATIONS)} goldens written\n")


if __name__ == "__main__":
    write_goldens()
