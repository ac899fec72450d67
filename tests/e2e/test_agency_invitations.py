"""How the invitations stand, on the agency's page: counts, limits and the responsible person, never a person
who was asked.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.usecases import invites
from tests.e2e.test_agency_page import sign_in
from tests.e2e.test_console_page import deliver, drawn, furnish, start
from tests.support.served import Served, served
from tests.support.service import Service
from tests.support.visits import PHONE, WIDE, ZOOMED, check_reading, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
SIZES = {"phone": PHONE, "wide": WIDE, "zoomed": ZOOMED}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server with a venue and contacts; every test brings a draw of its own."""
    with served(tmp_path_factory.mktemp("counts")) as running:
        running.do(furnish)
        yield running


def look(page: "Page", platform: Served, draw: str) -> None:
    """Sign in and go to the draw."""
    sign_in(page, platform.api.tokens["alice"])
    page.evaluate("hash => { location.hash = hash; }", f"#/draws/{draw}")


def test_before_the_letters_are_out_there_is_nothing_to_count(browser: "Browser", platform: Served) -> None:
    draw = drawn(platform, "uninvited")
    with visit(browser, f"{platform.address}/agency", size=WIDE) as page:
        look(page, platform, draw)
        page.get_by_role("heading", name="进行到哪一步").wait_for()
        assert page.get_by_role("heading", name="邀请进度").count() == 0


def test_the_agency_sees_counts_limits_and_the_responsible_person_and_no_name(
    browser: "Browser", platform: Served
) -> None:
    draw = drawn(platform, "counted")
    platform.do(lambda api: start(api, draw))
    deliver(platform)

    async def names(api: Service) -> list[str]:
        holders = await invites.holders(api.platform, await api.ceremony.row(draw))
        return [word for one in holders if one is not None for word in (one.record.name, one.record.id)]

    with visit(browser, f"{platform.address}/agency", size=WIDE) as page:
        heard: list[str] = []
        page.on("response", lambda answer: heard.append(answer.text()) if "/v1/" in answer.url else None)
        look(page, platform, draw)
        panel = page.get_by_role("region", name="邀请进度")
        panel.get_by_text("需要 5 人，已接受 0 人").wait_for()
        page.get_by_text("王工").first.wait_for()
        assert "正在邀请" in panel.inner_text()
        shown = page.content() + "".join(heard)
    assert heard
    assert [word for word in platform.do(names) if word in shown] == []


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_the_counts_read_well_in_both_languages(
    browser: "Browser", platform: Served, tmp_path: Path, *, language: str, size: str
) -> None:
    draw = drawn(platform, f"read-{size}-{language[:2].lower()}")
    platform.do(lambda api: start(api, draw))
    with visit(browser, f"{platform.address}/agency", size=SIZES[size]) as page:
        look(page, platform, draw)
        if language == "en":
            page.get_by_role("button", name="English").click()
        title = {"zh-CN": "邀请进度", "en": "Invitations"}[language]
        page.get_by_role("heading", name=title, exact=True).wait_for()
        check_reading(page, tmp_path, f"counts-{size}-{language}")
