"""What tests of things that go wrong share: a campaign that has just begun, people at doors and seats, a
proof that both verifiers accept.

Everything goes over the API where the API has it; alice requests for her agency, olga and oscar operate, sven
and sofia supervise. Ceremonies, workers, nodes and lines are those of `tests.support.arriving`.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx

from app.composition import compose
from app.store.unit_of_work import Database, UnitOfWork
from app.times import from_text, to_text
from app.usecases.access import issue_key
from app.worker import HANDLERS, REPORT_HANDLERS, Wiring, Worker
from crypto.canonical import canonical
from draw.invitation import FILLING
from draw.verify.report import Report
from draw.verify.verifier import verify
from tests.support import second_verifier
from tests.support.arriving import CITY, COUNTY, Arriving, Browser, assembled, hired
from tests.support.calling import Letter, later, plan_of, set_calling
from tests.support.forgery import Evidence
from tests.support.parties import seeded
from tests.support.stage import PARAMETERS, Stage

DESKS = {CITY: "dana", COUNTY: "carlo"}
OFFICE = {"alice": ("agency", "agency-1"), "sofia": ("supervisor", None)}
ORDER: dict[str, Any] = {
    "project": "works-1",
    "pool": "city",
    "parameters": PARAMETERS,
    "invitations": "logged",
}


async def set_asked(stage: Stage) -> Arriving:
    """Five experts were drawn and asked a moment ago; nobody has answered."""
    calling = await set_calling(stage)
    row = await stage.one.ceremony.run((await stage.request(invitations="logged")).id)
    case = assembled(calling, row)
    case.tokens = await case.platform.database.transact(lambda uow: hired(uow, stage))
    await staff_office(case)
    await begin(case)
    return case


async def staff_office(case: Arriving) -> Arriving:
    """Keys for those who are at no site and no desk."""
    now = case.stage.clock()

    async def work(uow: UnitOfWork) -> dict[str, str]:
        return {
            name: await issue_key(
                uow,
                person=name,
                role=role,
                agency_id=agency,
                scopes=None,
                mode="live",
                signing_key=None,
                expires_at=now + timedelta(days=9),
                now=now,
                secret=seeded("troubles", name),
            )
            for name, (role, agency) in OFFICE.items()
        }

    case.tokens |= await case.platform.database.transact(work)
    return case


async def begin(case: Arriving) -> None:
    """Two persons start the campaign of the case's draw, and its messages leave."""
    order = {"owner": "王工", "plan": plan_of(case.calling, case.row)}
    expect(await case.post("olga", f"/draws/{case.row.id}/campaign", order), 201)
    expect(await case.post("sven", f"/draws/{case.row.id}/campaign/approval"), 200)
    await case.calling.work()


# -- asking and being told


def expect(answer: httpx.Response, status: int) -> Any:
    """The body of an answer that had to be this one."""
    assert answer.status_code == status, answer.text
    return answer.json()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


async def seen(case: Arriving) -> dict[str, Any]:
    """The campaign as the operator's console has it."""
    return dict(expect(await case.get("olga", f"/draws/{case.row.id}/campaign"), 200))


async def told_agency(case: Arriving) -> dict[str, Any]:
    """Everything that the agency sees of the campaign."""
    return dict(expect(await case.get("alice", f"/draws/{case.row.id}/campaign/counts"), 200))


async def act(case: Arriving, who: str, what: str, body: object = None, status: int = 200) -> Any:
    """A step of somebody in the campaign, and the worker's after it."""
    answer = expect(await case.post(who, f"/draws/{case.row.id}/campaign/{what}", body), status)
    await case.calling.work()
    return answer


async def notices(case: Arriving) -> list[dict[str, Any]]:
    """Who was told of changes, as the supervisor reads it."""
    return list(expect(await case.get("sven", f"/draws/{case.row.id}/notices"), 200)["items"])


def texts(case: Arriving, words: str) -> list[str]:
    """The numbers that got a short message with these words, once for each message."""
    return [one.to for one in case.calling.lines["sms"].taken if words in one.text]


async def events(case: Arriving) -> list[tuple[str, str]]:
    """Class and mode of each replacement in the log."""
    _, course = await case.stage.one.ceremony.shown(await case.stage.one.ceremony.row(case.row.id))
    return [(entry.body["class"], entry.body["mode"]) for _, entry in course.all("event")]


async def classes(case: Arriving) -> list[str]:
    """Their classes alone."""
    return [one for one, _ in await events(case)]


async def states(case: Arriving) -> list[str | None]:
    """What each seat has come to."""
    return (await case.calling.standing(case.row)).states()


