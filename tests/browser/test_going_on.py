"""An answer that breaks off: what came is kept, and another model goes on in an answer of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.listed import MODELS, tell

if TYPE_CHECKING:
    from tests.browser.product import Product
    from tests.browser.visit import Visit


@pytest.fixture(name="broken")
def _broken(visit: Callable[..., Visit], product: Product) -> Visit:
    """Return a window in which an answer broke off."""
    window = visit()
    tell(window.page, MODELS)
    window.sign_in(product.somebody())
    window.choose("error")
    window.ask("How are dates grouped?")
    window.answer("error")
    return window


def test_another_model_goes_on_and_both_answers_say_whose_they_are(broken: Visit) -> None:
    """The first stays as it broke off, under its error; the second is a message of its own."""
    broken.hook("go-on").click()
    broken.page.get_by_role("dialog").locator('[data-value="code"]').click()
    broken.answer("complete")
    answers = broken.page.locator('[data-testid=message][data-role="assistant"]')

    expect(broken.page.get_by_test_id("answer-model")).to_have_text(["error", "code"])
    expect(answers.first).to_contain_text("This is as far as")
    expect(answers.first).to_contain_text("This answer is not complete.")
    expect(answers.last).not_to_contain_text("This is as far as")
    expect(broken.questions()).to_contain_text(["How are dates grouped?", "Go on."])
    expect(broken.hook("model-picker")).to_have_text("code")


def test_the_other_model_reads_what_came_so_far(broken: Visit) -> None:
    """It is asked with the question, the part that came, and two words."""
    broken.hook("go-on").click()
    with broken.page.expect_request("**/v1/chat/completions") as asked:
        broken.page.get_by_role("dialog").locator('[data-value="code"]').click()
    body: Any = asked.value.post_data_json

    broken.answer("complete")
    assert body["model"] == "code"
    assert body["messages"] == [
        {"role": "user", "content": "How are dates grouped?"},
        {"role": "assistant", "content": "This is as far as "},
        {"role": "user", "content": "Go on."},
    ]


@pytest.mark.parametrize("product", ["aws"], indirect=True)
def test_the_list_of_other_models_can_be_left_and_has_no_findings(broken: Visit) -> None:
    """It has every model but the one that broke off, Escape leaves it, and axe finds nothing."""
    broken.hook("go-on").click()
    dialog = broken.page.get_by_role("dialog")
    offered = dialog.locator("[data-value]").evaluate_all("(rows) => rows.map((row) => row.dataset.value)")
    findings = Axe().run(broken.page)["violations"]
    broken.page.keyboard.press("Escape")

    assert offered == ["best", "code", "chinese", "stall", "hostile", "citing"]
    assert findings == []
    expect(dialog).to_have_count(0)
    expect(broken.hook("go-on")).to_be_focused()
    expect(broken.page.locator('[data-role="assistant"]')).to_have_count(1)
