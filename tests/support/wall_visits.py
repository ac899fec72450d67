"""What everybody does who visits the wall: come into a room, open a part of the work."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


def enter(page: "Page", name: str = "进入") -> None:
    """Into the first room of the list; `name` is how its button begins."""
    page.get_by_role("button", name=re.compile(f"^{name}")).first.click()
    page.locator(".figures").wait_for()


def part(page: "Page", name: str) -> None:
    """Open a part of the work beside the tiles, by keyboard."""
    page.locator(".tabs button").filter(has_text=name).focus()
    page.keyboard.press("Enter")
    page.locator("#part-title:focus").wait_for()
