"""The course of the demonstration, step by step, on an installation whose parties are running."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from app.composition import Installation, compose
from app.demo.children import NAMES, Children
from app.demo.places import OPERATOR
from app.demo.show import Show
from app.demo.wanted import Wanted
from app.errors import InputRefusedError
from app.parties.serving import approve_override
from app.store.repositories.draws import DrawRow
from app.store.repositories.projects import Agency, Project
from app.store.unit_of_work import UnitOfWork
from app.synthetic import SyntheticPool, synthesise
from app.times import from_text
from app.usecases.draw_requests import request_draw, take_duty
from app.usecases.invitations import contacts
from app.usecases.openings import Vacated, open_draw, replace
from app.usecases.operations import Actor
from app.usecases.pools import import_pool
from app.usecases.previews import DrawOrder, look
from app.usecases.principals import Principal, scopes_of
from app.usecases.projects import ProjectOrder, document_of_notice, register
from app.usecases.registration import Candidate
from app.usecases.registration import register as register_parties
from app.waiting import run_patiently
from draw.identifiers import organisation_check_character, uscc_check_character
from draw.record import section_hash

POOL: Final = "demo-city"
BASIS: Final = "演示用合成专家库，无真实人员 (synthetic, for demonstration)"
AGENCY: Final = "demo-agency"
SECTION: Final = "s1"
REQUESTER: Final = "demo-requester"
_SEED_BYTES: Final = 32
_BODY: Final = "M9999999"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the steps share."""

    one: Installation
    show: Show
    out: Path
    wanted: Wanted


async def register_everybody(one: Installation, children: Children) -> Installation:
    """Put the four keys into the log, publish them with both cosignatures; gives the installation that knows
    them.
    """
    platform = one.platform
    candidates = [Candidate(url=child.url, node=one.node(child.url)) for child in children.parties]
    await register_parties(
        platform.database, platform.log, platform.vrf, candidates, name=one.settings.name, now=platform.now()
    )
    async with platform.database.read() as uow:
        parties = await uow.parties.all()
        size = (await uow.log.head()).size
    known = compose(one.settings, platform.database, one.client, parties)
    await known.platform.publisher.covering(size, now=known.platform.clock)
    return known


async def freeze_pool(stage: Stage, experts: int) -> SyntheticPool:
    """Synthesise the pool around the tender's organisations, freeze and publish it."""
    platform, notice = stage.one.platform, stage.wanted.notice
    orgs = (notice.buyer.org, agency_org(), *(bidder.org for bidder in notice.bidders))
    pool = await asyncio.to_thread(
        synthesise,
        experts,
        seed=platform.random(_SEED_BYTES),
        tender_orgs=orgs,
        now=platform.clock(),
        person_key=stage.one.keys.person,
    )
    done = await import_pool(platform, pool_id=POOL, basis=BASIS, records=pool.records)
    await platform.publisher.covering(done.pool.entry_index + 1, now=platform.clock)
    stage.show.detail(
        f"{done.pool.size} 名合成专家", f"{done.pool.size} synthetic experts, conflicts planted"
    )
    return pool


async def import_contacts(stage: Stage, pool: SyntheticPool) -> None:
    """The file of contacts as an operator imports it; the phones are nobody's."""
    platform = stage.one.platform
    rows = [
        f"{one.id},{person.phone},,sms+voice" for one, person in zip(pool.records, pool.people, strict=True)
    ]
    found = contacts.read_contacts("\n".join([",".join(contacts.COLUMNS), *rows]).encode("utf-8"))
    actor = Actor(person=OPERATOR, address="local", source="demo")

    async def store(uow: UnitOfWork) -> int:
        return await contacts.store(uow, POOL, found, actor=actor, now=platform.now())

    number = await platform.database.transact(store)
    stage.show.detail(f"{number} 人可用短信与语音联系", f"{number} people by short message and voice")


async def register_project(stage: Stage, pool: SyntheticPool) -> Project:
    """The notice as a project with its bidders, under the agency of the demonstration.

    What was planted in the pool is part of the case, unless the request says otherwise.
    """
    one, wanted = stage.one, stage.wanted
    platform, now = one.platform, one.platform.now()
    planted = {
        "groups": [list(group) for group in pool.groups],
        "authorities": [pool.authority],
        "avoid_units": [{"org": pool.avoid_unit, "reason": "与招标人有未结诉讼（演示） pending dispute"}],
        "prepared_by": list(pool.prepared_by),
    }
    rest = {"pack": {"base": "tender.cn", "overlays": []}, **planted, **wanted.document}
    took = timedelta(seconds=stage.show.elapsed())
    evaluation = wanted.evaluation(platform.clock(), took=took, experts=len(pool.records))
    document = document_of_notice(wanted.notice, {**rest, "evaluation": evaluation})
    order = ProjectOrder(
        project=wanted.notice.project_id, section=SECTION, owner="演示责任人", document=document
    )

    async def store(uow: UnitOfWork) -> Project:
        nodes = await uow.parties.by_role("agency")
        await uow.projects.add_agency(
            Agency(id=AGENCY, name=NAMES["agency"], org=agency_org(), party=nodes[-1].public, created_at=now)
        )
        return await register(uow, _person(one, REQUESTER, "agency"), order, platform.packs, now=now)

    project = await platform.database.transact(store)
    bidders = len(wanted.notice.bidders)
    stage.show.detail(
        f"{wanted.notice.title}：{bidders} 家投标人", f"{bidders} bidders, the buyer is the tenderee"
    )
    return project


