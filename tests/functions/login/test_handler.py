"""login/handler.py: one answer to every failure, one hash run each, and sessions that end when they must."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from functions.login import handler
from functions.shared import accounts, passwords, tokens
from functions.shared.errors import Unavailable
from functions.shared.messages import Request
from functions.shared.stores import Record, Records, sqlite
from tests.fakes.desk import CHEAP, MONTH, PASSWORD, SALT, Desk, code, said
from tests.fakes.forge import ISSUER, KEY, digest, token
from tests.fakes.platforms import CONTEXTS
from tests.fakes.records import Down, Overtaken

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from functions.shared.serve import Started
    from tests.fakes.clock import Clock

NEW_PASSWORD = "nine lanterns drift at dusk"


def change_password(records: Records, name: str = "alice") -> None:
    """Do what users.passwd does."""
    account = accounts.get(records, name)
    accounts.save(records, account._replace(password=passwords.hashed(NEW_PASSWORD, SALT, CHEAP), epoch=account.epoch + 1))


def disable(records: Records, name: str = "alice") -> None:
    """Do what users.disable does."""
    account = accounts.get(records, name)
    accounts.save(records, account._replace(enabled=False, epoch=account.epoch + 1))


def bearer(granted: dict[str, Any]) -> dict[str, str]:
    """Return the header of whoever signed in."""
    return {"authorization": f"Bearer {granted['access_token']}"}


def turning(refresh_token: str) -> Request:
    """Return a request for fresh tokens."""
    return Request("POST", "/auth/refresh", {}, json.dumps({"refresh_token": refresh_token}).encode(), "theirs")


def test_signing_in_grants_both_tokens(desk: Desk) -> None:
    """And nothing else: no hash, no epoch, no session id outside the token."""
    response = desk.login()
    granted = said(response)

    assert (200, {"content-type": "application/json"}) == (response.status, response.headers)
    assert ({"token_type": "Bearer", "expires_in": 900, "username": "alice"}, 43) == (
        {name: granted[name] for name in ("token_type", "expires_in", "username")},
        len(granted["refresh_token"]),
    )
    assert {"access_token", "token_type", "expires_in", "refresh_token", "username", "admin"} == set(granted)
    assert "alice" == tokens.verify(granted["access_token"], ISSUER, now=desk.clock()).subject


def grant(records: Records, name: str = "alice", *, admin: bool = True) -> None:
    """Do what users.grant and users.revoke do."""
    accounts.save(records, accounts.get(records, name)._replace(admin=admin))


def test_an_admin_is_told_so_and_nobody_else(desk: Desk) -> None:
    """In the answer for the page, and in the token for the functions."""
    other = said(desk.login())
    grant(desk.records)
    admin = said(desk.login())

    assert (False, True) == (other["admin"], admin["admin"])
    assert [False, True] == [tokens.verify(one["access_token"], ISSUER, now=desk.clock()).admin for one in (other, admin)]


def test_a_session_learns_what_its_account_has_become(desk: Desk) -> None:
    """With the next access token, either way; nobody need sign in again."""
    granted = said(desk.login())
    found = []
    for admin in (True, False):
        grant(desk.records, admin=admin)
        granted = said(desk.refresh(granted["refresh_token"]))
        found.append((granted["admin"], tokens.verify(granted["access_token"], ISSUER, now=desk.clock()).admin))

    assert [(True, True), (False, False)] == found


@pytest.mark.parametrize("stored", [None, 1, "true", ["admin"]], ids=repr)
def test_only_true_makes_an_admin(desk: Desk, stored: Any) -> None:
    """An account that an older release wrote says nothing of it."""
    found = desk.records.get("accounts", "alice")
    assert found
    desk.records.put("accounts", "alice", {**found.body, "admin": stored}, if_version=found.version)

    assert said(desk.login())["admin"] is False


def test_the_log_learns_who_signed_in(desk: Desk) -> None:
    """The name of the account and the route; neither token nor password."""
    assert {"user": "alice", "route": "/auth/login"} == desk.login().facts


@pytest.mark.parametrize("name", ["Alice", " alice\t", "ALICE"])
def test_a_name_may_be_typed_in_any_case(desk: Desk, name: str) -> None:
    """The account's own name is what is granted."""
    assert "alice" == said(desk.login(name))["username"]


def test_the_store_holds_no_refresh_token(desk: Desk) -> None:
    """Only its digest: whoever reads the store can use nothing that is in it."""
    refresh_token = said(desk.login())["refresh_token"]
    found = desk.records.get("refresh", digest(refresh_token))

    assert found is not None
    assert refresh_token not in json.dumps(found)
    assert desk.clock() + MONTH == found.expires


