"""`make screenshots`: pictures of the page in use, made by a real run: docs/images/page.png for the README, and every look into a folder.

Run as `python -m tests.browser.screenshots [FOLDER]`; without a folder only the README's picture is made.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import chromium
from tests.browser.product import Product
from tests.browser.scripted import ScriptedModels
from tests.browser.visit import Look, Visit

if TYPE_CHECKING:
    from tests.browser.program import Person

ROOT = Path(__file__).resolve().parents[2]
_LOOKS = [Look(locale, scheme, *size) for locale in ("en-US", "zh-CN") for scheme in ("light", "dark") for size in ((1280, 800), (390, 844))]
_QUESTIONS = {"en-US": ("code", "How do I group a list of dates by week?"), "zh-CN": ("chinese", "怎样把一组日期按周分组？")}


def main(folder: Path | None) -> None:
    """Make the pictures."""
    with ScriptedModels() as models, tempfile.TemporaryDirectory() as stage, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.ARGUMENTS))
        with Product(Path(stage), "aws", **models.environment()) as product:
            (ROOT / "docs" / "images").mkdir(parents=True, exist_ok=True)
            _picture(browser, product, Look(), product.somebody(), {"chat": ROOT / "docs" / "images" / "page.png"})
            for look in _LOOKS if folder else []:
                names = ("sign-in", "empty", "chat", "settings")
                paths = {name: Path(folder or "") / f"{look.locale}-{look.scheme}-{look.width}-{name}.png" for name in names}
                _picture(browser, product, look, product.somebody(), paths)
        browser.close()


def _picture(browser: Browser, product: Product, look: Look, person: Person, paths: dict[str, Path]) -> None:
    context = browser.new_context(
        locale=look.locale, color_scheme=look.scheme, viewport={"width": look.width, "height": look.height}, device_scale_factor=1
    )
    window = Visit(context, product)
    expect(window.hook("sign-in")).to_be_visible()
    _shoot(window, paths.get("sign-in"))
    window.sign_in(person)
    expect(window.hook("composer")).to_be_visible()
    _shoot(window, paths.get("empty"))
    model, question = _QUESTIONS[look.locale]
    window.choose(model)
    window.ask(question)
    window.answer("complete")
    _shoot(window, paths["chat"])
    if "settings" in paths:
        if look.width < 600:
            window.hook("menu-button").click()
        window.hook("settings").click()
        expect(window.hook("theme-select")).to_be_visible()
        _shoot(window, paths["settings"])
    context.close()


def _shoot(window: Visit, path: Path | None) -> None:
    if path:
        # Once colours and places have come to rest.
        window.page.wait_for_timeout(500)
        window.page.screenshot(path=path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
