"""Putting the start off on record while somebody is late or a replacement is on its way (domain: failure
table, late and no-show; 实施条例 48).

The same day, later, as often as it takes; nobody is asked anew. Each time is a record in the log, an entry in
the ledgers of the sites and one notice to everybody affected. Whoever is not there yet has the grace counted
from the new start. The text is read for what tells whose evaluation it is; it is not compared with the
committee's names, or asking would tell who is on it.

A committee that was topped up sits together: one act puts all of its rounds off. Whoever sits in another
evaluation at the new hours (K14) is counted for the operator, who then says whether it is to be so anyway.
"""

from collections.abc import Iterator, Mapping, Sequence
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
from app.usecases.invitations import affected, asking, elsewhere, plans, standing, timing
from app.usecases.invitations.affected import Occasion
from app.usecases.invitations.campaigns import By
from app.usecases.invitations.standing import Standing
from app.usecases.invites import log_record
from app.usecases.operations import note
from app.usecases.platform import Platform
from app.usecases.rounds import booking_of, rounds_of
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
    """The new start, a code of `REASONS` and further words; `extend`: have the booking end later with it;
    `bound`: also where somebody sits in another evaluation then, whom a supervisor is to have judged anew."""

    begins: str
    reason: str
    words: str | None = field(default=None, repr=False)
    extend: bool = False
    bound: bool = False

    @property
    def told(self) -> str:
        """Code and words as everybody is told them."""
        return REASONS[self.reason] if self.words is None else f"{REASONS[self.reason]}：{self.words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Act:
    """One act upon one round: who, when, what, and what everybody is told of it."""

    by: By
    now: str
    wanted: PutOff
    extended: bool
    occasion: Occasion


async def put_start_off(context: WorkContext, draw_id: str, wanted: PutOff, *, by: By) -> CampaignRow:
    """Put the start of a running campaign off, and with it those of the other rounds of its committee.

    Raises ConflictError ``campaign.state``, ``campaign.begun`` once the evaluation runs, InputRefusedError
    ``campaign.refused`` with every fault, and as `prolong` where the booking is to end later: then nothing
    has changed. QuorumMissingError when the log cannot be published: it stands, and is told once it is.
    """
    platform = context.platform
    # Rosters are recomputed, which takes a while: not within the change.
    bound = await _bound(platform, draw_id, wanted, by=by)

    async def work(uow: UnitOfWork) -> CampaignRow:
        await find_draw(uow, by.principal, draw_id)
        rounds = await _rounds(uow, draw_id, wanted)
        now = platform.now()
        extended = await _require_fitting(uow, rounds, wanted, bound, now=now, by=by)
        occasion = await _occasion(uow, rounds[0], wanted, now=now)
        for found in rounds:
            act = _Act(by=by, now=now, wanted=wanted, extended=found.row.id in extended, occasion=occasion)
            await _moved(uow, platform, found, act, bound=bound.get(found.row.id, 0))
        return await uow.campaigns.get(rounds[0].campaign.id) or rounds[0].campaign

    done = await platform.database.transact(work)
    async with platform.database.read() as uow:
        size = (await uow.log.head()).size
    await platform.publisher.covering(size, now=platform.clock)
    return done


async def _bound(platform: Platform, draw_id: str, wanted: PutOff, *, by: By) -> dict[str, int]:
    """By draw, how many of those who sit do so in another evaluation at the hours that are wanted (K14)."""
    async with platform.database.read() as uow:
        await find_draw(uow, by.principal, draw_id)
        rounds = await _rounds(uow, draw_id, wanted)
    if any(_time_faults(rounds[0].campaign, wanted, platform.now())):
        # Hours to which nothing is put off are no question to ask.
        return {}
    found = {}
    for one in rounds:
        until = plans.ends({**one.campaign.plan, "begins": wanted.begins})
        people = await elsewhere.clashing(platform, one.row, since=wanted.begins, until=until)
        found[one.row.id] = len(people)
    return found


async def _rounds(uow: UnitOfWork, draw_id: str, wanted: PutOff) -> list[Standing]:
    """The campaign, and those of the other rounds of its committee that would begin before it on that day.
    Raises ConflictError where one of them has begun."""
    own = await standing.load(uow, draw_id)
    await _require_waiting(uow, own)
    committee = await standing.load_all(uow, await rounds_of(uow, draw_id))
    others = [one for one in committee if one.row.id != draw_id and one.campaign.state in invitation.RUNNING]
    for one in others:
        await _require_waiting(uow, one)
    return [own, *(one for one in others if _is_before(one.campaign, wanted))]