FAILURES = {
    "wrong password": ("alice", "eight kettles sing at noon"),
    "unknown name": ("bob", PASSWORD),
    "impossible name": ("not a name", PASSWORD),
    "blank name": ("  ", PASSWORD),
    "disabled account": ("carol", PASSWORD),
    "disabled and wrong": ("carol", "x"),
    "hash as password": ("alice", passwords.hashed(PASSWORD, SALT, CHEAP)),
    "longest password": ("alice", "x" * 1_024),
    "nul": ("alice", "\0"),
}


@pytest.mark.parametrize("cloud", ["aws", "huawei"])
@pytest.mark.parametrize("failure", FAILURES)
def test_every_failure_is_the_same_answer_after_the_same_work(desk: Desk, recorded: Callable[[str], Any], failure: str, cloud: str) -> None:
    """Nobody learns from status, headers, bytes or work whether a name exists."""
    desk.open_account("carol")
    disable(desk.records, "carol")
    name, password = FAILURES[failure]
    event = {**recorded(f"{cloud}/login"), "body": json.dumps({"username": name, "password": password}), "isBase64Encoded": False}
    answer = desk.started(cloud)(event, CONTEXTS[cloud])
    expected = {
        "error": {
            "message": "The user name or the password is wrong. Check both; the owner can set a new password.",
            "type": "authentication_error",
            "code": "invalid_credentials",
            "param": None,
        }
    }
    headers = {"content-type": "application/json", "www-authenticate": "Bearer", "x-fixed": "yes", "x-request-id": f"{cloud}-gateway-id"}

    assert (401, json.dumps(expected, separators=(",", ":")), headers) == (answer["statusCode"], answer["body"], answer["headers"])
    assert ["scrypt$16$1$1"] == desk.works


def test_every_failure_is_the_same_line_in_the_log(desk: Desk) -> None:
    """A name that was typed, perhaps a password in the wrong field, is not logged."""
    facts = [desk.login(name, password).facts for name, password in FAILURES.values()]

    assert [{"code": "invalid_credentials", "route": "/auth/login"}] * len(FAILURES) == facts


def test_a_password_typed_on_another_keyboard_is_right(desk: Desk) -> None:
    """NFKC before hashing."""
    desk.open_account("bob", "caf\u00e9 au lait at seven")

    assert 200 == desk.login("bob", "cafe\u0301 au lait at seven").status


def test_outdated_parameters_are_replaced_at_sign_in(desk: Desk) -> None:
    """The hash follows today's cost; the password stays the same."""
    accounts.add(desk.records, "bob", passwords.hashed(PASSWORD, SALT, passwords.Cost(32, 1, 1)))
    before = desk.login("bob").status
    stored = accounts.get(desk.records, "bob").password

    assert (200, False) == (before, passwords.outdated(stored, CHEAP))
    assert 200 == desk.login("bob").status


def test_a_failed_sign_in_replaces_nothing(desk: Desk) -> None:
    """Only who knows the password can have it hashed anew."""
    accounts.add(desk.records, "bob", passwords.hashed(PASSWORD, SALT, passwords.Cost(32, 1, 1)))
    desk.login("bob", "wrong")

    assert 1 == accounts.get(desk.records, "bob").version


@pytest.mark.parametrize("change", [change_password, disable], ids=["new-password", "disabled"])
def test_a_change_while_the_hash_is_renewed_ends_the_old_passwords_session(desk: Desk, change: Callable[[Records, str], None]) -> None:
    """Whoever signed in with the old password in that very moment has a session of the old epoch, which is over."""
    accounts.add(desk.records, "bob", passwords.hashed(PASSWORD, SALT, passwords.Cost(32, 1, 1)))
    overtaken = Overtaken(desk.records, "accounts", lambda: change(desk.records, "bob"))
    desk.tools = desk.tools._replace(records=overtaken)
    granted = said(desk.login("bob"))

    assert (401, "session_ended") == code(desk.refresh(granted["refresh_token"]))
    assert (401, "session_ended") == code(desk.ask("GET", "/auth/me", headers=bearer(granted)))


def test_the_eleventh_try_is_refused_before_hashing(desk: Desk) -> None:
    """The right password does not help any more, and the answer says when it will."""
    first = [desk.login(password="wrong").status for _ in range(10)]
    desk.clock.forward(100)
    refused = desk.login()

    assert ([401] * 10, 429, "800", 10) == (first, refused.status, refused.headers["retry-after"], desk.hashes)


