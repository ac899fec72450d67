"""The offline verifier as its users meet it: one file from disk, honest and forged proofs, no network.

By file and by drop; in both languages, at 200 % zoom, by keyboard alone, with large pools.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crypto.canonical import canonical
from draw.verify.errors import ProofError
from draw.verify.verifier import verify
from tests.support.ceremony import Ceremony, bundle_bytes
from tests.support.forgeries import FORGERIES, Evidence
from tests.support.forgery import RICH
from tests.support.synthetic_pool import Shape
from tests.support.verifier_page import (
    WIDE,
    ZOOMED,
    check_accessibility,
    choose,
    drop,
    offline,
    states,
    tell_time,
    verdict,
    write_proofs,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# One of each group of checks, and one for each further file.
TRIED = (1, 3, 5, 9, 10, 14, 16, 17, 20, 22, 23, 25, 26, 32, 34, 43, 46)

pytestmark = [pytest.mark.e2e, pytest.mark.browser]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_proofs(tmp_path_factory.mktemp("proofs"))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A draw from a pool that takes the verifier seconds, with its pool file."""
    folder = tmp_path_factory.mktemp("large")
    ceremony = Ceremony(replace(RICH, shape=Shape(experts=4000, double=60, employers=800), events=()))
    (folder / "opened.json").write_bytes(bundle_bytes(ceremony.bundle()))
    (folder / "pool.json").write_bytes(canonical(ceremony.pool_file()))
    return folder


def test_an_opened_proof_gives_six_ticks_each_with_its_meaning_and_its_limit(
    browser: "Browser", files: Path
) -> None:
    with offline(browser) as page:
        choose(page, files / "invited.json")
        assert "核验通过" in verdict(page)
        assert page.locator(".qv-tick h3").count() == 6
        assert states(page) == ["通过", "部分核验", "通过", "通过", "通过", "通过"]
        for card in page.locator(".qv-tick").all():
            assert card.locator(".qv-term").all_inner_texts() == ["这表示", "局限"]
        assert page.locator(".qv-banner").inner_text().count("公开级") == 1
        first = page.locator(".qv-tick").first
        assert not first.locator(".qv-checks").is_visible()
        first.locator("summary").click()
        assert first.locator(".qv-checks li").count() == 5


def test_the_same_verdict_in_english_one_click_away(browser: "Browser", files: Path) -> None:
    with offline(browser) as page:
        choose(page, files / "invited.json")
        page.get_by_role("button", name="English").click()
        assert "Verified" in verdict(page)
        assert states(page) == ["passed", "partly verified", "passed", "passed", "passed", "passed"]


def test_a_draw_whose_invitations_are_not_logged_never_seems_to_have_them_verified(
    browser: "Browser", files: Path
) -> None:
    with offline(browser) as page:
        choose(page, files / "opened.json")
        assert states(page) == ["通过", "部分核验", "通过", "通过", "未核验", "通过"]
        card = page.locator("#qv-calls")
        assert "没有记入日志" in card.inner_text()
        assert card.locator(".qv-checks").count() == 0
        assert page.get_by_role("listitem").filter(has_text="递补是否各有依据没有核验").count() == 1


def test_an_answers_receipt_is_found_again_and_a_late_answer_is_told(browser: "Browser", files: Path) -> None:
    with offline(browser) as page:
        choose(page, files / "invited.json")
        assert page.get_by_text("有 1 个期限内作出的答复").count() == 1
        drop(page, files / "reply.json")
        page.get_by_text("答复回执：日志里记着您的答复“接受”").wait_for()
        assert "专家级" in page.locator(".qv-banner").inner_text()
        page.locator("#qv-calls summary").click()
        assert page.locator("#qv-calls .qv-checks li").count() == 6
        choose(page, files / "opened.json")
        page.locator(".qv-banner-fail").get_by_text("45").wait_for()


def test_the_pool_file_gives_the_supervisors_level_and_the_receipt_the_experts(
    browser: "Browser", files: Path
) -> None:
    with offline(browser) as page:
        choose(page, files / "invited-pool.json", files / "invited.json")
        assert states(page) == ["通过"] * 6
        choose(page, files / "pool.json", files / "opened.json")
        assert "监督级" in page.locator(".qv-banner").inner_text()
        choose(page, files / "receipt.json")
        page.get_by_text("专家级", exact=False).wait_for()
        assert "回执：" in page.locator(".qv-banner").inner_text()


def test_the_trust_file_compares_the_keys(browser: "Browser", files: Path) -> None:
    with offline(browser) as page:
        choose(page, files / "opened.json")
        assert page.get_by_text("这些指纹没有与任何来源比对").count() == 1
        page.locator("#qv-files").set_input_files(files / "trust.json")
        page.get_by_text("四个密钥都列在您提供的信任文件中").wait_for()


@pytest.mark.parametrize(
    ("name", "title", "said"),
    [
        (
            "sealed",
            "到目前为止，核验通过",
            ["目前通过", "部分核验", "目前通过", "尚未到此阶段", "未核验", "通过"],
        ),
        (
            "aborted",
            "中止前的记录，核验通过",
            ["目前通过", "部分核验", "目前通过", "未走到此步", "未走到此步", "通过"],
        ),
    ],
)
def test_an_unfinished_draw_is_never_simply_called_verified(
    browser: "Browser", files: Path, name: str, title: str, said: list[str]
) -> None:
    with offline(browser) as page:
        choose(page, files / f"{name}.json")
        assert title in verdict(page)
        assert states(page) == said


