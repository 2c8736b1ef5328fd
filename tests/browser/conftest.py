"""One browser and one product per cloud for the tests of this folder, each with a fresh window, which must leave nothing foreign behind.

Not for the whole run: while Playwright's loop runs in a thread, no other can run there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.browser import chromium
from tests.browser.product import Product
from tests.browser.scripted import ScriptedModels
from tests.browser.visit import Look, Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="package", name="browser")
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="package", params=["aws", "huawei"], name="product")
def _product(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with ScriptedModels() as models, Product(tmp_path_factory.mktemp("stage"), request.param, **models.environment()) as product:
        yield product


@pytest.fixture(name="visit")
def _visit(browser: Browser, product: Product) -> Iterator[Callable[[Look], Visit]]:
    visits: list[Visit] = []

    def open_window(look: Look = Look()) -> Visit:  # noqa: B008 - a Look is immutable
        size: ViewportSize = {"width": look.width, "height": look.height}
        context = browser.new_context(locale=look.locale, color_scheme=look.scheme, viewport=size, has_touch=look.width < 600)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        visits.append(Visit(context, product))
        return visits[-1]

    yield open_window
    for visit in visits:
        visit.page.context.close()
    assert [fault for visit in visits for fault in visit.foreign + visit.faults] == []