@pytest.mark.parametrize("name", ["alice", "bob", "not a name"])
def test_trying_is_limited_for_names_that_do_not_exist_too(desk: Desk, name: str) -> None:
    """Otherwise the limit itself would tell who exists."""
    answers = [code(desk.login(name, "wrong")) for _ in range(12)]

    assert [(401, "invalid_credentials")] * 10 + [(429, "too_many_attempts")] * 2 == answers


def test_spellings_of_one_name_share_its_limit(desk: Desk) -> None:
    """Ten tries for Alice, not ten for each way to write her."""
    spellings = ["alice", "Alice", " alice", "ALICE ", "aLICE", "alice\n"]
    tried = [desk.login(spellings[number % 6], "wrong").status for number in range(11)]

    assert [401] * 10 + [429] == tried


def test_trying_is_limited_by_address_whatever_the_names(desk: Desk) -> None:
    """The 51st try of one address; another address goes on."""
    tried = [desk.login(f"user{number}", "wrong").status for number in range(51)]

    assert ([401] * 50 + [429], 50) == (tried, desk.hashes)
    assert 200 == desk.login(source="192.0.2.2").status


def test_after_the_window_all_is_well(desk: Desk) -> None:
    """Exactly 15 minutes after the first try there is one more."""
    for _ in range(10):
        desk.login(password="wrong")
    desk.clock.forward(899)
    before = desk.login().status
    desk.clock.forward(1)

    assert (429, 200) == (before, desk.login().status)


def test_a_refresh_token_turns(desk: Desk) -> None:
    """Each use brings the next one, and a new access token of the same session."""
    first = said(desk.login())
    second = said(desk.refresh(first["refresh_token"]))
    third = said(desk.refresh(second["refresh_token"]))

    assert 3 == len({one["refresh_token"] for one in (first, second, third)})
    assert 1 == len({tokens.verify(one["access_token"], ISSUER, now=desk.clock()).session for one in (first, second, third)})


def test_reuse_of_a_spent_token_ends_the_session(desk: Desk) -> None:
    """Two parties hold it, and nobody knows which of them is the thief: RFC 9700, 4.14.2."""
    first = said(desk.login())
    second = said(desk.refresh(first["refresh_token"]))

    assert (401, "session_ended") == code(desk.refresh(first["refresh_token"]))
    assert (401, "session_ended") == code(desk.refresh(second["refresh_token"]))
    assert (401, "session_ended") == code(desk.ask("GET", "/auth/me", headers=bearer(second)))


def test_of_two_at_once_the_later_ends_the_session(desk: Desk) -> None:
    """Both read the token unspent; one write wins; then the session is over for both."""
    granted = said(desk.login())
    theirs: list[dict[str, Any]] = []
    calm = desk.tools
    rival = Overtaken(desk.records, "refresh", lambda: theirs.append(said(handler.answer(turning(granted["refresh_token"]), calm))))
    desk.tools = calm._replace(records=rival)

    assert (401, "session_ended") == code(desk.refresh(granted["refresh_token"]))
    assert (401, "session_ended") == code(desk.refresh(theirs[0]["refresh_token"]))


def _fail() -> None:
    raise Unavailable


def test_a_store_that_fails_while_a_token_turns_leaves_it_good(desk: Desk) -> None:
    """Whatever fails before the next token is out, the one in hand still works: nobody is signed out by a hiccup."""
    granted = said(desk.login())
    tools = desk.tools
    desk.tools = tools._replace(records=Overtaken(desk.records, "refresh", _fail))
    failed = code(desk.refresh(granted["refresh_token"]))
    desk.tools = tools

    assert failed == (503, "store_unavailable")
    assert desk.refresh(granted["refresh_token"]).status == 200


@pytest.mark.parametrize("junk", ["x", "x" * 1_024, "../sessions", "\0", "你"], ids=ascii)
def test_an_unknown_refresh_token_is_refused(desk: Desk, junk: str) -> None:
    """And ends nobody's session."""
    granted = said(desk.login())

    assert (401, "session_ended") == code(desk.refresh(junk))
    assert 200 == desk.refresh(granted["refresh_token"]).status


@pytest.mark.parametrize("end", [change_password, disable], ids=["new-password", "disabled"])
def test_an_account_that_changed_has_no_sessions(desk: Desk, end: Callable[[Records], None]) -> None:
    """A new password throws everybody out, and so does disabling."""
    granted = said(desk.login())
    end(desk.records)

    assert (401, "session_ended") == code(desk.refresh(granted["refresh_token"]))
    assert (401, "session_ended") == code(desk.ask("GET", "/auth/me", headers=bearer(granted)))


