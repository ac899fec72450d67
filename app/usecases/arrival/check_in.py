"""Check-in: the person at the desk matched against the sealed invitation of that person only (R14).

1. The document number becomes the keyed hash of the pool import; place, day and hash become one tag, and
   one indexed look-up finds the invitation or nothing. No list is read.
2. The second factor is the arrival code of that letter; it is compared even where nothing was found.
3. A wrong person, site, day or code is refused with one text after the same statements, counted under the
   tag whether anybody is invited under it or not, and leaves a ledger line without the number.
4. Who matches is told by name, that one person (tier T1), and the campaign hears of the arrival.

Refusals are results here, not exceptions: their count and their ledger line must be committed.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from app.errors import AccessRefusedError, ConflictError, WriteConflictError
from app.gateways.pool_files import person_hash
from app.store.repositories.arrivals import Arrival, Tries
from app.store.repositories.invitations import Invitation
from app.store.unit_of_work import UnitOfWork
from app.times import from_text
from app.usecases.arrival.desk import Desk, day_of, new_id, own_site, short_code
from app.usecases.arrival.ledger import Act
from app.usecases.invitations import arrivals
from app.usecases.invitations.letters import arrival_code_value, arrival_value
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.principals import Principal
from draw import invitation as states
from draw.errors import SnapshotError
from remote_eval import arrival as way

MAX_TRIES: Final = 5
UNCARDED: Final = "none"
_VERDICTS: Final[Mapping[str, Literal["in-time", "late"]]] = {states.LATE: "late"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the person at the desk shows. Without a card an attestation of a supervisor stands in for it."""

    document: str = field(repr=False)
    code: str = field(repr=False)
    presented: str = "id_card"
    attestation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedIn:
    """The arrival, and the name of exactly this person."""

    arrival: Arrival
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why not: ``refused``, ``locked`` (by which lock), ``too-late``, ``already-in``, ``uncarded``."""

    reason: str
    lock: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Asked:
    """One try, as the transaction sees it."""

    act: Act
    person: str
    shown: Shown


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Found:
    """The invitation, where this person is present already, and the tag of that presence."""

    invitation: Invitation
    there: Arrival | None
    presence: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Matched:
    arrival: Arrival
    invitation: Invitation


async def check_in(desk: Desk, principal: Principal, shown: Shown, *, actor: Actor) -> CheckedIn:
    """Check somebody in at the caller's site; repeated before anything else has happened, the same answer.

    Raises AccessRefusedError ``arrival.refused`` (wrong person, site, day or code), ConflictError
    ``arrival.locked`` after `MAX_TRIES`, ``arrival.too-late``, ``arrival.already-in``, ``arrival.uncarded``.
    """
    platform = desk.platform
    act = Act(platform=platform, site=own_site(principal), actor=actor, now=platform.now())
    asked = _Asked(act=act, person=_person(platform, shown.document), shown=shown)
    result = await platform.database.transact(lambda uow: _check_in(uow, asked))
    if isinstance(result, Refusal):
        raise _error(result)
    name = await arrivals.name_of(platform, result.invitation)
    if name is None:
        raise ConflictError("arrival.already-in")
    return CheckedIn(arrival=result.arrival, name=name)


async def _check_in(uow: UnitOfWork, asked: _Asked) -> _Matched | Refusal:
    day, site = day_of(asked.act.now), asked.act.site
    tag = uow.cipher.tag("arrival", arrival_value(site, day, asked.person))
    presence = uow.cipher.tag("presence", f"{day}|{asked.person}")
    tries = await uow.arrivals.tries(tag)
    invited = await arrivals.find(uow, venue_site=site, day=day, person=asked.person)
    there = await uow.arrivals.present(presence)
    carded = await _is_carded(uow, asked)
    known = _knows_code(uow, invited, asked.shown.code)
    if not carded:
        return await _refuse(uow, asked, Refusal(reason="uncarded"))
    if tries is not None and tries.tries >= MAX_TRIES:
        return await _refuse(uow, asked, Refusal(reason="locked", lock=tries.id))
    if invited is None or not known:
        return await _miss(uow, asked, tag, tries)
    return await _match(uow, asked, _Found(invitation=invited, there=there, presence=presence))


async def _match(uow: UnitOfWork, asked: _Asked, found: _Found) -> _Matched | Refusal:
    """The right person with the right code, on the right day at the right site."""
    if found.there is not None and found.there.letter != found.invitation.id:
        # Present elsewhere: two people show one document, or one person is double-booked.
        await asked.act.alert(uow, "present-elsewhere", level="red", subject=found.there.id)
        return await _refuse(uow, asked, Refusal(reason="refused"))
    known = await uow.arrivals.of_letter(found.invitation.id)
    if known is not None:
        return await _again(uow, asked, found.invitation, known)
    try:
        moved = await arrivals.arrived(
            uow, asked.act.platform, found.invitation, at=asked.act.now, now=asked.act.now
        )
    except WriteConflictError:
        raise
    except ConflictError as error:
        reason = "too-late" if error.code == "arrival.too-late" else "refused"
        return await _refuse(uow, asked, Refusal(reason=reason))
    await _use_attestation(uow, asked)
    arrival = await _welcome(uow, asked.act, moved, found.presence)
    return _Matched(arrival=arrival, invitation=moved)


async def _use_attestation(uow: UnitOfWork, asked: _Asked) -> None:
    word, act = asked.shown.attestation, asked.act
    used = word is not None and await uow.arrivals.use_attestation(word, site=act.site, now=act.now)
    if asked.shown.presented == UNCARDED and not used:
        # Somebody else came on this word since it was looked up: look again.
        raise WriteConflictError("arrival.word-used")


async def _welcome(uow: UnitOfWork, act: Act, moved: Invitation, presence: str) -> Arrival:
    now = from_text(act.now)
    way.advance(way.EXPECTED, way.IDENTIFIED, shown={"document"}, now=now)
    way.advance(way.IDENTIFIED, way.CONFIRMED, shown={"document", "code"}, now=now)
    late = way.lateness(now, begins=from_text(moved.begins), arrive_by=from_text(moved.arrive_by))
    verdict = _VERDICTS.get(moved.state, "in-time")
    arrival = Arrival(
        id=new_id(act.platform, "arr"),
        letter=moved.id,
        draw_id=moved.draw_id,
        site=act.site,
        day=day_of(act.now),
        presence_tag=presence,
        present=True,
        code=short_code(uow.cipher, moved.id),
        state=way.CONFIRMED,
        arrived_at=act.now,
        minutes_late=late.minutes,
        verdict=verdict,
        updated_at=act.now,
    )
    await uow.arrivals.add(arrival)
    told = {"arrival": arrival.id, "draw": arrival.draw_id, "verdict": verdict}
    await act.enter(uow, "checked-in", minutes=late.minutes, **told)
    await note(uow, act.actor, "desk.check-in", arrival.id, now=act.now)
    return arrival


async def _again(
    uow: UnitOfWork, asked: _Asked, invitation: Invitation, known: Arrival
) -> _Matched | Refusal:
    """The answer that was lost on its way may be asked for again; later it is somebody's second coming."""
    if known.state != way.CONFIRMED:
        return await _refuse(uow, asked, Refusal(reason="already-in"))
    # Another desk may have let them in since the invitation was read.
    invitation = await uow.invitations.get(invitation.id) or invitation
    await asked.act.enter(uow, "check-in-repeated", arrival=known.id)
    return _Matched(arrival=known, invitation=invitation)