async def request(stage: Stage, project: Project) -> DrawRow:
    """Preview, then ask: the request is an entry of the log before anything is drawn. Raises
    InputRefusedError.
    """
    one, platform = stage.one, stage.one.platform
    caller = _person(one, REQUESTER, "agency")
    order = DrawOrder(project=project.id, section=project.section, pool=POOL, **stage.wanted.order)
    seen = await look(platform, caller, order)
    stage.show.counts(seen)
    if seen.faults:
        raise InputRefusedError("draw.refused", seen.faults)
    if order.override is not None:
        digest = section_hash(project.id, project.section)
        approve_override(stage.out / "supervisor", digest, str(order.override))
    actor = Actor(person=REQUESTER, address="local", source="demo")
    row = await platform.database.transact(
        lambda uow: request_draw(uow, platform, caller, order, seen, actor=actor)
    )
    await platform.publisher.covering((row.k or 0) + 1, now=platform.clock)
    stage.show.detail(f"抽取编号 k={row.k}", f"draw number k={row.k}")
    return row


async def draw(stage: Stage, row: DrawRow) -> DrawRow:
    """Commit, seal, escrow, reveal, result: each a step in the log before the next."""
    one, show = stage.one, stage.show
    caller, now = _person(one, OPERATOR, "operator"), one.platform.now()
    await one.platform.database.transact(lambda uow: take_duty(uow, row, caller, "draw.operate", now=now))

    def waits(seconds: int) -> None:
        show.detail(f"等待公共信标 {seconds} 秒", f"waiting {seconds} s for the beacon")

    for state, zh, en in (
        ("committed", "代理机构、监督人各自锁定随机数", "agency and supervisor lock in a number each"),
        ("sealed", "条件封存，三方签署", "the conditions are sealed, three parties sign"),
        ("escrowed", "联署方收存两份密封的随机数", "the cosigner keeps both numbers under seal"),
        ("revealed", "两方揭示随机数", "both numbers are revealed"),
        ("drawn", "结果已定，尚无人知晓", "the result is fixed, and nobody knows it"),
    ):
        row = await run_patiently(one.ceremony, row.id, until=state, waits=waits)
        show.detail(zh, en)
    show.detail(f"核验码 {row.code}", "the code of the proof")
    return row


async def decline(stage: Stage, row: DrawRow, *, seat: int) -> int:
    """Where invitations are not logged: the expert of a seat declines, with evidence; the seat is refilled.
    Gives the event's number.
    """
    document = (
        f"演示证据：第 {seat + 1} 席专家来电，因病不能参加评标。时间 {stage.one.platform.now()}".encode()
    )
    return await replace(stage.one.ceremony, row.id, Vacated(seat=seat, cause="decline", document=document))


async def wait_until_lawful(stage: Stage, row: DrawRow) -> None:
    """Wait for the time of the sealed record."""
    wait = seconds_to_open(stage.one, row)
    if wait > 0:
        stage.show.detail(
            f"{wait:.0f} 秒后开评，此前不得启封",
            f"the evaluation begins in {wait:.0f} s; nothing opens before",
        )
        await asyncio.sleep(wait)


async def open_lawfully(stage: Stage, row: DrawRow) -> DrawRow:
    """Open the draw with the supervisor's countersignature."""
    return await open_draw(stage.one.ceremony, row.id)


def seconds_to_open(one: Installation, row: DrawRow) -> float:
    """Seconds until the lawful opening; not positive once it has come."""
    if row.sdr is None:
        raise TypeError("the draw is sealed by now")
    return (from_text(row.sdr["deadlines"]["open"]) - one.platform.clock()).total_seconds()


def agency_org() -> str:
    """A credit code of an area that was never allocated, with right check characters."""
    seventeen = f"91990101{_BODY}{organisation_check_character(_BODY)}"
    return f"uscc:{seventeen}{uscc_check_character(seventeen)}"


def _person(one: Installation, person: str, role: str) -> Principal:
    return Principal(
        key_id="demo",
        person=person,
        role=role,
        agency_id=AGENCY if role == "agency" else None,
        scopes=frozenset(scopes_of(role)),
        mode=one.platform.mode,
        signed=False,
    )