async def accept(case: Arriving, *letters: Letter) -> None:
    """These accept."""
    for letter in letters:
        await case.calling.say(letter, "accept")
    await case.calling.work()


async def everybody_accepts(case: Arriving, *letters: Letter) -> None:
    """These accept, and whoever is asked in their turn; every seat is filled."""
    await accept(case, *letters)
    await case.calling.fill(case.row)
    assert set(await states(case)) <= FILLING


# -- at the door and in the room


async def come(case: Arriving, letter: Letter, locker: int) -> str:
    """Through desk, locker and gate; the arrival."""
    site = (await case.calling.of(letter)).venue_site
    return await case.inside(letter, f"A-{locker:02}", DESKS[site])


async def sit(case: Arriving, arrival: str, site: str) -> tuple[Browser, str]:
    """A seat by chance and a login there: the browser, and the code by which staff speak of the person."""
    given = await case.seat(arrival, DESKS[site])
    browser = await case.enrolled(given["seat"], staff=DESKS[site])
    return browser, str(expect(await case.log_in(browser, given["slip"]), 201)["code"])


async def declare(case: Arriving, browser: Browser, code: str, site: str, cause: str = "kin") -> None:
    """A member finds a conflict and says so at the seat, signed by its browser."""
    words = "配偶在投标单位任职"
    statement = canonical(
        {
            "format": "qt/1 recusal",
            "site": site,
            "seat": browser.seat,
            "arrival": code,
            "cause": cause,
            "declaration": words,
        }
    )
    body = {"cause": cause, "declaration": words, "signature": browser.sign(statement)}
    headers = {"Authorization": f"Seat {browser.token}"}
    answer = await case.client.post("/v1/seats/current/recusal", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    await case.calling.work()


def everyone(case: Arriving) -> list[Letter]:
    """The letters of those who are expected at either site."""
    return [*case.letters[CITY], *case.letters[COUNTY]]


async def newcomers(case: Arriving) -> list[Letter]:
    """Whoever was asked since the last look has accepted."""
    found = case.calling.fresh()
    await accept(case, *found)
    return found


async def open_room(case: Arriving, who: str = "sven", tier: int = 2) -> httpx.Response:
    """The wish to open the roster."""
    wish = {"tier": tier, "reason": "开评 room start" if tier == 2 else "结果公告 result"}
    return await case.post(who, f"/draws/{case.row.id}/roster/openings", wish)


# -- the proof


async def proved(case: Arriving) -> Report:
    """The draw is opened at its time by an operator, and both verifiers accept its proof."""
    begins = (await case.calling.standing(case.row)).campaign.begins
    await case.calling.until(later(begins, seconds=1))
    expect(await case.post("olga", f"/draws/{case.row.id}:open"), 200)
    return await accepted_by_both(case, "opened")


async def accepted_by_both(case: Arriving, stage: str) -> Report:
    """What both verifiers say of the proof as it now is."""
    answer = await case.get("sven", f"/draws/{case.row.id}/proof")
    assert answer.status_code == 200, answer.text
    report = verify(answer.content, trust=case.stage.trust)
    assert report.stage == stage
    assert second_verifier.verdicts([Evidence(bundle=answer.content, trust=case.stage.trust)]) == [None]
    return report


def logged(bundle: bytes, kind: str) -> list[Mapping[str, Any]]:
    """Bodies of a bundle's entries of one kind."""
    listed = [one["entry"] for one in json.loads(bundle)["entries"]]
    return [entry["body"] for entry in listed if entry["type"] == kind]


# -- other servers


async def beside(case: Arriving, database: Database) -> Worker:
    """A second server's worker: own connections, own ceremony; the lines are the same carriers."""
    stage, first = case.stage, case.calling.context
    async with database.read() as uow:
        parties = await uow.parties.all()
    twin = compose(stage.one.settings, database, stage.one.client, parties, clock=stage.clock)
    context = replace(first, platform=twin.platform, ceremony=twin.ceremony)
    wiring = Wiring(gateways=case.calling.lines, handlers=HANDLERS, report_handlers=REPORT_HANDLERS)
    return Worker(context, wiring)


async def run_off(worker: Worker) -> None:
    """Let a worker do everything that is due."""
    for _round in range(200):
        if not await worker.run_once():
            return
    raise AssertionError("the worker finds no end")


def moment(case: Arriving, **span: float) -> str:
    """A time relative to the begin of the case's campaign."""
    return to_text(from_text(case.row.evaluation_from or "") + timedelta(**span))
