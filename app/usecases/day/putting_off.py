"""Putting the start off on record while somebody is late or a replacement is on its way (domain: failure
table, late and no-show; 实施条例 48).

The same day, later, as often as it takes; nobody is asked anew. Each time is a record in the log, an entry in
the ledgers of the sites and one notice to everybody affected. Whoever is not there yet has the grace counted
from the new start. The text is read for what tells whose evaluation it is; it is not compared with the
committee's names, or asking would tell who is on it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from app.errors import ConflictError, Fault, InputRefusedError
from app.store.repositories.campaigns import CampaignRow, Delay
from app.store.repositories.invitations import Invitation
from app.store.unit_of_work import UnitOfWork
from app.times import from_text
from app.usecases.arrival.ledger import record
from app.usecases.campaign_delays import document
from app.usecases.ceremony import k_of
from app.usecases.day.begun import begun
from app.usecases.delivery.outbox import enqueue
from app.usecases.delivery.work import WorkContext
from app.usecases.draw_requests import find_draw
from app.usecases.invitations import affected, asking, plans, standing, timing
from app.usecases.invitations.affected import Occasion
from app.usecases.invitations.campaigns import By
from app.usecases.invitations.standing import Standing
from app.usecases.invites import log_record
from app.usecases.operations import note
from app.usecases.platform import Platform
from app.usecases.venues.orders import Act
from app.usecases.venues.prolonging import prolong
from crypto.canonical import JsonValue
from draw import invitation
from draw.invitation_terms import Hours, Terms, beijing_day, put_off
from draw.schema import is_time
from remote_eval.booking import CANCELLED

MAX_WORDS: Final = 80
# What everybody is told. Experts and centres hear the same whether somebody is late or on the way instead of
# somebody else: who is missing is nobody's business.
_WAITING: Final = "等候人员到场 waiting for people to arrive"
REASONS: Final[Mapping[str, str]] = {
    "late": _WAITING,
    "replacement": _WAITING,
    "venue": "场地原因 the venue",
    "equipment": "设备原因 equipment",
    "traffic": "天气或交通 weather or traffic",
    "other": "其他原因 another reason",
}
_COMING: Final = invitation.OPEN | {invitation.ACCEPTED}
_TOLD: Final = invitation.FILLING - {invitation.FINISHED}


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOff:
    """The new start, a code of `REASONS` and further words; `extend`: have the booking end later with it."""

    begins: str
    reason: str
    words: str | None = field(default=None, repr=False)
    extend: bool = False

    @property
    def told(self) -> str:
        """Code and words as everybody is told them."""
        return REASONS[self.reason] if self.words is None else f"{REASONS[self.reason]}：{self.words}"


async def put_start_off(context: WorkContext, draw_id: str, wanted: PutOff, *, by: By) -> CampaignRow:
    """Put the start of a running campaign off.

    Raises ConflictError ``campaign.state``, ``campaign.begun`` once the evaluation runs, InputRefusedError
    ``campaign.refused`` with every fault, and as `prolong` where the booking is to end later: then nothing
    has changed. QuorumMissingError when the log cannot be published: it stands, and is told once it is.
    """
    platform = context.platform

    async def work(uow: UnitOfWork) -> CampaignRow:
        row = await find_draw(uow, by.principal, draw_id)
        found = await standing.load(uow, draw_id)
        await _require_waiting(uow, found)
        now = platform.now()
        extended = await _require_fitting(uow, found, wanted, now=now, by=by)
        number = len(await uow.campaigns.delays(found.campaign.id)) + 1
        made = await _logged(uow, platform, found, wanted, number, extended=extended, by=by, now=now)
        await uow.campaigns.add_delay(found.campaign.id, made)
        campaign = await _put_off(uow, found, wanted, now=now)
        await note(uow, by.actor, "campaign.put-off", row.id, now=now)
        await _enter(uow, platform, campaign, made, by=by, now=now)
        terms = await standing.terms_of(uow, platform, found.row)
        moved = await _follow(uow, platform, campaign, found, terms, now=now)
        await _tell(uow, campaign, made, wanted, moved, now=now)
        return campaign

    done = await platform.database.transact(work)
    async with platform.database.read() as uow:
        size = (await uow.log.head()).size
    await platform.publisher.covering(size, now=platform.clock)
    return done


async def _require_waiting(uow: UnitOfWork, found: Standing) -> None:
    """The campaign runs and its room has not begun."""
    campaign = found.campaign
    if campaign.state not in invitation.RUNNING:
        raise ConflictError("campaign.state", state=campaign.state)
    if campaign.state == invitation.OPENED or await begun(uow, campaign.draw_id):
        raise ConflictError("campaign.begun")


async def _require_fitting(uow: UnitOfWork, found: Standing, wanted: PutOff, *, now: str, by: By) -> bool:
    """Every fault at once; then whether the booking was made to end later."""
    faults = [*_time_faults(found.campaign, wanted, now), *await _text_faults(uow, found, wanted, now)]
    timely = is_time(wanted.begins)
    ends = plans.ends({**found.campaign.plan, "begins": wanted.begins}) if timely else ""
    booking = await uow.bookings.of_draw(found.campaign.draw_id)
    beyond = booking is not None and booking.state != CANCELLED and booking.until < ends
    if booking is not None and beyond and not wanted.extend:
        figures: dict[str, object] = {"until": booking.until, "ends": ends}
        faults.append(Fault(code="campaign.put-off-booking", pointer="/begins", figures=figures))
    if faults:
        raise InputRefusedError("campaign.refused", faults)
    if beyond:
        act = Act(actor=by.actor, at=from_text(now), reason=wanted.told)
        await prolong(uow, found.campaign.draw_id, until=from_text(ends), act=act)
    return beyond


def _time_faults(campaign: CampaignRow, wanted: PutOff, now: str) -> Iterator[Fault]:
    if not is_time(wanted.begins):
        yield Fault(code="schema.format", pointer="/begins")
        return
    if wanted.begins <= now:
        yield Fault(code="campaign.past", pointer="/begins")
    if wanted.begins <= campaign.begins:
        yield Fault(code="campaign.put-off-earlier", pointer="/begins", figures={"begins": campaign.begins})
    if beijing_day(wanted.begins) != beijing_day(campaign.begins):
        yield Fault(code="campaign.put-off-day", pointer="/begins")


async def _text_faults(uow: UnitOfWork, found: Standing, wanted: PutOff, now: str) -> list[Fault]:
    if wanted.reason not in REASONS:
        return [Fault(code="campaign.put-off-reason", pointer="/reason")]
    words = wanted.words
    if words is None:
        lacking = wanted.reason == "other"
        return [Fault(code="campaign.put-off-words", pointer="/words")] if lacking else []
    if not words.strip() or len(words) > MAX_WORDS:
        return [Fault(code="campaign.put-off-words", pointer="/words")]
    project = await uow.projects.get(found.row.project_id, found.row.section)
    faults = [] if plans.is_sayable(found.campaign.plan, wanted.told, now=now) else ["campaign.plan-text"]
    if project is not None and plans.tells(words, project):
        faults.append("campaign.plan-tells")
    return [Fault(code=one, pointer="/words") for one in faults]


async def _logged(
    uow: UnitOfWork,
    platform: Platform,
    found: Standing,
    wanted: PutOff,
    number: int,
    *,
    extended: bool,
    by: By,
    now: str,
) -> Delay:
    fresh = Delay(
        number=number,
        before=found.campaign.begins,
        begins=wanted.begins,
        reason=wanted.reason,
        words=wanted.words,
        extended=extended,
        put_off_by=by.principal.person,
        put_off_at=now,
        log_index=0,
    )
    content = document(k_of(found.row), fresh)
    index = await log_record(uow, platform, found.row, topic="venue", document=content, now=now)
    return replace(fresh, log_index=index)


async def _put_off(uow: UnitOfWork, found: Standing, wanted: PutOff, *, now: str) -> CampaignRow:
    campaign = found.campaign
    plan = {**campaign.plan, "begins": wanted.begins}
    await uow.campaigns.advance(
        campaign.id, expected=campaign.state_version, plan=plan, begins=wanted.begins, updated_at=now
    )
    row = await uow.draws.get(campaign.draw_id) or found.row
    # Other draws look here for whom these hours bind (K14).
    await uow.draws.advance(
        row.id,
        expected=row.state_version,
        evaluation_from=wanted.begins,
        evaluation_to=plans.ends(plan),
        updated_at=now,
    )
    return await uow.campaigns.get(campaign.id) or campaign


async def _enter(
    uow: UnitOfWork, platform: Platform, campaign: CampaignRow, made: Delay, *, by: By, now: str
) -> None:
    """Into the ledger of each site: its desk waits for longer."""
    about: dict[str, JsonValue] = {
        "draw": campaign.draw_id,
        "number": made.number,
        "from": made.before,
        "to": made.begins,
        "reason": made.reason,
    }
    for site in sorted(set(plans.venues(campaign.plan).values())):
        person = by.actor.person
        await record(uow, platform, site=site, kind="start-put-off", actor=person, now=now, about=about)


async def _follow(
    uow: UnitOfWork, platform: Platform, campaign: CampaignRow, found: Standing, terms: Terms, *, now: str
) -> list[Invitation]:
    """Who holds a seat or is asked to, with the hours that hold now; whoever is on the way has new timers."""
    moved = []
    for one in found.newest.values():
        if one.pending is not None or one.state not in _COMING | _TOLD:
            continue
        before = Hours(
            send_at=one.created_at, reply_by=one.reply_by, cut_off=one.cut_off, arrive_by=one.arrive_by
        )
        # Whoever is there has arrived by the hours that held then.
        when = put_off(terms, before, begins=campaign.begins) if one.state in _COMING else before
        unsaid = await asking.unsay(uow, one) if one.state == invitation.ACCEPTED else []
        fresh = await uow.invitations.advance(
            one,
            begins=campaign.begins,
            cut_off=when.cut_off,
            arrive_by=when.arrive_by,
            content=plans.content_of(campaign.plan, one.invited.site, when),
            updated_at=now,
        )
        if fresh.state == invitation.ACCEPTED:
            await timing.await_arrival(uow, fresh, terms, now=now)
        if "accepted" in unsaid:
            await _confirm(uow, platform, fresh, now=now)
        moved.append(fresh)
    return moved


async def _confirm(uow: UnitOfWork, platform: Platform, one: Invitation, *, now: str) -> None:
    """A confirmation that had not left yet, with the hours that hold now."""
    size = (await uow.log.head()).size
    message = asking.written(platform, one, "accepted", until=one.arrive_by, now=now, log_size=size)
    if message is not None:
        await enqueue(uow, message)


async def _tell(
    uow: UnitOfWork,
    campaign: CampaignRow,
    made: Delay,
    wanted: PutOff,
    moved: Iterable[Invitation],
    *,
    now: str,
) -> None:
    """Whoever accepted, centres, agency, operator and supervisor, each once. Whoever has not answered yet
    hears of the new start with the confirmation."""
    occasion = Occasion(
        id=f"delay/{campaign.id}/{made.number}",
        experts="put-off",
        staff="staff-put-off",
        what=wanted.told,
        until=max(plans.ends(campaign.plan), now),
    )
    told: list[Any] = [one for one in moved if one.state in _TOLD]
    await affected.tell(uow, occasion, campaign, told, now=now)