def _is_before(campaign: CampaignRow, wanted: PutOff) -> bool:
    if not is_time(wanted.begins) or campaign.begins >= wanted.begins:
        return False
    return beijing_day(campaign.begins) == beijing_day(wanted.begins)


async def _require_waiting(uow: UnitOfWork, found: Standing) -> None:
    """The campaign runs and its room has not begun."""
    campaign = found.campaign
    if campaign.state not in invitation.RUNNING:
        raise ConflictError("campaign.state", state=campaign.state)
    if campaign.state == invitation.OPENED or await begun(uow, campaign.draw_id):
        raise ConflictError("campaign.begun")


async def _require_fitting(
    uow: UnitOfWork,
    rounds: Sequence[Standing],
    wanted: PutOff,
    bound: Mapping[str, int],
    *,
    now: str,
    by: By,
) -> set[str]:
    """Every fault at once; then the draws whose bookings were made to end later."""
    own = rounds[0]
    faults = [*_time_faults(own.campaign, wanted, now), *await _text_faults(uow, own, wanted, now)]
    if sum(bound.values()) > 0 and not wanted.bound:
        figures: dict[str, object] = {"count": sum(bound.values())}
        faults.append(Fault(code="campaign.put-off-bound", pointer="/begins", figures=figures))
    beyond = {one.row.id: ends for one in rounds if (ends := await _beyond(uow, one, wanted, faults))}
    if faults:
        raise InputRefusedError("campaign.refused", faults)
    for draw_id, ends in beyond.items():
        act = Act(actor=by.actor, at=from_text(now), reason=wanted.told)
        await prolong(uow, draw_id, until=from_text(ends), act=act)
    return set(beyond)


async def _beyond(uow: UnitOfWork, found: Standing, wanted: PutOff, faults: list[Fault]) -> str | None:
    """The planned end where the booking ends before it; a fault too, unless it is to be extended."""
    if not is_time(wanted.begins):
        return None
    ends = plans.ends({**found.campaign.plan, "begins": wanted.begins})
    booking = await booking_of(uow, found.campaign.draw_id)
    if booking is None or booking.state == CANCELLED or booking.until >= ends:
        return None
    if not wanted.extend:
        figures: dict[str, object] = {"until": booking.until, "ends": ends}
        fault = Fault(code="campaign.put-off-booking", pointer="/begins", figures=figures)
        faults += [] if fault in faults else [fault]
    return ends


async def _occasion(uow: UnitOfWork, found: Standing, wanted: PutOff, *, now: str) -> Occasion:
    """What everybody is told: once, in however many rounds they have a part, and in the night where somebody
    would set out in vain otherwise."""
    campaign = found.campaign
    number = len(await uow.campaigns.delays(campaign.id)) + 1
    return Occasion(
        id=f"delay/{campaign.id}/{number}",
        experts="put-off",
        staff="staff-put-off",
        what=wanted.told,
        until=max(plans.ends({**campaign.plan, "begins": wanted.begins}), now),
        urgent=affected.is_pressing(campaign.begins, now),
    )


async def _moved(uow: UnitOfWork, platform: Platform, found: Standing, act: _Act, *, bound: int) -> None:
    """One round, with all that follows from it."""
    await note(uow, act.by.actor, "campaign.put-off", found.row.id, now=act.now)
    made = await _logged(uow, platform, found, act)
    await uow.campaigns.add_delay(found.campaign.id, made)
    campaign = await _put_off(uow, found, act.wanted, now=act.now)
    await _enter(uow, platform, campaign, made, by=act.by, now=act.now)
    terms = await standing.terms_of(uow, platform, found.row)
    moved = await _follow(uow, platform, campaign, found, terms, now=act.now)
    told: list[Any] = [one for one in moved if one.state in _TOLD]
    # Whoever has not answered yet hears of the new start with the confirmation.
    await affected.tell(uow, act.occasion, campaign, told, now=act.now)
    if bound > 0:
        change = f"bound/{campaign.id}/{made.number}"
        await affected.alert(uow, campaign, change=change, what=elsewhere.REVIEW, now=act.now)


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


async def _logged(uow: UnitOfWork, platform: Platform, found: Standing, act: _Act) -> Delay:
    fresh = Delay(
        number=len(await uow.campaigns.delays(found.campaign.id)) + 1,
        before=found.campaign.begins,
        begins=act.wanted.begins,
        reason=act.wanted.reason,
        words=act.wanted.words,
        extended=act.extended,
        put_off_by=act.by.principal.person,
        put_off_at=act.now,
        log_index=0,
    )
    content = document(k_of(found.row), fresh)
    index = await log_record(uow, platform, found.row, topic="venue", document=content, now=act.now)
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
