"""admin/handler.py: users, and what makes a password good enough."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from functions.admin import handler
from functions.shared import accounts, attempts, clouds, passwords
from functions.shared.errors import SettingsError
from functions.shared.serve import Started
from functions.shared.stores import open_records, open_table
from tests.fakes import postgres
from tests.fakes.clock import Clock
from tests.fakes.desk import CHEAP, PASSWORD, Desk, code, said
from tests.fakes.records import Overtaken

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from functions.shared.stores import Records, Table


@pytest.fixture(name="invoke")
def _invoke(records: Records) -> Callable[..., Any]:
    """Return the function as the deployer reaches it."""
    return invoking(records)


def invoking(records: Records, least: int = 15, table: Table | None = None) -> Callable[..., Any]:
    """Return invoke(command, arguments) -> (status, body or code)."""
    started = Started(clouds.load("direct"), handler.answer, handler.Tools(records, table or open_table("sqlite:", Clock()), least, CHEAP), {})

    def invoke(command: str, **arguments: Any) -> tuple[int, Any]:
        answer = started({"command": command, "arguments": arguments}, None)
        return answer["status"], answer["body"].get("error", {}).get("code") or answer["body"]

    return invoke


def test_a_user_is_added(invoke: Callable[..., Any], records: Records) -> None:
    """Under the name as it is compared, with a hash that matches."""
    answer = invoke("users.add", username=" Alice ", password=PASSWORD)
    account = accounts.get(records, "alice")

    assert (200, {"username": "alice"}) == answer
    assert (True, 1, True) == (account.enabled, account.epoch, passwords.matches(PASSWORD, account.password))


def test_each_hash_has_its_own_salt(invoke: Callable[..., Any], records: Records) -> None:
    """Two people with one password cannot be told so."""
    invoke("users.add", username="alice", password=PASSWORD)
    invoke("users.add", username="bob", password=PASSWORD)

    assert accounts.get(records, "alice").password != accounts.get(records, "bob").password


def test_a_name_is_added_once(invoke: Callable[..., Any]) -> None:
    """The second time it is taken."""
    invoke("users.add", username="alice", password=PASSWORD)

    assert (409, "already_exists") == invoke("users.add", username="ALICE", password=PASSWORD)


@pytest.mark.parametrize("name", ["not a name", "", None, 7, "x" * 65, "\u0430lice", "爱丽丝"], ids=ascii)
def test_an_impossible_name_is_refused(invoke: Callable[..., Any], name: Any) -> None:
    """No look-alikes, no blanks, nothing that is no text."""
    assert (400, "invalid_request") == invoke("users.add", username=name, password=PASSWORD)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "fourteen chars",
        "passwordpassword",
        "password1234567890",
        "123456789012345678",
        "qwertyuiopasdfghjkl",
        "aaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabc",
        "abcdefghijklmnopqrstuvwxyz",
        "iloveyouiloveyou",
        "sheherazadesheherazade",
        "Sheherazade2024",
        "twocantwocantwocan",
        "我我我我我我我我我我我我我我我我",
        "密码密码密码密码密码密码密码密码",
        "\uff30\uff21\uff33\uff33\uff37\uff2f\uff32\uff24passwordpass",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("command", ["users.add", "users.passwd"])
def test_a_weak_password_is_refused(invoke: Callable[..., Any], records: Records, command: str, password: str) -> None:
    """Short, common, repeated, in a row on the keyboard, or the name: and then nothing has changed."""
    if command == "users.passwd":
        accounts.add(records, "sheherazade", "hash")

    assert (400, "weak_password") == invoke(command, username="sheherazade", password=password)
    assert ["hash"] * (command == "users.passwd") == [one.password for one in accounts.listed(records, "", 9)]


@pytest.mark.parametrize("password", ["password", "Password1", "TRUSTNO1"])
def test_a_listed_password_is_refused_however_short_they_may_be(records: Records, password: str) -> None:
    """An owner who allows eight characters does not allow the best known ones, in whatever case."""
    assert (400, "weak_password") == invoking(records, 8)("users.add", username="alice", password=password)


def test_a_name_with_blanks_around_is_weak_all_the_same(invoke: Callable[..., Any]) -> None:
    """The name is compared as it will be stored."""
    assert (400, "weak_password") == invoke("users.add", username="  Sheherazade  ", password="sheherazade2024")


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "correct horse battery staple",
        "我的茶壶在唱歌给月亮听呢今天晚",
        "床前明月光疑是地上霜举头望明月",
        "wuvbqlmzyxneaph",
        "Der Dackel träumt vom Mähdrescher",
        "\U0001f43f brown squirrels hide nuts",
        "x7#" * 3 + "lantern-gravel-otter",
        "violet kayak thunder " * 40,
    ],
    ids=lambda one: ascii(one[:20]),
)
def test_a_good_passphrase_is_accepted(invoke: Callable[..., Any], password: str) -> None:
    """Length makes it good, in any script; no digit and no mark is demanded."""
    assert (200, {"username": "alice"}) == invoke("users.add", username="alice", password=password)


@pytest.mark.parametrize("least", [8, 15, 128])
def test_the_least_length_is_a_setting(records: Records, least: int) -> None:
    """One character fewer is refused, exactly as many will do."""
    text = ("wuvbqlmzyxneaph " * 8)[:least]

    assert (400, "weak_password") == invoking(records, least)("users.add", username="alice", password=text[:-1])
    assert (200, {"username": "alice"}) == invoking(records, least)("users.add", username="alice", password=text)


def test_length_is_counted_after_normalising(invoke: Callable[..., Any]) -> None:
    """Fifteen code points that are eight letters are eight characters."""
    assert (400, "weak_password") == invoke("users.add", username="bob", password="q\u0308w\u0308e\u0308r\u0308t\u0308z\u0308u\u0308i")


@pytest.mark.parametrize("password", [None, 7, "", ["x"], "x" * 1_025], ids=lambda one: repr(one)[:12])
def test_a_password_that_is_no_text_is_refused(invoke: Callable[..., Any], password: Any) -> None:
    """It is malformed rather than weak."""
    assert (400, "invalid_request") == invoke("users.add", username="alice", password=password)


def test_users_are_listed_without_their_hashes(invoke: Callable[..., Any]) -> None:
    """Name, whether they may sign in, and whether they are admins."""
    invoke("users.add", username="bob", password=PASSWORD)
    invoke("users.add", username="alice", password=PASSWORD)
    invoke("users.disable", username="bob")
    users = [{"username": "alice", "enabled": True, "admin": False}, {"username": "bob", "enabled": False, "admin": False}]

    assert (200, {"users": users, "more": False}) == invoke("users.list")


def test_admins_are_made_and_unmade(invoke: Callable[..., Any], records: Records) -> None:
    """With the account or afterwards; nothing else about it changes, and its sessions go on."""
    invoke("users.add", username="alice", password=PASSWORD, admin=True)
    made = accounts.get(records, "alice")
    answers = [invoke(command, username="Alice ") for command in ("users.revoke", "users.grant", "users.grant", "users.revoke")]
    left = accounts.get(records, "alice")

    assert [(200, {"username": "alice"})] * 4 == answers
    assert (made._replace(admin=False, version=5), True) == (left, made.admin)


def test_a_new_password_makes_no_admin(invoke: Callable[..., Any], records: Records) -> None:
    """Nor does it unmake one."""
    for name, admin in (("alice", True), ("bob", False)):
        invoke("users.add", username=name, password=PASSWORD, admin=admin)
        invoke("users.disable", username=name)
        invoke("users.passwd", username=name, password=PASSWORD)

    assert (True, False) == (accounts.get(records, "alice").admin, accounts.get(records, "bob").admin)


@pytest.mark.parametrize("command", ["users.grant", "users.revoke"])
def test_only_a_user_who_is_there_becomes_an_admin(invoke: Callable[..., Any], command: str) -> None:
    """Anybody else is named."""
    assert (404, "not_found") == invoke(command, username="nobody")


@pytest.mark.parametrize("admin", [None, 1, "true", []], ids=repr)
def test_whether_somebody_is_an_admin_is_not_guessed(invoke: Callable[..., Any], records: Records, admin: Any) -> None:
    """And the account is not made."""
    assert (400, "invalid_request") == invoke("users.add", username="alice", password=PASSWORD, admin=admin)
    assert accounts.find(records, "alice") is None


def test_a_long_list_comes_in_pages(invoke: Callable[..., Any], records: Records) -> None:
    """`after` the last name of a page comes the next one, until there is no more."""
    names = [f"user{number:04}" for number in range(450)]
    for name in names:
        accounts.add(records, name, "hash")
    found: list[str] = []
    more = True
    while more:
        _, page = invoke("users.list", after=found[-1] if found else "")
        found += [one["username"] for one in page["users"]]
        more = page["more"]

    assert names == found


@pytest.mark.parametrize("after", [None, 7, ["x"]], ids=repr)
def test_a_page_begins_after_a_text(invoke: Callable[..., Any], after: Any) -> None:
    """Anything else is refused."""
    assert (400, "invalid_request") == invoke("users.list", after=after)


def test_a_disabled_user_cannot_sign_in(invoke: Callable[..., Any], desk: Desk) -> None:
    """Nor refresh what they have."""
    granted = said(desk.login())

    assert (200, {"username": "alice"}) == invoke("users.disable", username="alice")
    assert (401, "invalid_credentials") == code(desk.login())
    assert (401, "session_ended") == code(desk.refresh(granted["refresh_token"]))


def test_a_new_password_ends_sessions_and_opens_again(invoke: Callable[..., Any], desk: Desk) -> None:
    """The owner's way back in for somebody who is disabled or locked out."""
    granted = said(desk.login())
    invoke("users.disable", username="alice")

    assert (200, {"username": "alice"}) == invoke("users.passwd", username="alice", password="nine lanterns drift at dusk")
    assert (401, "session_ended") == code(desk.refresh(granted["refresh_token"]))
    assert (401, "invalid_credentials") == code(desk.login())
    assert 200 == desk.login(password="nine lanterns drift at dusk").status


