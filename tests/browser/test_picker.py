"""Choosing a model: what is shown of each, with the mouse, with the keys alone, and for who only hears it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import pytest
from playwright.sync_api import expect

from tests.browser.listed import MODELS, tell
from tests.browser.visit import PHONE, Look, Visit

if TYPE_CHECKING:
    from tests.browser.product import Product

pytestmark = pytest.mark.parametrize("product", ["aws"], indirect=True)
Open = Callable[..., Visit]


@pytest.fixture(name="enter")
def _enter(visit: Open, product: Product) -> Open:
    def enter(look: Look = Look()) -> Visit:  # noqa: B008 - a Look is immutable
        window = visit(look)
        tell(window.page, MODELS)
        window.sign_in(product.somebody())
        expect(window.hook("model-picker")).to_have_text("best")
        return window

    return enter


def test_each_model_shows_what_is_known_of_it_and_nothing_else(enter: Open) -> None:
    """Vendor, context, price and what stands behind a route; where nothing is known there is only the name."""
    window = enter()
    window.hook("model-picker").click()
    rows = window.page.get_by_role("option")

    expect(rows).to_have_count(7)
    expect(rows.nth(0)).to_have_text("bestAnthropic · OpenAI API128K · up to $5 / $25In this order: code, error")
    expect(rows.nth(2)).to_have_text("errorOpenAI API128K · $1.25 / $10")
    expect(rows.nth(5)).to_have_text("hostileAmazon Bedrock")
    expect(window.page.get_by_text("in / out, as of 2026-11-01")).to_be_visible()


def test_a_screen_reader_hears_the_whole_row(enter: Open) -> None:
    """The row's name is a sentence; the marks are words."""
    window = enter()
    window.hook("model-picker").click()
    heard = "code, Anthropic, reads 200K tokens, $3 / $15 per million tokens in / out, as of 2026-11-01, sees images, uses tools"

    expect(window.page.get_by_role("option", name=heard, exact=True)).to_be_visible()


def test_the_keys_alone_choose_a_model(enter: Open) -> None:
    """Arrows and first letters move, Enter takes, Escape leaves all as it was, and the focus comes back."""
    window = enter()
    picker = window.hook("model-picker")
    picker.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        window.page.keyboard.press(key)
    expect(picker).to_have_text("error")
    expect(picker).to_be_focused()
    for key in ("Enter", "c", "h", "Escape"):
        window.page.keyboard.press(key)
    expect(picker).to_have_text("error")
    for key in ("Enter", "c", "h", " "):
        window.page.keyboard.press(key)

    expect(picker).to_have_text("chinese")
    expect(window.page.get_by_role("listbox")).to_have_count(0)


def test_a_press_beside_the_list_closes_it(enter: Open) -> None:
    """And nothing was chosen."""
    window = enter()
    window.hook("model-picker").click()
    expect(window.page.get_by_role("listbox")).to_be_visible()
    window.page.mouse.click(400, 500)

    expect(window.page.get_by_role("listbox")).to_have_count(0)
    expect(window.hook("model-picker")).to_have_text("best")


def test_a_model_that_cannot_stream_answers_whole(enter: Open) -> None:
    """It is asked for no stream, which it would refuse, and its answer is shown as any other."""
    window = enter()
    window.choose("chinese")
    with window.page.expect_request("**/v1/chat/completions") as asked:
        window.ask("怎样按周分组日期？")
    body: Any = asked.value.post_data_json

    expect(window.answer("complete")).to_contain_text("下面是一个按周分组日期的函数")
    expect(window.page.get_by_test_id("answer-model")).to_have_text("chinese")
    assert {"model", "messages"} == set(body)


def test_a_whole_answer_can_be_stopped_before_it_is_there(enter: Open) -> None:
    """Nothing has come then, and the next question can be asked."""
    window = enter()
    window.page.route("**/v1/chat/completions", lambda _: None)
    window.choose("chinese")
    window.ask("怎样按周分组日期？")
    window.hook("stop").click()

    window.answer("stopped")


def test_on_a_phone_the_list_is_within_the_screen(enter: Open) -> None:
    """No row is cut off at an edge."""
    window = enter(PHONE)
    window.hook("model-picker").click()
    box = window.page.locator(".popup").bounding_box()

    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE.width
    assert window.page.evaluate("document.documentElement.scrollWidth") <= PHONE.width
