"""What a person does with Twocan, on both gateways, with the real model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

import pytest
from playwright.sync_api import expect

from deploy.local import model
from tests.browser.program import Person
from tests.browser.visit import PATIENCE, PHONE, WATCH, Look, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tests.browser.product import Product

Open = Callable[..., Visit]


@pytest.fixture(name="person")
def _person(product: Product) -> Person:
    return product.somebody()


@pytest.fixture(name="window")
def _window(visit: Open, person: Person) -> Visit:
    opened = visit()
    opened.sign_in(person)
    expect(opened.hook("composer")).to_be_visible()
    opened.choose(model.NAME)
    return opened


def test_a_wrong_password_is_told_and_lets_nobody_in(visit: Open) -> None:
    """A wrong password is answered by an error beside the form, and nothing of the page behind it."""
    window = visit()
    window.sign_in(Person("nobody", "not the password at all"))

    expect(window.hook("error")).to_be_visible()
    expect(window.hook("composer")).to_have_count(0)


def test_an_answer_of_the_real_model_arrives_as_it_is_made(window: Visit, product: Product) -> None:
    """The answer grows before one's eyes where the gateway streams, and is whole at the end on both."""
    window.page.evaluate(WATCH)
    window.ask("Say hello and tell me in two sentences what a toucan is.")
    answer = window.answer("complete")

    assert answer.inner_text().strip()
    assert len(window.page.evaluate("[...window.lengths]")) >= (3 if product.cloud == "aws" else 0)


def test_a_stopped_answer_says_so_and_the_next_question_works(window: Visit) -> None:
    """Stop ends the answer at once, marks it, and leaves the page ready."""
    window.ask("Count from 1 to 900, one number per line.")
    window.hook("stop").click()
    window.answer("stopped")
    window.ask("Say hello.")

    expect(window.questions()).to_have_count(2)
    window.hook("stop").click()
    window.answer("stopped")


def test_conversations_survive_a_reload_and_the_sign_in_does_not(window: Visit, person: Person) -> None:
    """After a reload one signs in again, and everything that was said is there."""
    window.choose("code")
    window.ask("Group dates by week")
    said = window.answer("complete").inner_text()
    window.reload()
    window.sign_in(person)

    expect(window.questions().first).to_contain_text("Group dates by week")
    assert window.answer("complete").inner_text() == said


def test_a_second_conversation_is_its_own(window: Visit) -> None:
    """A new conversation begins empty, and the first is one click away."""
    window.choose("code")
    window.ask("The first question")
    window.answer("complete")
    window.hook("new-conversation").click()
    expect(window.questions()).to_have_count(0)
    window.ask("The second question")
    window.answer("complete")
    expect(window.hook("conversation-item")).to_have_count(2)
    window.hook("conversation-item").nth(1).click()

    expect(window.questions()).to_contain_text(["The first question"])


def test_it_speaks_chinese_to_a_chinese_browser(visit: Open, person: Person) -> None:
    """A browser set to Chinese gets Chinese, can ask in it, and can change the language."""
    window = visit(Look(locale="zh-CN"))
    expect(window.page.locator("html")).to_have_attribute("lang", "zh-CN")
    window.sign_in(person)
    window.choose("chinese")
    window.ask("怎样按周给日期分组？")

    assert "有两点值得注意" in window.answer("complete").inner_text()


def test_it_works_on_a_phone(visit: Open, person: Person) -> None:
    """On a phone the conversations are in a drawer, nothing is cut off, and one can ask."""
    window = visit(PHONE)
    window.sign_in(person)
    window.choose("code")
    window.hook("composer").fill("Group dates by week")
    window.hook("send").click()
    window.answer("complete")
    window.hook("menu-button").click()

    expect(window.hook("conversation-item").first).to_be_visible()
    assert window.page.evaluate("document.documentElement.scrollWidth") <= PHONE.width


def test_an_expired_token_is_renewed_without_a_word(visit: Open, person: Person) -> None:
    """After 16 minutes the access token is over; the page gets the next one and nobody notices."""
    window = visit()
    window.page.clock.install()
    window.sign_in(person)
    expect(window.hook("composer")).to_be_visible()
    window.page.clock.fast_forward("16:00")
    window.choose("code")
    window.ask("Still there?")

    window.answer("complete")


