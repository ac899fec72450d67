"""The console in a browser: two persons start a campaign, watch each seat, call it off; by keyboard."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.store.unit_of_work import UnitOfWork
from app.usecases.delivery.work import WorkContext
from app.usecases.invitations.contacts import synthetic_contacts
from app.usecases.pools import load_snapshot
from app.worker import HANDLERS, REPORT_HANDLERS, Wiring, Worker
from draw.identifiers import id_check_character
from tests.support import people
from tests.support.appointing import FILE, SPECIAL, outside
from tests.support.calling import Line
from tests.support.people import Person
from tests.support.served import Served, served
from tests.support.service import Service, order, project
from tests.support.venues import CITY, COUNTY, booked, centre, decide, hire, plan, seats
from tests.support.visits import PHONE, WIDE, ZOOMED, check_reading, press, read_in_both, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
SIZES = {"phone": PHONE, "wide": WIDE, "zoomed": ZOOMED}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server with a venue and contacts; every test brings a draw of its own."""
    with served(tmp_path_factory.mktemp("console")) as running:
        running.do(furnish)
        yield running


@pytest.fixture(scope="module")
def staff(platform: Served) -> dict[str, Person]:
    """An operator, a supervisor and somebody of an agency, each with an account."""

    async def work(api: Service) -> dict[str, Person]:
        return {
            "olga": await people.person(api, "olga.operator", "operator"),
            "sven": await people.person(api, "sven.supervisor", "supervisor"),
            "anna": await people.person(api, "anna.agency", "agency", agency="agy_alice"),
        }

    return platform.do(work)


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the page are kept."""
    return tmp_path_factory.mktemp("shots-console")


async def furnish(api: Service) -> None:
    assert (await api.post("bob", "/v1/venues", plan())).status_code in (200, 201)

    async def store(uow: UnitOfWork) -> None:
        snapshot = await load_snapshot(uow, "city", 1)
        for expert, contact in synthetic_contacts(one.id for one in snapshot.records).items():
            fitted = replace(contact, channels=("sms",))
            await uow.contacts.put("city", expert, fitted, now=api.platform.now())

    await api.platform.database.transact(store)


def drawn(platform: Served, name: str) -> str:
    """A draw of a project of its own, drawn and not invited for yet."""

    async def work(api: Service) -> str:
        span = {"from": "2026-11-24T01:00:00Z", "to": "2026-11-24T02:00:00Z"}
        registered = project(project=name, title=f"工程 {name}", evaluation=span)
        assert (await api.post("alice", "/v1/projects", registered)).status_code == 201
        asked = order(project=name, invitations="logged")
        draw = str((await api.post("alice", "/v1/draws", asked)).json()["id"])
        assert (await api.post("bob", f"/v1/draws/{draw}:run")).status_code == 200
        return draw

    return platform.do(work)


def deliver(platform: Served) -> None:
    """Let a worker send everything that is due."""

    async def work(api: Service) -> None:
        context: WorkContext = api.app.state.work
        lines = {"sms": Line("sms.test"), "letter": Line("letter.test", outcome="handed")}
        wiring = Wiring(gateways=lines, handlers=HANDLERS, report_handlers=REPORT_HANDLERS)
        worker = Worker(context, wiring)
        while await worker.run_once():
            pass

    platform.do(work)


def address(platform: Served, language: str = "zh-CN") -> str:
    return f"{platform.address}/console?lang={language}"


def sign_in(page: "Page", platform: Served, who: Person) -> None:
    async def work(api: Service) -> str:
        return people.next_code(api, who)

    page.locator("#qt-login").fill(who.login)
    page.locator("#qt-password").fill(who.password)
    page.locator("#qt-code").fill(platform.do(work))
    page.keyboard.press("Enter")
    page.locator("nav").wait_for()


def propose(page: "Page", name: str, unbooked: str = "在采购人自有会议室评标") -> None:
    page.get_by_role("link", name=f"工程 {name}").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="拟定邀请方案").wait_for()
    page.get_by_label("评标中心").select_option(CITY)
    for label, typed in (("携带物品", "身份证"), ("联系电话", "0591-0000"), ("告知专家的地区", "福州")):
        page.get_by_label(label).focus()
        page.keyboard.type(typed)
    if unbooked:
        page.get_by_label("席位不经本平台预订").focus()
        page.keyboard.press("Space")
        page.get_by_label("不预订的理由").focus()
        page.keyboard.type(unbooked)
    press(page, "提出方案")


def badge(page: "Page", words: str) -> None:
    page.locator("main .badge", has_text=words).first.wait_for()


def started(page: "Page", platform: Served, draw: str) -> None:
    """A supervisor approves elsewhere, and the letters leave."""

    async def approve(api: Service) -> None:
        answer = await api.post("carol", f"/v1/draws/{draw}/campaign/approval")
        assert answer.status_code == 200, answer.text

    platform.do(approve)
    deliver(platform)
    badge(page, "正在邀请")


def test_two_persons_start_a_campaign_and_watch_it_without_a_mouse(
    browser: "Browser", platform: Served, staff: dict[str, Person]
) -> None:
    draw = drawn(platform, "two-persons")
    with visit(browser, address(platform), size=WIDE) as page:
        sign_in(page, platform, staff["olga"])
        propose(page, "two-persons", unbooked="")
        badge(page, "待监督人确认")
        page.get_by_text("等待监督人确认。提出方案的人不能自己确认。").wait_for()
        assert page.get_by_role("button", name="确认并发出邀请").count() == 0
    with visit(browser, address(platform), size=WIDE) as page:
        sign_in(page, platform, staff["sven"])
        page.get_by_role("link", name="工程 two-persons").click()
        press(page, "确认并发出邀请")
        page.get_by_role("alert").filter(has_text="请先核对并勾选").wait_for()
        page.get_by_label("我已核对").focus()
        page.keyboard.press("Space")
        press(page, "确认并发出邀请")
        page.get_by_role("alert").filter(has_text="main：该次抽取没有在这一场地预订席位").wait_for()
        platform.do(lambda api: book(api, draw))
        press(page, "确认并发出邀请")
        badge(page, "正在邀请")
        deliver(platform)
        page.reload()
        row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="main"))
        row.filter(has_text="已确认").filter(has_text="已订 5 席，邀请 5 人").wait_for()
        row.filter(has_text="5 席中 0 席已查好").wait_for()
        page.get_by_text("短信 · 已送达").first.wait_for()
        assert page.get_by_role("rowheader", name="席位").count() == 5
        assert page.get_by_text("王工").count() >= 1
        assert page.get_by_text("需要 5 人，已接受 0 人").count() == 1


async def book(api: Service, draw: str) -> None:
    """Five seats in the city, confirmed by its staff."""
    await hire(api, dana=CITY)
    five = centre(CITY, "main", *seats(CITY, "e1", 1, 2, 3, 4, 5), main=True)
    made = await booked(api, draw, centres=[five])
    assert (await decide(api, "dana", made, "confirm")).status_code == 200


def test_the_second_person_reads_why_nothing_is_booked(
    browser: "Browser", platform: Served, staff: dict[str, Person], shots: Path
) -> None:
    """A place outside the platform: the operator says why, and the supervisor reads it before the yes."""
    drawn(platform, "outside")
    with visit(browser, address(platform), size=WIDE) as page:
        sign_in(page, platform, staff["olga"])
        propose(page, "outside", unbooked=" ")
        page.get_by_role("alert").filter(has_text="请把每一项填写完整").wait_for()
        page.get_by_label("不预订的理由").fill("在采购人自有会议室评标")
        page.get_by_label("评标中心").select_option("outside")
        # What was missing is there now: nothing complains any more.
        page.get_by_role("alert").wait_for(state="detached")
        check_reading(page, shots, "unbooked")
        press(page, "提出方案")
        badge(page, "待监督人确认")
    with visit(browser, address(platform), size=WIDE) as page:
        sign_in(page, platform, staff["sven"])
        page.get_by_role("link", name="工程 outside").click()
        page.locator(".banner", has_text="提出人写明的理由：在采购人自有会议室评标").wait_for()
        check_reading(page, shots, "unbooked-approval")
        page.get_by_label("我已核对").check()
        press(page, "确认并发出邀请")
        badge(page, "正在邀请")
        page.locator("dt", has_text="发起时未预订席位").wait_for()


def test_a_proposal_with_an_empty_or_telling_text_is_explained_beside_the_form(
    browser: "Browser", platform: Served, staff: dict[str, Person]
) -> None:
    drawn(platform, "telling")
    with visit(browser, address(platform), size=WIDE) as page:
        sign_in(page, platform, staff["olga"])
        page.get_by_role("link", name="工程 telling").click()
        page.get_by_role("heading", name="拟定邀请方案").wait_for()
        press(page, "提出方案")
        page.get_by_role("alert").filter(has_text="请把每一项填写完整").wait_for()
        page.get_by_label("评标中心").select_option(CITY)
        page.get_by_label("携带物品").fill("工程 telling 的图纸")
        page.get_by_label("联系电话").fill("0591-0000")
        page.get_by_label("告知专家的地区").fill("福州")
        press(page, "提出方案")
        page.get_by_role("alert").locator("p").nth(1).wait_for()
        badge(page, "已抽取，尚未邀请")


def test_calling_off_asks_for_a_reason_and_tells_everybody(
    browser: "Browser", platform: Served, staff: dict[str, Person]
) -> None:
    draw = drawn(platform, "called-off")
    with visit(browser, address(platform), size=WIDE) as page:
        sign_in(page, platform, staff["olga"])
        propose(page, "called-off")
        badge(page, "待监督人确认")
        started(page, platform, draw)
        page.get_by_text("取消本次邀请……").focus()
        page.keyboard.press("Enter")
        press(page, "确认取消")
        page.get_by_role("alert").filter(has_text="请写明理由，并勾选确认").wait_for()
        page.locator("#cancel-reason").fill("场地停电")
        page.get_by_label("我确认取消。").check()
        press(page, "确认取消")
        badge(page, "已取消")
        page.get_by_role("table", name="通知与回执").get_by_text("取消通知").first.wait_for()
        assert page.get_by_role("button", name="确认取消").count() == 0


def test_a_campaign_is_moved_to_another_centre_with_a_reason(
    browser: "Browser", platform: Served, staff: dict[str, Person], shots: Path
) -> None:
    draw = drawn(platform, "moved")
    with visit(browser, address(platform), size=WIDE) as page:
        sign_in(page, platform, staff["olga"])
        propose(page, "moved")
        badge(page, "待监督人确认")
        started(page, platform, draw)
        page.get_by_text("改期或换场地……").focus()
        page.keyboard.press("Enter")
        press(page, "确认变更")
        page.get_by_role("alert").filter(has_text="请填写时间、场地和说明").wait_for()
        page.get_by_label("评标中心").select_option(COUNTY)
        page.get_by_label("变更说明（会发给专家）").fill("场地检修")
        check_reading(page, shots, "move")
        with page.expect_response(lambda one: one.url.endswith("/campaign/move")) as answer:
            press(page, "确认变更")
        assert answer.value.status == 200
        # Done is done: the form is closed, and nothing of it is there to be sent again.
        page.locator("details", has_text="改期或换场地……").and_(page.locator(":not([open])")).wait_for()
        assert page.locator("#move-reason").input_value() == ""

        async def there(api: Service) -> bool:
            plan = (await api.get("carol", f"/v1/draws/{draw}/campaign")).json()["plan"]
            return {one["venue"] for one in plan["sites"]} == {COUNTY}

        assert platform.do(there)


def test_a_start_is_put_off_with_a_reason_and_stands_on_record(
    browser: "Browser", platform: Served, staff: dict[str, Person], shots: Path
) -> None:
    draw = drawn(platform, "put-off")
    platform.do(lambda api: start(api, draw))
    deliver(platform)
    with visit(browser, address(platform), size=WIDE) as page:
        sign_in(page, platform, staff["olga"])
        page.get_by_role("link", name="工程 put-off").click()
        page.get_by_text("推迟开始……").focus()
        page.keyboard.press("Enter")
        press(page, "确认推迟")
        page.get_by_role("alert").filter(has_text="请填写时间和理由").wait_for()
        read_in_both(page, shots, "put-off")
        page.get_by_label("新的开始时间（北京时间）").fill("2026-11-24T09:40")
        page.locator("#put-off-reason").select_option("equipment")
        press(page, "确认推迟")
        page.get_by_text("开始时间已推迟").wait_for()
        page.get_by_text("：设备原因（").wait_for()
        read_in_both(page, shots, "put-off-done")


def test_members_who_were_not_drawn_are_approved_only_with_the_supervisors_own_node(
    browser: "Browser", platform: Served, staff: dict[str, Person], shots: Path
) -> None:
    digest = platform.do(appoint)
    with visit(browser, address(platform), size=WIDE) as page:
        sign_in(page, platform, staff["sven"])
        page.get_by_role("link", name="自行选定与直接确定").click()
        page.get_by_role("heading", name="直接确定", level=2).wait_for()
        press(page, "批准")
        page.get_by_role("alert").filter(has_text="请先核对并勾选").wait_for()
        read_in_both(page, shots, "appointment")
        page.get_by_label("我已核对批准文件").check()
        press(page, "批准")
        page.get_by_role("alert").filter(has_text="节点").wait_for()

        async def agree(api: Service) -> None:
            api.scene.nodes["supervisor"].book.put_once("appointment", 0, b"", key=digest)

        platform.do(agree)
        press(page, "批准")
        page.get_by_role("link", name="查看邀请进度").wait_for()
        read_in_both(page, shots, "appointed")

    async def listed(api: Service) -> list[str]:
        """How whoever proposed it finds it among their draws."""
        items = (await api.get("alice", "/v1/draws")).json()["items"]
        (own,) = [one for one in items if one["project"] == "chosen"]
        paths = (
            "",
            "/proof",
            "/campaign",
            "/campaign/counts",
            "/roster",
            "/self-selection",
            "/start",
            "/rules",
        )
        for who in ("alice", "bob", "carol"):
            told = [(await api.get(who, f"/v1/draws/{own['id']}{path}")).status_code for path in paths]
            told += [
                (await api.post(who, f"/v1/draws/{own['id']}{act}")).status_code for act in (":run", ":open")
            ]
            assert max(told) < 500, told
        return [own["way"], own["state"], *(step["type"] for step in own["steps"])]

    assert platform.do(listed) == ["direct", "appointed", "appointment"]


async def appoint(api: Service) -> str:
    """An agency has five people in mind for a section of its own; the digest of what it proposes."""
    assert (await api.post("alice", "/v1/projects", project(project="chosen"))).status_code == 201
    people = []
    for number in range(5):
        first = f"9999011980010100{number}"
        who = {**(outside("works", "main").outside or {}), "id_number": first + id_check_character(first)}
        chosen = {**who, "name": f"虚构专家{number}", "specialties": ["A"]}
        people.append({"stratum": "works", "site": "main", "outside": chosen})
    proposal = {
        "project": "chosen",
        "section": "s1",
        "way": "direct",
        "reason": SPECIAL,
        "approval": FILE,
        "pool": "city",
        "parameters": order()["parameters"],
        "people": people,
    }
    answer = await api.post("alice", "/v1/appointments", proposal)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["document"])


def test_an_agency_does_not_get_in(browser: "Browser", platform: Served, staff: dict[str, Person]) -> None:
    with visit(browser, address(platform), size=WIDE) as page:
        sign_in(page, platform, staff["anna"])
        page.get_by_text("您的账号不能进入").wait_for()
        assert page.get_by_role("list", name="邀请和待邀请的抽取").count() == 0


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("name", SIZES)
def test_every_screen_reads_well_in_both_languages(
    browser: "Browser", platform: Served, staff: dict[str, Person], shots: Path, *, language: str, name: str
) -> None:
    works = f"look-{name}-{language[:2].lower()}"
    draw = drawn(platform, works)
    with visit(browser, address(platform, language), size=SIZES[name]) as page:
        page.locator("main h1").wait_for()
        sign_in(page, platform, staff["olga"])
        page.get_by_role("link", name=f"工程 {works}").wait_for()
        check_reading(page, shots, f"queue-{name}-{language}")
        page.get_by_role("link", name=f"工程 {works}").click()
        page.locator("#venue-0").wait_for()
        check_reading(page, shots, f"propose-{name}-{language}")
        platform.do(lambda api: start(api, draw))
        deliver(platform)
        page.reload()
        page.locator("table.seats").first.wait_for()
        for closed in page.locator("details").all():
            closed.evaluate("one => { one.open = true; }")
        check_reading(page, shots, f"campaign-{name}-{language}")


async def start(api: Service, draw: str) -> None:
    """A campaign from proposal to approval, by others."""
    place = {"site": "main", "venue": CITY, "area": "福州", "address": "福州市某路 1 号"}
    proposal = {
        "begins": "2026-11-24T01:00:00Z",
        "hours": 1,
        "overnight": False,
        "bring": "身份证",
        "contact": "0591-0000",
        "sites": [place],
        "unbooked": "在采购人自有会议室评标",
    }
    path = f"/v1/draws/{draw}/campaign"
    proposed = await api.post("bob", path, {"owner": "王工", "plan": proposal})
    assert proposed.status_code == 201, proposed.text
    approved = await api.post("carol", f"{path}/approval")
    assert approved.status_code == 200, approved.text


def test_nothing_on_the_screen_or_in_an_address_tells_who_is_invited(
    browser: "Browser", platform: Served, staff: dict[str, Person]
) -> None:
    draw = drawn(platform, "secret")
    platform.do(lambda api: start(api, draw))
    deliver(platform)

    async def secrets(api: Service) -> set[str]:
        async with api.platform.database.read() as uow:
            snapshot = await load_snapshot(uow, "city", 1)
        return {text for one in snapshot.records for text in (one.id, one.name)}

    with visit(browser, address(platform), size=WIDE) as page:
        answers: list[str] = []
        page.on("response", lambda one: answers.append(one.url + one.text()) if "/v1/" in one.url else None)
        sign_in(page, platform, staff["sven"])
        page.get_by_role("link", name="工程 secret").click()
        page.locator("table.seats").first.wait_for()
        shown = page.content() + page.url + "".join(answers)
    told = [one for one in platform.do(secrets) if one in shown]
    assert told == []