def test_a_disabled_account_is_out_whatever_its_epoch(desk: Desk) -> None:
    """Being disabled counts by itself, also if somebody wrote it into the store by hand."""
    granted = said(desk.login())
    accounts.save(desk.records, accounts.get(desk.records, "alice")._replace(enabled=False))

    assert (401, "session_ended") == code(desk.refresh(granted["refresh_token"]))


def test_a_session_ends_after_its_days_however_much_it_is_used(desk: Desk) -> None:
    """Turning the token does not prolong it."""
    refresh_token = said(desk.login())["refresh_token"]
    desk.clock.forward(MONTH - 1)
    refresh_token = said(desk.refresh(refresh_token))["refresh_token"]
    desk.clock.forward(1)

    assert (401, "session_ended") == code(desk.refresh(refresh_token))


def test_signing_out_ends_the_session(desk: Desk) -> None:
    """Its refresh token is worth nothing; the same person's other session goes on."""
    here, there = said(desk.login()), said(desk.login())
    response = desk.ask("POST", "/auth/logout", headers=bearer(here))

    assert (204, {}, []) == (response.status, response.headers, list(response.body))
    assert (401, "session_ended") == code(desk.refresh(here["refresh_token"]))
    assert 200 == desk.refresh(there["refresh_token"]).status


def test_signing_out_twice_is_no_error(desk: Desk) -> None:
    """Out is out."""
    granted = said(desk.login())
    answers = [desk.ask("POST", "/auth/logout", headers=bearer(granted)).status for _ in range(2)]

    assert [204, 204] == answers


def test_me_says_who_and_until_when(desk: Desk) -> None:
    """The page greets by it."""
    response = desk.ask("GET", "/auth/me", headers=bearer(said(desk.login())))

    assert {"username": "alice", "admin": False, "session_expires": desk.clock() + MONTH} == said(response)


def test_me_knows_at_once_that_a_session_is_over(desk: Desk) -> None:
    """The access token is still good, the session is not."""
    granted = said(desk.login())
    desk.ask("POST", "/auth/logout", headers=bearer(granted))

    assert (401, "session_ended") == code(desk.ask("GET", "/auth/me", headers=bearer(granted)))


def test_a_token_without_a_session_is_nobodys(desk: Desk) -> None:
    """Well signed, but its session was never begun here."""
    assert (401, "session_ended") == code(desk.ask("GET", "/auth/me", headers={"authorization": f"Bearer {token()}"}))


@pytest.mark.parametrize(("method", "path"), [("GET", "/auth/me"), ("POST", "/auth/logout")])
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer garbage"}, {"x-twocan-token": "garbage"}, {"x-twocan-user": "alice"}], ids=str)
def test_without_a_valid_token_nothing_opens(desk: Desk, method: str, path: str, headers: dict[str, str]) -> None:
    """The function verifies for itself, whatever the authorizer said."""
    assert (401, "unauthenticated") == code(desk.ask(method, path, headers=headers))


def test_an_expired_token_opens_nothing(desk: Desk) -> None:
    """After 900 s it takes a refresh."""
    granted = said(desk.login())
    desk.clock.forward(900)

    assert (401, "unauthenticated") == code(desk.ask("GET", "/auth/me", headers=bearer(granted)))


@pytest.mark.parametrize("path", ["/auth/login", "/auth/refresh"])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (400, "invalid_json")),
        (b"null", (400, "invalid_json")),
        (b"[]", (400, "invalid_json")),
        (b"username=alice", (400, "invalid_json")),
        (b'{"username": "alice", "username": "bob", "refresh_token": "a", "refresh_token": "b"}', (400, "invalid_json")),
        (rb'{"username": "\ud800", "password": "x", "refresh_token": "\ud800"}', (400, "invalid_json")),
        (b'{"username": "\xff", "password": "x"}', (400, "invalid_json")),
        (b'{"username":' * 1_300, (400, "invalid_json")),
        (b"{}", (400, "invalid_request")),
        (b'{"username": null, "password": null, "refresh_token": null}', (400, "invalid_request")),
        (b'{"username": 1, "password": 2, "refresh_token": 3}', (400, "invalid_request")),
        (b'{"username": ["alice"], "password": "x", "refresh_token": ["x"]}', (400, "invalid_request")),
        (b'{"username": {"$ne": ""}, "password": {"$ne": ""}, "refresh_token": {"$ne": ""}}', (400, "invalid_request")),
        (b'{"username": "", "password": "", "refresh_token": ""}', (400, "invalid_request")),
        (b'{"username": "%b", "password": "x", "refresh_token": "%b"}' % (b"x" * 1_025, b"x" * 1_025), (400, "invalid_request")),
        (b'{"username": "alice", "password": "%b", "refresh_token": "x"}' % (b"x" * 1_000_000), (413, "request_too_large")),
        (b" " * 16_385, (413, "request_too_large")),
    ],
    ids=lambda one: repr(one)[:40],
)
def test_a_malformed_body_has_a_stable_code(desk: Desk, path: str, body: bytes, expected: tuple[int, str]) -> None:
    """Nothing is hashed and nothing is counted."""
    assert (expected, 0) == (code(desk.ask("POST", path, body)), desk.hashes)
    assert [] == desk.records.query(f"attempts/address/{digest('192.0.2.1')}")


