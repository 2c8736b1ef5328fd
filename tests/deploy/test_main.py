"""The command line: words in, text out, and an exit code that tells how it went."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from deploy.__main__ import main
from deploy.local import stage

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

PASSWORD = "seven kettles sing at noon"


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    return tmp_path / "stage"


def users(folder: Path, *words: str, given: str = f"{PASSWORD}\n") -> Result:
    """Return what `python -m deploy users` says to these words."""
    return CliRunner().invoke(main, ["users", "--folder", str(folder), *words], input=given)


def process(*words: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Return what a process of its own says."""
    command = [sys.executable, "-m", "deploy", *words]
    return subprocess.run(
        command, cwd=stage.ROOT, env={**os.environ, **environment}, input=given, capture_output=True, text=True, timeout=60, check=False
    )


def signs_in(folder: Path, name: str) -> dict[str, bool]:
    """Return who there is and whether they may sign in; `name` must be among them."""
    listed = stage.invoke("users.list", {}, stage.Stage(folder).settings({}))["body"]["users"]
    found = {user["username"]: user["enabled"] for user in listed}
    assert name in found
    return found


def test_a_user_is_added(folder: Path) -> None:
    """With the password from standard input, and the name as it will be compared."""
    done = users(folder, "add", "Ann")

    assert (0, "ann may sign in now on this machine.\n") == (done.exit_code, done.output)
    assert {"ann": True} == signs_in(folder, "ann")


def admins(folder: Path) -> list[str]:
    """Return who is an admin."""
    listed = stage.invoke("users.list", {}, stage.Stage(folder).settings({}))["body"]["users"]
    return [user["username"] for user in listed if user["admin"]]


def test_admins_are_made_and_unmade(folder: Path) -> None:
    """With the user or afterwards; the list shows them."""
    users(folder, "add", "ann")
    added = users(folder, "add", "bob", "--admin")
    first = admins(folder)
    granted, revoked = users(folder, "grant", "Ann"), users(folder, "revoke", "bob")
    listed = users(folder, "list").output

    assert (0, 0, 0) == (added.exit_code, granted.exit_code, revoked.exit_code)
    assert (["bob"], ["ann"]) == (first, admins(folder))
    assert "ann is an admin on this machine, from the next sign-in on or within 15 minutes.\n" == granted.output
    assert "bob is no admin any more on this machine; what is open ends within 15 minutes.\n" == revoked.output
    assert [["ann", "yes", "yes"], ["bob", "yes", ""]] == [
        [cell.strip() for cell in line.split("│")[1:-1]] for line in listed.splitlines() if line.startswith("│")
    ]


def test_nobody_who_is_not_there_becomes_an_admin(folder: Path) -> None:
    """And it is said who there is."""
    done = users(folder, "grant", "nobody")

    assert 1 == done.exit_code
    assert "There is no user 'nobody'" in done.output


def test_a_password_is_what_stands_before_the_line_break(folder: Path) -> None:
    """Blanks belong to it; a line break of either kind does not."""
    users(folder, "add", "ann", given=" twelve green stones \r\n")
    stored = (folder / "twocan.db").read_bytes()

    assert b"twelve green stones" not in stored
    assert 0 == users(folder, "passwd", "ann", given=" twelve green stones \n").exit_code


def test_a_user_is_disabled_and_let_in_again(folder: Path) -> None:
    """The text says how."""
    users(folder, "add", "ann")
    disabled = users(folder, "disable", "ann")
    after = signs_in(folder, "ann")
    again = users(folder, "passwd", "ann", given="another long enough one\n")

    assert (0, {"ann": False}) == (disabled.exit_code, after)
    assert "python -m deploy users passwd ann" in disabled.output
    assert (0, "ann has a new password on this machine.\n", {"ann": True}) == (again.exit_code, again.output, signs_in(folder, "ann"))


def test_users_are_listed(folder: Path) -> None:
    """In order, with whether they may sign in."""
    for name in ("bob", "ann"):
        users(folder, "add", name)
    users(folder, "disable", "bob")
    done = users(folder, "list")

    assert [("ann", "yes"), ("bob", "no")] == re.findall(r"│ (\w+) +│ (yes|no) +│", done.output)


def test_a_list_goes_on_where_a_page_ends(folder: Path) -> None:
    """Nobody is left out because there are many."""
    from functions.shared import accounts
    from functions.shared.stores import open_records

    here = stage.Stage(folder)
    here.make()
    records = open_records(here.settings({})["STORE"], lambda: 0)
    for number in range(205):
        accounts.add(records, f"user{number:03}", "not a hash")
    done = users(folder, "list")

    assert [f"user{number:03}" for number in range(205)] == re.findall(r"user\d{3}", done.output)


