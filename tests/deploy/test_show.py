"""show.py: plans as text for a person and as JSON for a script."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deploy import plan, show
from deploy.steps import Delete, Function, Put, Route, Step
from tests.fakes.cloud import MemoryCloud
from tests.fakes.wishes import built, want, wish

if TYPE_CHECKING:
    from pathlib import Path

CHAT = Function("chat", "python3.13/arm64", "a" * 64, "1.0", (("MODELS", "[]"),), (("TOKEN_KEY", "0123456789abcdef"),), 900, 512, streams=True)
OLD = Route("GET", "/v1/old", "chat", guarded=True, streams=False)


def test_a_plan_says_what_and_how() -> None:
    """A sign and a line for each step, a line for each member that changes, and a sum."""
    steps: list[Step] = [Put(OLD, None), Put(replace(CHAT, memory=1024, secrets=(("TOKEN_KEY", "fedcba9876543210"),)), CHAT), Delete(OLD)]
    text = show.steps(steps).plain

    assert [
        "  + route GET /v1/old",
        "      method: GET",
        "      function: chat",
        "      guarded: True",
        "      streams: False",
        "  ~ function chat",
        "      TOKEN_KEY: (secret 012345) → (secret fedcba)",
        "      memory: 512 → 1024",
        "  - route GET /v1/old",
        "1 to create, 1 to change, 1 to delete",
    ] == text.splitlines()


def test_what_is_new_is_shown_without_marks_and_without_nothing() -> None:
    """A secret's mark was another one in each plan before the first apply."""
    text = list(show.changes(Put(replace(CHAT, network=""), None)))

    assert "TOKEN_KEY: (secret)" in text
    assert not any(one.startswith("network") for one in text)


def test_a_setting_that_goes_is_shown() -> None:
    """Not only those that come and change."""
    assert ["MODELS: [] → gone"] == list(show.changes(Put(replace(CHAT, settings=()), CHAT)))


def test_the_first_plan_says_what_is_not_known_yet(tmp_path: Path) -> None:
    """And the page's files take one line."""
    seen = MemoryCloud().observe()
    planned = plan.plan(want(wish(built(tmp_path)))(seen), seen)
    text = show.steps(planned).plain

    assert "SITE_ORIGIN: (known after apply)" in text
    assert "  + 9 preflights, which need no token\n" in text
    assert f"{len(planned)} to create, 0 to change, 0 to delete" in text


def test_the_files_of_the_page_take_one_line(tmp_path: Path) -> None:
    """However many they are."""
    cloud = MemoryCloud()
    from deploy.apply import apply

    apply(want(wish(built(tmp_path / "a"))), cloud.observe(), cloud, lambda _: None)
    seen = cloud.observe()
    text = show.steps(plan.plan(want(wish(built(tmp_path / "b", app="2")))(seen), seen)).plain

    assert "  + 3 files of the page\n" in text
    assert "sitefile" not in text


def test_json_has_the_same() -> None:
    """For a script."""
    assert [{"verb": "delete", "thing": "route GET /v1/old", "changes": []}] == show.as_json([Delete(OLD)])