def test_a_lone_surrogate_in_plain_text_is_refused_by_the_gateways_words(desk: Desk, recorded: Callable[[str], Any]) -> None:
    """A platform's JSON reader may hand over text that no UTF-8 can carry."""
    event = {**recorded("aws/login"), "body": '{"username": "\ud800", "password": "x"}'}

    assert 400 == desk.started("aws")(event, CONTEXTS["aws"])["statusCode"]


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/auth/login", (405, "method_not_allowed")),
        ("POST", "/auth/me", (405, "method_not_allowed")),
        ("POST", "/auth/login/", (404, "not_found")),
        ("POST", "/AUTH/LOGIN", (404, "not_found")),
        ("INVOKE", "users.add", (404, "not_found")),
    ],
)
def test_there_are_four_addresses(desk: Desk, method: str, path: str, expected: tuple[int, str]) -> None:
    """And the owner's commands are not among them."""
    assert expected == code(desk.ask(method, path))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/auth/login", b'{"username": "alice", "password": "x"}'),
        ("POST", "/auth/refresh", b'{"refresh_token": "x"}'),
        ("POST", "/auth/logout", b""),
        ("GET", "/auth/me", b""),
    ],
)
def test_a_store_that_is_down_is_a_503(desk: Desk, method: str, path: str, body: bytes) -> None:
    """Nobody gets in, and no password is checked, while attempts cannot be counted."""
    desk.tools = desk.tools._replace(records=Down())

    assert (503, "store_unavailable") == code(desk.ask(method, path, body, {"authorization": f"Bearer {token()}"}))
    assert 0 == desk.hashes


def in_file(path: Path, clock: Clock, mode: str) -> Desk:
    """Return a desk on a file that is opened in a mode, with no patience."""
    connection = sqlite3.connect(f"file:{path}?mode={mode}", uri=True, timeout=0, isolation_level=None, check_same_thread=False)
    return Desk(sqlite.Sqlite(connection, clock), clock)


@pytest.mark.parametrize("mode", ["ro", "rw"], ids=["read-only", "locked"])
def test_a_store_that_cannot_be_written_is_a_503_and_loses_nothing(tmp_path: Path, clock: Clock, mode: str) -> None:
    """A refresh token is not spent by a try that failed."""
    path = tmp_path / "records.db"
    good = Desk(sqlite.open(f"sqlite:///{path}", clock), clock)
    good.open_account()
    granted = said(good.login())
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    failing = in_file(path, clock, mode)

    assert (503, "store_unavailable") == code(failing.login())
    assert (503, "store_unavailable") == code(failing.refresh(granted["refresh_token"]))
    other.execute("rollback")
    assert 200 == good.refresh(granted["refresh_token"]).status


def test_the_settings_make_the_tools(tmp_path: Path) -> None:
    """From the environment to a sign-in that is refused, with nothing faked."""
    given = {
        "SITE_ORIGIN": "https://chat.test",
        "TOKEN_ISSUER": "i",
        "TOKEN_AUDIENCE": "a",
        "TOKEN_KEY": KEY,
        "STORE": f"sqlite:///{tmp_path / 'records.db'}",
        "SESSION_DAYS": "7",
    }
    function: Started[handler.Tools] = handler.handler.start("aws", given.get)
    event = {"httpMethod": "POST", "path": "/auth/login", "body": '{"username": "bob", "password": "x"}'}

    assert 401 == function(event, CONTEXTS["aws"])["statusCode"]


def test_each_session_is_its_own_record(desk: Desk) -> None:
    """It names its account and epoch, and expires by itself."""
    session = tokens.verify(said(desk.login())["access_token"], ISSUER, now=desk.clock()).session
    expected = Record("sessions", session, 1, {"name": "alice", "epoch": 1}, desk.clock() + MONTH)

    assert expected == desk.records.get("sessions", session)