@pytest.mark.parametrize("command", ["users.disable", "users.passwd"])
@pytest.mark.parametrize("name", ["nobody", "not a name"])
def test_who_is_not_there_is_not_found(invoke: Callable[..., Any], command: str, name: str) -> None:
    """And is not made, either."""
    assert (404, "not_found") == invoke(command, username=name, password=PASSWORD)


def test_a_new_password_gives_the_tries_back(invoke: Callable[..., Any], desk: Desk) -> None:
    """Who may set it need not wait a quarter of an hour for whoever used them up."""
    for _ in range(attempts.PER_ACCOUNT):
        desk.login(password="wrong wrong wrong wrong")
    full = code(desk.login())
    invoke("users.passwd", username="alice", password=PASSWORD)

    assert ((429, "too_many_attempts"), 200) == (full, desk.login().status)


def test_a_change_at_the_same_moment_is_a_conflict(desk: Desk) -> None:
    """Neither of two owners overwrites the other unseen."""
    rival = Overtaken(desk.records, "accounts", lambda: invoking(desk.records)("users.disable", username="alice"))

    assert (409, "store_conflict") == invoking(rival)("users.passwd", username="alice", password=PASSWORD)
    assert not accounts.get(desk.records, "alice").enabled


@pytest.mark.parametrize("command", ["users.remove", "/auth/login", "users.Add", "users.add "])
def test_another_command_is_not_found(invoke: Callable[..., Any], command: str) -> None:
    """There are seven."""
    assert (404, "not_found") == invoke(command)


