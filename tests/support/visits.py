"""One visit of a browser to a served page: any script error or break of the content policy fails the test.

Pictures are for people to look at and cost a good part of a reading: they are taken where QIANTONG_PICTURES
names a folder for them, as the checks of CI do (`build/pictures`).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE = {"width": 390, "height": 844}
WIDE = {"width": 1280, "height": 800}
ZOOMED = {"width": 640, "height": 400}  # the wide screen at 200 %
PHONE_ZOOMED = {"width": 195, "height": 422}
PATIENCE = 30_000  # milliseconds; a loaded machine is no fault of the page


@contextmanager
def visit(browser: "Browser", url: str, *, size: dict[str, int], **more: Any) -> "Iterator[Page]":
    """A page in a context of its own."""
    context = browser.new_context(viewport=size, locale="zh-CN", **more)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if _is_fault(message) else None)
    page.goto(url)
    yield page
    context.close()
    assert faults == []


def check_reading(page: "Page", shots: Path, name: str) -> None:
    """Axe finds nothing and nothing runs off the side; a picture is kept where somebody wants one."""
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    keep_picture(page, shots, name)


def keep_picture(page: "Page", shots: Path, name: str) -> None:
    """The whole page as it is now, where somebody wants pictures: in a folder called like `shots`."""
    wanted = os.environ.get("QIANTONG_PICTURES")
    if wanted:
        folder = Path(wanted, shots.name.rstrip("0123456789"))
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=True)


def read_in_both(page: "Page", shots: Path, name: str) -> None:
    """Read a page as it stands, then in English, wide and at 200 %; Chinese and the size come back."""
    check_reading(page, shots, name)
    before = page.viewport_size
    press(page, "English")
    page.locator("html[lang=en]").wait_for()
    for other, size in (("wide", WIDE), ("zoomed", ZOOMED)):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        check_reading(page, shots, f"{name}-{other}-en")
    if before is not None:
        page.set_viewport_size(before)
    press(page, "中文")
    page.locator("html[lang=zh-CN]").wait_for()


def _is_fault(message: Any) -> bool:
    # A refusal by the API is an answer the page explains; the browser lists it as an error of its own.
    return message.type in ("error", "warning") and "Failed to load resource" not in message.text


def press(page: "Page", name: str) -> None:
    """A button by keyboard, once it is not busy with what was asked before."""
    ready = page.locator(':not([aria-disabled="true"])')
    page.get_by_role("button", name=name, exact=True).and_(ready).press("Enter")
