"""The models' health: for admins only, in words, read anew while somebody looks, and never worse than the last figures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Callable

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.listed import HEALTH, admit, report
from tests.browser.visit import PHONE, Look, Visit

if TYPE_CHECKING:
    from tests.browser.product import Product

pytestmark = pytest.mark.parametrize("product", ["aws"], indirect=True)
Open = Callable[..., Visit]

_REFUSED = {"error": {"message": "This is for admins.", "type": "invalid_request_error", "code": "forbidden", "param": None}}
_BROKEN = {"error": {"message": "Something went wrong on our side.", "type": "server_error", "code": "internal_error", "param": None}}
_HIDE = "Object.defineProperty(document, 'visibilityState', { value: 'hidden' })"


@pytest.fixture(name="enter")
def _enter(visit: Open, product: Product) -> Open:
    """Return how an admin comes in, with a clock that tests may turn."""

    def enter(look: Look = Look(), *, admin: bool = True) -> Visit:  # noqa: B008 - a Look is immutable
        window = visit(look)
        window.page.clock.install()
        admit(window.page, admin=admin)
        window.sign_in(product.somebody())
        expect(window.hook("composer")).to_be_visible()
        return window

    return enter


@pytest.fixture(name="look_at")
def _look_at(enter: Open) -> Open:
    """Return how an admin opens the view of these figures."""

    def look_at(look: Look = Look(), **told: Any) -> Visit:  # noqa: B008 - a Look is immutable
        window = enter(look)
        report(window.page, {**HEALTH, **told})
        _open(window, look)
        expect(window.hook("refresh")).to_be_visible()
        return window

    return look_at


def _open(window: Visit, look: Look) -> None:
    if look.width < 600:
        window.hook("menu-button").click()
    window.hook("health").press("Enter")


def _later(window: Visit, seconds: int) -> None:
    window.page.clock.fast_forward(seconds * 1000)


def test_who_is_no_admin_has_no_trace_of_it(enter: Open) -> None:
    """Neither in the column nor in the drawer, and nothing is asked."""
    window = enter(PHONE, admin=False)
    asked = report(window.page, HEALTH)
    window.hook("menu-button").click()

    expect(window.page.get_by_test_id("settings")).to_have_count(2)
    expect(window.page.get_by_test_id("health")).to_have_count(0)
    assert asked == []


def test_each_model_says_how_it_is(look_at: Open) -> None:
    """Its state, how many failed, the times to a first token, the last error with what to do, and where it leads."""
    rows = look_at().hook("model-health")

    expect(rows).to_have_count(5)
    expect(rows.nth(0)).to_contain_text("claudeAnthropic · claude-sonnet-4-5api.anthropic.comRoutes: chat, fast Ready")
    expect(rows.nth(0)).to_contain_text(re.compile(r"2 of 405%.*420\sms.*1\.3\ss.*The model took too long\. 4\sminutes ago.*first_token_seconds"))
    expect(rows.nth(1)).to_contain_text("FailingThe last question failed. It is still asked.")
    expect(rows.nth(1)).to_contain_text(re.compile(r"11 of 4823%.*780\sms.*12\ss.*rate limit"))
    expect(rows.nth(2)).to_contain_text(re.compile(r"Left aloneNot asked for \d\d s more\. Then one question tries it\.Failed3 of 3100%"))
    expect(rows.nth(2)).to_contain_text(re.compile(r"not measured.*not measured.*The key is wrong or may not use this model"))
    expect(rows.nth(3)).to_contain_text(re.compile(r"Ready.*0 of 50First.*Last error—none"))
    expect(rows.nth(4)).to_contain_text(re.compile(r"Not askedNo question within 1\shour\..*not asked.*not measured.*none"))


def test_each_model_says_how_it_is_in_chinese(look_at: Open) -> None:
    """The same, in the reader's words."""
    window = look_at(Look("zh-CN"))
    rows = window.hook("model-health")

    expect(window.page.get_by_role("dialog", name="模型状态")).to_be_visible()
    expect(rows.nth(0)).to_contain_text(re.compile(r"路由：chat, fast.*正常.*2 / 40.*420\s毫秒.*1\.3\s秒.*模型响应超时。 4\s分钟前"))
    expect(rows.nth(1)).to_contain_text(re.compile(r"出错上一次提问失败，仍在使用。.*达到了服务商的速率限制。"))
    expect(rows.nth(2)).to_contain_text(re.compile(r"暂停使用再停 \d\d 秒，然后用一次提问试探。.*密钥不对"))
    expect(rows.nth(4)).to_contain_text(re.compile(r"未使用1\s小时内没有提问。.*没有提问.*没有测到.*没有"))


def test_a_screen_reader_finds_a_table_in_every_layout(look_at: Open) -> None:
    """Cards are rows with headers, too. Escape leaves the view, and the focus is where it was."""
    window = look_at()
    table = window.page.get_by_role("table", name="Model health")

    for width in (1280, 390):
        window.page.set_viewport_size({"width": width, "height": 800})
        expect(table.get_by_role("rowheader")).to_have_text(["claude", "gpt", "claude-bedrock", "llama", "vectors"])
        expect(table.get_by_role("columnheader")).to_have_count(7)
        expect(table.get_by_role("cell")).to_have_count(30)
    window.page.set_viewport_size({"width": 1280, "height": 800})
    window.page.keyboard.press("Escape")

    expect(window.page.get_by_role("dialog")).to_have_count(0)
    expect(window.hook("health")).to_be_focused()