def test_a_gateways_event_reaches_nothing(invoke: Callable[..., Any], records: Records, recorded: Callable[[str], Any]) -> None:
    """No route leads here; and if one did, its words would not be understood."""
    started = Started(clouds.load("direct"), handler.answer, handler.Tools(records, open_table("sqlite:", Clock()), 15, CHEAP), {})

    assert 400 == started(recorded("aws/login"), None)["status"]


def test_neither_name_nor_password_is_logged(invoke: Callable[..., Any], capsys: pytest.CaptureFixture[str]) -> None:
    """The route is enough."""
    invoke("users.add", username="alice", password=PASSWORD)
    invoke("users.add", username="alice", password="too-short")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [(200, "users.add"), (409, "users.add")][:1] == [(line["status"], line["route"]) for line in lines][:1]
    assert not any(word in json.dumps(lines) for word in ("alice", PASSWORD, "too-short"))


def test_the_table_is_made_and_dropped(clock: Clock) -> None:
    """By the function, since no laptop reaches a database in a private network; made twice, it is made."""
    address = postgres.address(postgres.database())
    invoke = invoking(open_records(address, clock), table=open_table(address, clock))
    commands = ("records.state", "records.prepare", "records.prepare", "records.state", "records.delete", "records.delete", "records.state")
    no, yes = (200, {"ready": False}), (200, {"ready": True})

    assert [no, yes, yes, yes, no, no, no] == [invoke(command) for command in commands]