async def _miss(uow: UnitOfWork, asked: _Asked, tag: str, tries: Tries | None) -> Refusal:
    """A wrong person, site, day or code: counted, noted, and refused in one way."""
    fresh = Tries(
        tag=tag,
        id=new_id(asked.act.platform, "lok") if tries is None else tries.id,
        site=asked.act.site,
        tries=1 if tries is None else tries.tries + 1,
        last_at=asked.act.now,
        released_at=None if tries is None else tries.released_at,
        released_by=None if tries is None else tries.released_by,
    )
    await uow.arrivals.put_tries(tries, fresh)
    return await _refuse(uow, asked, Refusal(reason="refused"))


async def _refuse(uow: UnitOfWork, asked: _Asked, refusal: Refusal) -> Refusal:
    presented = asked.shown.presented
    await asked.act.enter(
        uow, "check-in-refused", reason=refusal.reason, lock=refusal.lock, presented=presented
    )
    return refusal


async def _is_carded(uow: UnitOfWork, asked: _Asked) -> bool:
    """Looked up for everybody, so that a check-in without a card costs what any other does."""
    word = await uow.arrivals.attestation(asked.shown.attestation or "")
    given = word is not None and word.site == asked.act.site and word.used_at is None
    good = given and word is not None and word.expires_at > asked.act.now
    return good or asked.shown.presented != UNCARDED


def _knows_code(uow: UnitOfWork, invited: Invitation | None, code: str) -> bool:
    """Compared in constant time, and as well where nobody is expected."""
    letter = "inv_nobody" if invited is None else invited.id
    expected = uow.cipher.tag("nobody", "") if invited is None else invited.arrival_code_tag
    tag = uow.cipher.tag("arrival-code", arrival_code_value(letter, code))
    return hmac.compare_digest(tag, expected)


def _person(platform: Platform, document: str) -> str:
    try:
        return person_hash(platform.person_key, document.upper())
    except SnapshotError:
        # No identity number at all: nobody's hash, looked up like everybody's.
        return hmac.digest(platform.person_key, b"\x00" + document.encode("utf-8"), "sha256").hex()


def _error(refusal: Refusal) -> AccessRefusedError | ConflictError:
    if refusal.reason == "refused":
        return AccessRefusedError("arrival.refused")
    details = {} if refusal.lock is None else {"lock": refusal.lock}
    return ConflictError(f"arrival.{refusal.reason}", **details)