@pytest.mark.parametrize(
    ("words", "given", "complaint"),
    [
        (("add", "ann"), "short\n", "A password must have 15 characters or more."),
        (("add", "ann"), "", "There is no password on standard input."),
        (("add", "ann"), "passwordpassword\n", "This password is among those that are tried first."),
        (("add", "no blanks here"), f"{PASSWORD}\n", "A user name has 1 to 64 letters"),
        (("passwd", "nobody"), f"{PASSWORD}\n", "There is no user 'nobody'."),
        (("disable", "nobody"), "", "There is no user 'nobody'."),
    ],
    ids=["short", "absent", "common", "name", "passwd-nobody", "disable-nobody"],
)
def test_what_cannot_be_done_is_said(folder: Path, words: tuple[str, ...], given: str, complaint: str) -> None:
    """One line, exit code 1, and nothing of the function's log."""
    done = users(folder, *words, given=given)

    assert 1 == done.exit_code
    assert f"Error: {complaint}" in done.output
    assert "request_id" not in done.output


def test_a_password_that_is_not_utf8_is_said(folder: Path) -> None:
    """Nothing is changed, and nobody is told of events and arguments."""
    done = CliRunner().invoke(main, ["users", "--folder", str(folder), "add", "ann"], input=b"caf\xe9 caf\xe9 caf\xe9 caf\xe9\n")

    assert (1, True) == (done.exit_code, "is not UTF-8. Nothing was changed." in done.output)


def test_a_long_name_is_listed_whole(folder: Path) -> None:
    """However narrow the screen: it must be there to be copied."""
    users(folder, "add", "n" * 64)
    done = users(folder, "list")

    assert "n" * 64 == "".join(re.findall(r"n{2,}", done.output))


def test_a_name_that_is_taken_is_said(folder: Path) -> None:
    """And how to change its password."""
    users(folder, "add", "ann")
    done = users(folder, "add", "ANN")

    assert 1 == done.exit_code
    assert "users passwd ann" in done.output


@pytest.mark.parametrize(
    "words",
    [("sing",), ("users", "rename"), ("users", "add"), ("run", "--cloud", "azure"), ("run", "--port", "65535"), ("run", "--port", "zero")],
    ids=" ".join,
)
def test_words_that_are_not_understood_are_two(words: tuple[str, ...]) -> None:
    """The exit code that shells expect for it."""
    assert 2 == CliRunner().invoke(main, list(words)).exit_code


@pytest.mark.parametrize("words", [(), ("run",), ("users",), ("users", "add"), ("users", "passwd")], ids=lambda one: " ".join(one) or "all")
def test_help_says_every_word(words: tuple[str, ...]) -> None:
    """-h will do."""
    done = CliRunner().invoke(main, [*words, "-h"])

    assert 0 == done.exit_code
    assert [] == [line for line in done.output.splitlines() if re.fullmatch(r"  (-{1,2}\w+|\w+)", line)]


def test_a_run_on_a_port_that_is_taken_is_one_line(folder: Path) -> None:
    """Not a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = process("run", "--port", port, "--folder", str(folder))

    assert (1, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith(f"Error: Port {port} is taken")
    assert not (folder / "ready.json").exists()


@pytest.mark.parametrize("words", [("users", "--folder", "{}", "list"), ("run", "--folder", "{}")], ids=["users", "run"])
def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    """With its path."""
    (tmp_path / "file").write_text("")
    folder = str(tmp_path / "file" / "stage")
    done = process(*(word.format(folder) for word in words))

    assert (1, "") == (done.returncode, done.stdout)
    assert 1 == len(done.stderr.splitlines())
    assert folder in done.stderr


def test_a_store_that_cannot_be_opened_is_one_line(folder: Path) -> None:
    """With what to look at."""
    (folder / "twocan.db").mkdir(parents=True)
    done = process("users", "--folder", str(folder), "list")

    assert (1, "Error: The store's file cannot be opened: check that its folder exists and may be written.\n") == (done.returncode, done.stderr)


#: A person at a terminal: answers each prompt with the next line. A process of its own, because it forks.
PERSON = """
import os, pty, sys
answers = sys.argv[1].split("|")
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.executable, [sys.executable, "-m", "deploy", *sys.argv[2:]])
seen = b""
while True:
    try:
        data = os.read(terminal, 1024)
    except OSError:
        break
    if not data:
        break
    seen += data
    if answers and seen.endswith(b": "):
        os.write(terminal, answers.pop(0).encode() + b"\\n")
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize(
    ("second", "code", "said"),
    [(PASSWORD, 0, "ann may sign in now on this machine."), (f"{PASSWORD}!", 1, "The two are not the same. Nothing was changed.")],
    ids=["same", "other"],
)
def test_a_person_is_asked_twice_and_sees_nothing(folder: Path, second: str, code: int, said: str) -> None:
    """What is typed does not appear on the screen."""
    command = [sys.executable, "-c", PERSON, f"{PASSWORD}|{second}", "users", "--folder", str(folder), "add", "ann"]
    done = subprocess.run(command, cwd=stage.ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)

    assert (code, "") == (done.returncode, done.stderr)
    assert said in done.stdout
    assert PASSWORD not in done.stdout