def test_users_need_the_table(clock: Clock) -> None:
    """Before it is made, adding one says so; afterwards it works with the same tools."""
    address = postgres.address(postgres.database())
    invoke = invoking(open_records(address, clock), table=open_table(address, clock))
    before = invoke("users.add", username="alice", password=PASSWORD)
    invoke("records.prepare")

    assert (503, "store_unavailable") == before
    assert (200, {"username": "alice"}) == invoke("users.add", username="alice", password=PASSWORD)


def test_a_table_that_somebody_else_makes_is_ready(invoke: Callable[..., Any]) -> None:
    """DynamoDB's by the deployer, SQLite's by opening it; neither is the function's to drop."""
    answers = [invoke(command) for command in ("records.state", "records.prepare", "records.delete")]

    assert [(200, {"ready": True}), (200, {"ready": True}), (400, "invalid_request")] == answers


@pytest.mark.parametrize("command", ["records.prepare", "records.state", "records.delete", "users.list"])
def test_a_wrong_password_of_the_database_is_said(clock: Clock, capsys: pytest.CaptureFixture[str], command: str) -> None:
    """In an answer, not at the start; and neither the answer nor the log quotes the address."""
    given = {"STORE": postgres.address("postgres").replace(postgres.QUOTED, "secret-seen")}
    answer = handler.handler.start("direct", given.get)({"command": command}, None)

    assert (503, "store_unavailable") == (answer["status"], answer["body"]["error"]["code"])
    assert "check the user and the password" in answer["body"]["error"]["message"]
    assert not any(word in capsys.readouterr().out + json.dumps(answer) for word in ("seen", "127.0.0.1", f"{postgres.USER}:"))


def test_a_wrong_address_of_the_database_stops_the_start() -> None:
    """Without quoting it."""
    with pytest.raises(SettingsError, match="STORE must be postgresql://USER:PASSWORD@HOST") as told:
        handler.handler.start("direct", {"STORE": "postgresql://ann:seen@/records"}.get)

    assert "seen" not in told.value.message


def test_the_settings_make_the_tools(tmp_path: Path) -> None:
    """The length is read from its setting."""
    given = {"STORE": f"sqlite:///{tmp_path / 'records.db'}", "PASSWORD_MIN_LENGTH": "20"}
    started = handler.handler.start("direct", given.get)
    answer = started({"command": "users.add", "arguments": {"username": "alice", "password": "nineteen characters"}}, None)

    assert "A password must have 20 characters or more." == answer["body"]["error"]["message"]