def test_figures_are_read_anew_while_somebody_looks(look_at: Open) -> None:
    """Every ten seconds, at a press of the button, and not while the tab is hidden."""
    window = look_at()
    rows = window.hook("model-health")
    asked = report(window.page, {**HEALTH, "data": HEALTH["data"][:2]})
    _later(window, 11)
    expect(rows).to_have_count(2)
    by_itself = len(asked)
    window.hook("refresh").click()
    expect(window.page.get_by_role("status").get_by_text("Refreshed at")).to_have_count(1)
    pressed = len(asked)
    window.page.evaluate(_HIDE)
    _later(window, 60)

    assert (by_itself, pressed, len(asked)) == (1, 2, 2)


def test_old_figures_stay_when_new_ones_cannot_be_read(look_at: Open) -> None:
    """With a note that says of when they are, and it goes away with the trouble."""
    window = look_at()
    report(window.page, _BROKEN, 500)
    window.hook("refresh").click()
    expect(window.hook("error")).to_contain_text(re.compile("New figures could not be read; these are of .*Something went wrong"))
    expect(window.hook("model-health")).to_have_count(5)
    report(window.page, HEALTH)
    _later(window, 11)

    expect(window.hook("error")).to_have_count(0)
    expect(window.hook("model-health")).to_have_count(5)


def test_a_first_reading_that_fails_can_be_tried_again(enter: Open) -> None:
    """The view says so, and shows what comes: where there is no model, how to add one instead of an empty table."""
    window = enter()
    report(window.page, _BROKEN, 500)
    _open(window, Look())
    expect(window.hook("error")).to_contain_text("The figures could not be read.")
    report(window.page, {**HEALTH, "data": []})
    window.hook("refresh").click()

    expect(window.page.get_by_text("No model is set up yet.")).to_be_visible()
    expect(window.page.get_by_role("table")).to_have_count(0)
    expect(window.hook("error")).to_have_count(0)


def test_the_view_goes_with_the_right_to_it(look_at: Open) -> None:
    """The server's refusal takes the figures, the renewal that says so the view and its button; the focus goes to where one writes."""
    window = look_at()
    report(window.page, _REFUSED, 403)
    window.hook("refresh").click()
    expect(window.hook("error")).to_have_text("This is for admins only.")
    expect(window.hook("model-health")).to_have_count(0)
    admit(window.page, admin=False)
    _later(window, 15 * 60)

    expect(window.page.get_by_role("dialog")).to_have_count(0)
    expect(window.page.get_by_test_id("health")).to_have_count(0)
    expect(window.hook("composer")).to_be_focused()


def test_figures_of_one_instance_say_so_and_what_to_do(look_at: Open) -> None:
    """And those of all say over how many they are summed."""
    one = look_at(shared=False, instances=1)
    expect(one.hook("one-instance")).to_contain_text("one function instance only, the one that answered just now")
    expect(one.hook("one-instance")).to_contain_text('write breaker = "shared" under [deploy] in twocan.toml')
    report(one.page, HEALTH)
    one.hook("refresh").click()

    expect(one.hook("one-instance")).to_have_count(0)
    expect(one.page.get_by_text("at most 50 in each of 3 instances")).to_be_visible()


@pytest.mark.parametrize("look", [Look(), Look("zh-CN", "dark", 390, 844)], ids=["en-light", "zh-dark"])
def test_axe_finds_nothing(look_at: Open, look: Look) -> None:
    """Neither with every state, old figures and a note, as a table and as cards, nor without any model."""
    window = look_at(look, shared=False)
    report(window.page, _BROKEN, 500)
    window.hook("refresh").click()
    expect(window.hook("error")).to_be_visible()
    found = [_findings(window)]
    window.page.set_viewport_size({"width": 1670 - look.width, "height": 800})
    found.append(_findings(window))
    report(window.page, {**HEALTH, "data": []})
    window.hook("refresh").click()
    expect(window.hook("model-health")).to_have_count(0)
    found.append(_findings(window))

    assert found == [[], [], []]


def _findings(window: Visit) -> list[str]:
    found: dict[str, Any] = Axe().run(window.page)
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found["violations"]]


def test_nothing_scrolls_sideways(look_at: Open) -> None:
    """On a small phone, a tablet and the smallest desk: neither the page nor the view, nor anything in it."""
    window = look_at(Look(width=360), shared=False)
    wider = """(view) => [document.documentElement, view, ...view.querySelectorAll("header, tbody *, p")]
      .filter((one) => one.scrollWidth > one.clientWidth && one.clientWidth > 1)
      .map((one) => one.outerHTML.slice(0, 90))"""

    for width in (360, 768, 1024):
        window.page.set_viewport_size({"width": width, "height": 800})
        expect(window.hook("model-health")).to_have_count(5)
        assert window.page.get_by_role("dialog").evaluate(wider) == []
