"""axe finds nothing on any state of the page, in both themes, languages and sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.listed import MODELS, tell
from tests.browser.visit import Look, Visit

if TYPE_CHECKING:
    from tests.browser.product import Product

# Every two of theme, language and size meet once; what axe looks at depends on no more than one of them.
_LOOKS = [
    Look("en-US", "light", 1280, 800),
    Look("zh-CN", "dark", 1280, 800),
    Look("en-US", "dark", 390, 844),
    Look("zh-CN", "light", 390, 844),
]


@pytest.mark.parametrize("look", _LOOKS, ids=lambda look: f"{look.locale}-{look.scheme}-{look.width}")
@pytest.mark.parametrize("product", ["aws"], indirect=True)
def test_axe_finds_nothing(visit: Callable[[Look], Visit], product: Product, look: Look) -> None:
    """Sign-in, empty, choosing a model, streaming, menu open, error and code are all free of findings."""
    window = visit(look)
    tell(window.page, MODELS)
    found = {"sign-in": _findings(window)}
    window.sign_in(product.somebody())
    expect(window.hook("composer")).to_be_visible()
    found["empty"] = _findings(window)
    window.hook("model-picker").click()
    found["models"] = _findings(window)
    window.page.keyboard.press("Escape")
    window.choose("stall")
    window.ask("Wait")
    window.answer("streaming")
    found["streaming"] = _findings(window)
    window.hook("stop").click()
    window.choose("error")
    window.ask("Break off")
    window.answer("error")
    found["error"] = _findings(window)
    window.choose("code")
    window.ask("Group dates by week")
    window.answer("complete")
    found["code"] = _findings(window)
    found["menu"] = _menu(window, look)

    assert {state: [] for state in found} == found


def _menu(window: Visit, look: Look) -> list[str]:
    if look.width < 600:
        window.hook("menu-button").click()
    window.hook("settings").click()
    expect(window.hook("theme-select")).to_be_visible()
    return _findings(window)


def _findings(window: Visit) -> list[str]:
    """Return axe's findings, each with where it is. Colours are looked at once nothing moves any more."""
    window.page.evaluate("Promise.allSettled(document.getAnimations().filter((a) => a.effect.getTiming().iterations === 1).map((a) => a.finished))")
    result: dict[str, Any] = Axe().run(window.page)
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in result["violations"]]
