"""The public page of a running platform: a certificate's link, a typed code, a dropped file, a wrong code.

The draws are real, carried through by party nodes. The page verifies in the visitor's browser and sends
nothing but the code.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from draw.verify.verifier import verify
from tests.support.served import Served, served
from tests.support.service import Service, order, project
from tests.support.verifier_page import (
    PAGE,
    WIDE,
    ZOOMED,
    check_accessibility,
    drop,
    tell_time,
    verdict,
    visit,
    write_proofs,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.e2e, pytest.mark.browser]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_proofs(tmp_path_factory.mktemp("proofs"))


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running platform with real party nodes."""
    with served(tmp_path_factory.mktemp("public")) as running:
        yield running


@pytest.fixture(scope="module")
def codes(platform: Served) -> dict[str, str]:
    """Codes of two real draws: one opened, one with a result that is not open yet."""

    async def draw(api: Service, name: str, **changes: Any) -> str:
        created = await api.post("alice", "/v1/projects", project(project=name, **changes))
        assert created.status_code == 201, created.text
        answer = await api.post("alice", "/v1/draws", order(project=name))
        assert answer.status_code == 201, answer.text
        return str((await api.ceremony.run(answer.json()["id"])).id)

    async def work(api: Service) -> dict[str, str]:
        opened, waiting = await draw(api, "works-opened"), await draw(api, "works-waiting")
        api.scene.clock.move(days=1, minutes=1)
        answer = await api.post("bob", f"/v1/draws/{opened}:open")
        assert answer.status_code == 200, answer.text
        row = await api.ceremony.row(waiting)
        return {"opened": answer.json()["code"], "waiting": str(row.code)}

    return platform.do(work)


def test_a_certificates_link_verifies_by_itself(
    browser: "Browser", platform: Served, codes: dict[str, str]
) -> None:
    with visit(browser, f"{platform.address}/?code={codes['opened']}") as page:
        page.locator("#qv-verdict").wait_for()
        tell_time(page, "by link")
        assert verdict(page).endswith("核验通过")
        assert len(page.workers) == 1
        with page.expect_download() as saved:
            page.get_by_role("link", name="保存抽取证明文件").click()
        assert verify(saved.value.path().read_bytes()).stage == "opened"


def test_a_code_is_typed_as_people_type(browser: "Browser", platform: Served, codes: dict[str, str]) -> None:
    code = codes["opened"]
    with visit(browser, f"{platform.address}/?lang=en") as page:
        page.get_by_label("Verification code").fill(f" {code[:4].lower()}-{code[4:8]} {code[8:]} ")
        page.keyboard.press("Enter")
        page.locator("#qv-verdict").wait_for()
        tell_time(page, "by code")
        assert verdict(page).endswith("Verified")
        assert f"code={code}" in page.url


def test_a_result_that_is_not_open_yet_is_verified_so_far_and_names_nobody(
    browser: "Browser", platform: Served, codes: dict[str, str]
) -> None:
    with visit(browser, f"{platform.address}/?code={codes['waiting']}") as page:
        page.locator("#qv-verdict").wait_for()
        assert verdict(page).endswith("到目前为止，核验通过")
        assert page.get_by_role("heading", name="抽中名单").count() == 0


@pytest.mark.parametrize(
    ("typed", "said"),
    [("AAAA-BBBB-CCCC", "没有找到这个核验码对应的抽取证明"), ("ABC", "核验码应为 12 位字母或数字")],
)
def test_a_wrong_code_is_answered_beside_the_field_and_leaves_no_other_result(
    browser: "Browser", platform: Served, codes: dict[str, str], typed: str, said: str
) -> None:
    with visit(browser, f"{platform.address}/?code={codes['opened']}") as page:
        page.locator("#qv-verdict").wait_for()
        page.get_by_label("核验码").fill(typed)
        page.keyboard.press("Enter")
        page.get_by_role("alert").get_by_text(said).wait_for()
        assert page.locator("#qv-verdict").count() == 0


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh-CN", "2 席未经抽取（自行选定），不在下面的抽取证明之内"), ("en", "2 not drawn (self-selected)")],
)
def test_who_was_not_drawn_is_told_beside_the_proof(
    browser: "Browser", platform: Served, codes: dict[str, str], language: str, said: str
) -> None:
    told = {"draw": "drw_1", "items": [{"way": "self_selected", "seats": 2, "log_index": 40}]}
    with visit(browser, f"{platform.address}/?lang={language}", size=ZOOMED, bypass_csp=True) as page:
        page.route("**/v1/proofs/*/appointments", lambda route: route.fulfill(json=told))
        page.locator("#code").fill(codes["opened"])
        page.keyboard.press("Enter")
        page.get_by_text(said).wait_for()
        page.locator("#qv-verdict").wait_for()
        check_accessibility(page, f"not drawn {language}")


def test_a_dropped_proof_stays_in_the_browser(browser: "Browser", platform: Served, files: Path) -> None:
    with visit(browser, platform.address) as page:
        page.locator(".qv-drop").wait_for()
        sent: list[str] = []
        page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
        drop(page, files / "opened.json")
        assert verdict(page).endswith("核验通过")
        assert [line for line in sent if "/v1/" in line or not line.startswith("GET ")] == []


def test_the_offline_file_is_handed_out_as_one_file(browser: "Browser", platform: Served) -> None:
    with visit(browser, platform.address) as page:
        with page.expect_download() as saved:
            page.get_by_role("link", name="下载离线核验文件").click()
        assert saved.value.path().read_bytes() == PAGE.read_bytes()


@pytest.mark.parametrize("size", [WIDE, ZOOMED], ids=["wide", "zoomed"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_public_page_has_no_serious_accessibility_finding(
    browser: "Browser", platform: Served, codes: dict[str, str], language: str, size: dict[str, int]
) -> None:
    address = f"{platform.address}/?lang={language}"
    with visit(browser, address, size=size, bypass_csp=True) as page:
        page.locator("#code").wait_for()
        check_accessibility(page, "empty")
        page.locator("#code").fill("AAAABBBBCCCC")
        page.keyboard.press("Enter")
        page.get_by_role("alert").get_by_text("✘").wait_for()
        check_accessibility(page, "unknown code")
        page.locator("#code").fill(codes["opened"])
        page.keyboard.press("Enter")
        page.locator("#qv-verdict").wait_for()
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        check_accessibility(page, "opened")