def test_a_question_before_the_models_are_known_waits_for_them(visit: Open, person: Person) -> None:
    """After a cold start in the cloud the list comes late; who typed faster was told that the model is not available."""
    window = visit()
    held: list[Route] = []
    window.page.route("**/v1/models", lambda route: held.extend([route]))
    window.sign_in(person)
    window.ask("Are you there?")
    expect(window.hook("stop")).to_be_visible()
    held[0].continue_()

    window.answer("complete")


def test_a_stage_without_a_model_says_so(visit: Open, person: Person) -> None:
    """Where the list would be, and before one has asked in vain; what was typed stays."""
    window = visit()
    window.page.route("**/v1/models", lambda route: route.fulfill(response=route.fetch(), json={"object": "list", "data": []}))
    window.sign_in(person)
    expect(window.hook("blocked")).to_have_text("No model is set up here yet. Ask whoever runs this page to add one.")
    window.ask("Anybody?")

    expect(window.hook("model-picker")).to_have_text("No model yet")
    expect(window.hook("composer")).to_have_value("Anybody?")


def test_an_ended_session_asks_to_sign_in_and_keeps_the_draft(visit: Open, product: Product, person: Person) -> None:
    """Whoever must sign in again finds the draft as it was, and the conversation too."""
    window = visit()
    window.page.clock.install()
    window.sign_in(person)
    window.choose("code")
    window.ask("The first question")
    window.answer("complete")
    again = product.add(person.username, "another hornbill over quiet water")
    window.page.clock.fast_forward("16:00")
    window.hook("composer").fill("A draft worth keeping")
    window.page.get_by_test_id("regenerate").click()
    window.sign_in(again)
    window.answer("complete")

    expect(window.hook("composer")).to_have_value("A draft worth keeping")
    expect(window.questions()).to_contain_text(["The first question"])


def test_a_broken_off_answer_is_shown_with_its_error(window: Visit) -> None:
    """What came before the model failed stays, under an honest error, and one can try again."""
    window.choose("error")
    window.ask("Anything")
    answer = window.answer("error")

    assert "This is as far as" in answer.inner_text()
    expect(window.hook("error")).to_be_visible(timeout=PATIENCE)
    expect(window.hook("regenerate")).to_be_visible()


def test_a_hostile_answer_is_only_text(window: Visit) -> None:
    """An answer can bring no image, no markup of its own and no script, and reach no other host."""
    window.choose("hostile")
    window.ask("Anything")
    answer = window.answer("complete")

    assert answer.locator("img, script, iframe, [style], [onerror], a[href^='javascript']").count() == 0
    assert "<script>alert(1)</script>" in answer.inner_text()


def test_enter_while_composing_chinese_does_not_send(window: Visit) -> None:
    """The Enter that picks a word in an input method is not the Enter that sends."""
    composer = window.hook("composer")
    composer.fill("你好")
    composer.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "keyCode": 229})

    expect(window.questions()).to_have_count(0)
    expect(composer).to_have_value("你好")


def test_code_is_copied_as_it_is(window: Visit) -> None:
    """The button on a code block copies exactly the code."""
    window.choose("code")
    window.ask("Group dates by week")
    window.answer("complete").get_by_test_id("copy-code").click()

    assert str(window.page.evaluate("navigator.clipboard.readText()")).startswith("from collections import defaultdict\nfrom datetime")


def test_no_token_is_kept_on_the_device(window: Visit) -> None:
    """Tokens are in memory only: nothing that the browser keeps holds one."""
    window.choose("code")
    window.ask("Anything")
    window.answer("complete")
    kept = window.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])")

    assert "eyJ" not in kept


def test_a_reader_who_scrolled_up_is_left_there(window: Visit) -> None:
    """While an answer grows the page stays where the reader is, and offers the way down."""
    for _ in range(2):
        window.choose("code")
        window.ask("Group dates by week")
        window.answer("complete")
    window.choose("stall")
    window.page.mouse.move(700, 400)
    window.page.mouse.wheel(0, -5000)
    window.page.evaluate("() => document.querySelector('[data-testid=message]').scrollIntoView()")

    expect(window.hook("jump-to-latest")).to_be_visible()
