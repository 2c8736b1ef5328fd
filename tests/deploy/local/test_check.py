"""models check: what each model of the table is asked, what is said of it, and how the command ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from deploy import owner
from deploy.__main__ import main
from deploy.local.check import Checked, check
from tests.fakes.ports import free_pair
from tests.fakes.upstream import DONE, HANG_UP, Upstream, completion, event, head, stream, token, until_gone, whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.fakes.upstream import Step

KEY = "sk-of-the-owner-0123456789"
KEYS = {"MAIN": KEY}
YES = stream(token("yes", "length"), DONE)


def row(url: str, **members: Any) -> dict[str, Any]:
    """Return a row of the table, of a model at this address."""
    return {"name": "house", "vendor": "openai", "base_url": f"{url}/v1", "model": "m", "key": "MAIN", **members}


def checked(answer: Sequence[Step], **members: Any) -> Checked:
    """Return what is said of one model that answers so, by an owner who waits a second."""
    with Upstream(answer) as upstream:
        limits = {"FIRST_TOKEN_SECONDS": "1", "CONNECT_SECONDS": "1"}
        return check(owner.Owner(models=(row(upstream.url, **members),), limits=limits), KEYS)[0]


def table(folder: Path, *rows: dict[str, Any]) -> Path:
    """Return the owner's file with these models."""
    path = folder / "twocan.toml"
    blocks = ["\n".join(["[[models]]", *(f"{name} = {json.dumps(value)}" for name, value in one.items())]) for one in rows]
    path.write_text("\n\n".join(blocks), encoding="utf-8")
    return path


def test_a_model_that_answers_is_good() -> None:
    """And how long its first token took is said."""
    found = checked(YES)

    assert ("house", "openai", True, "", None) == found[:5]
    assert found.first_token_ms is not None


def test_a_model_is_asked_for_one_token_with_the_owners_key() -> None:
    """By the way that a user's question takes; also one that is reached by a route only."""
    with Upstream(YES) as upstream:
        check(owner.Owner(models=(row(upstream.url, listed=False, output_limit="max_completion_tokens"),)), KEYS)

    sent = upstream.calls[0].document()
    assert (f"Bearer {KEY}", 1, "m", True) == (
        upstream.calls[0].headers["authorization"],
        *(sent[n] for n in ("max_completion_tokens", "model", "stream")),
    )


def test_a_model_that_does_not_stream_is_asked_for_a_whole_answer() -> None:
    """As users' questions would be."""
    assert Checked("house", "openai", good=True) == checked([whole(completion("yes"))], streaming=False)


def test_a_model_that_embeds_is_asked_to() -> None:
    """For it answers no question."""
    vectors = {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}], "model": "m"}

    assert Checked("house", "openai", good=True) == checked([whole(json.dumps(vectors).encode())], embeds=True)


@pytest.mark.parametrize(
    ("answer", "says", "status"),
    [
        ([whole(b'{"error": {"message": "no such key sk-1"}}', 401)], "Check the key of this model", 401),
        ([whole(b"{}", 402)], "Look at the account behind this model", 402),
        ([whole(b"{}", 404)], "does not know this model. Check its row", 404),
        ([whole(b'{"error": {"message": "no max_tokens, please"}}', 400)], "no max_tokens, please", 400),
        ([whole(b"<html>", 404, {"content-type": "text/html"})], "does not know this model", 404),
        ([whole(b"<html>", headers={"content-type": "text/html"})], "did not stream its answer. Check the address", None),
        ([head(), until_gone], "took too long", None),
        ([until_gone], "took too long", None),
        (HANG_UP, "cannot be reached", None),
        (stream(token("y"), event({"error": {"message": "gone"}})), "broke off with an error", None),
    ],
    ids=["key", "money", "model", "request", "html-404", "html", "stalls", "silent", "hangs-up", "breaks-off"],
)
def test_what_is_wrong_is_said_to_its_owner(answer: Sequence[Step], says: str, status: int | None) -> None:
    """With the status of its server, and what to do."""
    found = checked(answer)

    assert (False, status, True) == (found.good, found.status, says in found.says)
    assert "the owner" not in found.says


def test_a_server_that_is_not_there_cannot_be_reached() -> None:
    """Nobody listens at its address."""
    found = check(owner.Owner(models=(row(f"http://127.0.0.1:{free_pair()}"),)), KEYS)[0]

    assert (False, True) == (found.good, "cannot be reached. Check base_url in its row, and whether the server runs." in found.says)


def test_a_key_that_is_not_there_is_said_of_its_model_only() -> None:
    """The others are asked all the same, and the table's order stays."""
    with Upstream(YES) as upstream:
        rows = (row(upstream.url, name="other", key="ELSEWHERE"), row(upstream.url))
        found = check(owner.Owner(models=rows), KEYS)

    assert [("other", False), ("house", True)] == [(one.name, one.good) for one in found]
    assert "set ELSEWHERE in the environment" in found[0].says


def test_the_command_says_what_to_do_and_shows_no_key(tmp_path: Path) -> None:
    """It ends with 1 where one fails."""
    with Upstream(YES) as good, Upstream([whole(f'{{"error": {{"message": "wrong: {KEY}"}}}}'.encode(), 400)]) as bad:
        path = table(tmp_path, row(good.url), row(bad.url, name="bad"))
        done = CliRunner().invoke(main, ["models", "check", "--file", str(path)], env={**KEYS, "COLUMNS": "200"})

    assert (1, True, False) == (done.exit_code, "wrong: …" in done.stdout, KEY in done.output)
    assert "Error: One of 2 models does not answer: mend their rows in twocan.toml or their keys" in done.stderr


def test_a_script_gets_json(tmp_path: Path) -> None:
    """And 0 where all answer."""
    with Upstream(YES) as upstream:
        path = table(tmp_path, row(upstream.url))
        done = CliRunner().invoke(main, ["models", "check", "--json", "--file", str(path)], env=KEYS)

    told = json.loads(done.stdout)[0]
    assert (0, "house", True) == (done.exit_code, told["name"], told["good"])


def test_a_table_without_a_model_is_an_error(tmp_path: Path) -> None:
    """Which says where the blocks are to be found."""
    done = CliRunner().invoke(main, ["models", "check", "--file", str(tmp_path / "twocan.toml")])

    assert (1, True) == (done.exit_code, "docs/models.md" in done.stderr)