@pytest.mark.parametrize("number", TRIED)
def test_a_forgery_is_red_and_names_the_check_the_meaning_and_who_must_act(
    browser: "Browser", tmp_path: Path, number: int
) -> None:
    forgery = next(one for one in FORGERIES if one.number == number and one.make().bundle)
    evidence = forgery.make()
    with pytest.raises(ProofError) as refused:
        verify(
            evidence.bundle,
            trust=evidence.trust,
            pool_file=evidence.pool_file,
            receipt=evidence.receipt,
            reply=evidence.reply,
        )
    with offline(browser, language="en") as page:
        choose(page, *written(evidence, tmp_path))
        banner = page.locator(".qv-banner-fail")
        assert banner.locator("strong").inner_text().startswith(f"{number} ")
        assert banner.locator("code").inner_text() == refused.value.name
        assert banner.locator("dt").all_inner_texts() == ["What was found", "What it means", "Who must act"]
        assert all(text.strip() for text in banner.locator("dd").all_inner_texts())
        page.get_by_role("button", name="中文").click()
        assert (
            page.locator("#qv-verdict")
            .inner_text()
            .endswith("这不是完整的抽取证明" if number == 1 else "核验未通过")
        )
        assert "应由谁处理" in banner.inner_text()


def written(evidence: Evidence, folder: Path) -> list[Path]:
    """What a verifier is handed, as files."""
    given = {
        "bundle": evidence.bundle,
        "pool": evidence.pool_file,
        "receipt": evidence.receipt,
        "reply": evidence.reply,
        "trust": evidence.trust,
    }
    for name, data in given.items():
        if data is not None:
            (folder / name).write_bytes(data)
    return [folder / name for name, data in given.items() if data is not None]


def test_a_file_that_is_no_proof_gets_a_clear_word_and_no_ticks(browser: "Browser", files: Path) -> None:
    with offline(browser) as page:
        choose(page, files / "holiday.jpg")
        assert "这不是完整的抽取证明" in verdict(page)
        assert page.locator(".qv-tick").count() == 0
        choose_again = files / "opened.json"
        drop(page, choose_again)
        page.locator(".qv-banner-pass").wait_for()


def test_a_pool_file_alone_asks_for_the_proof(browser: "Browser", files: Path) -> None:
    with offline(browser) as page:
        page.locator("#qv-files").set_input_files(files / "pool.json")
        page.get_by_role("status").get_by_text("还缺抽取证明文件").wait_for()
        assert page.locator("#qv-verdict").count() == 0


def test_everything_is_reached_and_done_with_the_keyboard(browser: "Browser", files: Path) -> None:
    with offline(browser) as page:
        # A listener from the start: the browser's own dialogue must not come before the test listens.
        page.on("filechooser", lambda _chooser: None)
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.locator("html").get_attribute("lang") == "en"
        page.keyboard.press("Tab")
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Enter")
        chooser.value.set_files(files / "opened.json")
        page.locator("#qv-verdict").wait_for()
        # The verdict has the focus, to be read out; from there the first tick and its checks.
        assert page.evaluate("document.activeElement.id") == "qv-verdict"
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "qv-list"
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.locator(".qv-tick").first.locator(".qv-checks").is_visible()
        page.locator("#qv-files").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.locator("#qv-verdict").wait_for(state="detached")


# -- large pools


def test_a_large_pool_is_recomputed_while_the_page_goes_on_answering(browser: "Browser", large: Path) -> None:
    with offline(browser) as page:
        page.locator("#qv-files").set_input_files([large / "opened.json", large / "pool.json"])
        page.get_by_role("button", name="English").click()
        page.get_by_role("status").get_by_text("Recomputing every expert").wait_for()
        assert len(page.workers) == 1
        page.locator("#qv-verdict").wait_for()
        assert states(page) == [*["passed"] * 4, "not verified", "passed"]
        tell_time(page, "4000 experts")


def test_taking_the_file_away_ends_the_work(browser: "Browser", large: Path, files: Path) -> None:
    with offline(browser) as page:
        page.locator("#qv-files").set_input_files([large / "opened.json", large / "pool.json"])
        page.get_by_role("button", name="移除 pool.json").click()
        page.locator("#qv-verdict").wait_for()
        assert states(page)[1] == "部分核验"
        choose(page, files / "sealed.json")
        page.get_by_text("到目前为止，核验通过").wait_for()


def test_where_no_worker_can_be_had_the_page_itself_verifies(browser: "Browser", files: Path) -> None:
    with offline(
        browser, script="window.Worker = class { constructor() { throw new Error('no'); } };"
    ) as page:
        choose(page, files / "opened.json")
        assert page.workers == []
        assert "核验通过" in verdict(page)


# -- accessibility


@pytest.mark.parametrize("size", [WIDE, ZOOMED], ids=["wide", "zoomed"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_offline_file_has_no_serious_accessibility_finding(
    browser: "Browser", files: Path, tmp_path: Path, language: str, size: dict[str, int]
) -> None:
    forged = next(one for one in FORGERIES if one.number == 17).make()
    # Axe is put into the page, which its content policy rightly forbids.
    with offline(browser, language=language, size=size, bypass_csp=True) as page:
        check_accessibility(page, "empty")
        for path in (
            files / "invited.json",
            files / "opened.json",
            files / "sealed.json",
            *written(forged, tmp_path),
        ):
            page.locator("#qv-files").set_input_files(path)
            page.locator(".qv-files", has_text=path.name).wait_for()
            page.locator("#qv-verdict").wait_for()
            page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            check_accessibility(page, path.name)
