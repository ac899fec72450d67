"""The offline verifier as a visitor meets it: one file on a disk, no network, no server."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "app/static/verifier.html"

pytestmark = [pytest.mark.e2e, pytest.mark.browser]


def test_the_page_opens_from_disk_in_both_languages_without_a_request_or_an_error(browser: "Browser") -> None:
    context = browser.new_context(offline=True)
    page = context.new_page()
    requests: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(PAGE.as_uri())
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.locator("h1").count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    page.get_by_role("button", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"
    # The worker is a blob of the page's own script.
    assert [url for url in requests if not url.startswith("blob:null/")] == [PAGE.as_uri()]
    assert faults == []
    context.close()
