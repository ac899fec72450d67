"""Holds of a room: lost sites with their timers, alarms that freeze, pauses by directive (R39).

A lost site freezes the room for everybody. The limit of an outage is reckoned from the platform's clock; a
site that is back within it resumes when a witness has identified its members again and the quorum is there.
An engine or recorder that is gone for long is an outage of the same rules. After the limit of an evaluation
only `remote_eval.room_phases.reform` leads on, after the limit before the start a decision. Limits are
parameters of a pack, not law: see remote_eval/packs. Breaks: `remote_eval.room_breaks`.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from remote_eval import room_state as rs
from remote_eval.commands import Clear, Direct, GoOn, Moved, Raise, ResumeSite, SiteFact
from remote_eval.errors import RoomError
from remote_eval.room_deed import Deed, unknown
from remote_eval.room_events import time_text
from remote_eval.room_fold import alarm_key
from remote_eval.room_phases import quorum
from remote_eval.room_state import Outage, RoomState, Site

# Alarms with which nobody may go on; each is the scope of an outage as well.
FREEZING_ALARMS: Final = ("engine", "recorder")
# Causes that end when a witness has identified people again.
_ASKING: Final = ("site:", "identify:")


def freeze(deed: Deed, *causes: str) -> None:
    """Freeze the room, or add causes to the freeze that holds it."""
    held = deed.state.holds.get(rs.FROZEN)
    before = held.causes if held is not None else ()
    after = [*before, *(cause for cause in causes if cause not in before)]
    if len(after) > len(before):
        deed.add("hold", kind=rs.FROZEN, on=True, causes=after, until=None)


def thaw(deed: Deed, *causes: str) -> None:
    """Take causes away; the room goes on when none is left and, while it works, the quorum is there."""
    held = deed.state.holds.get(rs.FROZEN)
    if held is None or not set(causes) & set(held.causes):
        return
    left = [cause for cause in held.causes if cause not in causes]
    if not left and deed.state.phase in rs.WORKING and any(quorum(deed.state)):
        left = [rs.NO_QUORUM]
    if left != list(held.causes):
        deed.add("hold", kind=rs.FROZEN, on=bool(left), causes=left, until=None)


def causes_of(state: RoomState) -> tuple[str, ...]:
    """Why the room is frozen; empty: it is not."""
    held = state.holds.get(rs.FROZEN)
    return () if held is None else held.causes


def awaits_people(state: RoomState) -> bool:
    """Whether people of some site have to be identified again before the room goes on."""
    return any(cause.startswith(_ASKING) for cause in causes_of(state))


# ---- sites


def site_fact(deed: Deed, fact: SiteFact) -> None:
    """What is known of a site changed; nothing new is no event."""
    site = deed.state.sites.get(fact.site)
    if site is None:
        raise unknown("site")
    known = replace(
        site,
        link=fact.link or site.link,
        recording=fact.recording or site.recording,
        clock_ms=site.clock_ms if fact.clock_ms is None else fact.clock_ms,
    )
    if known == site:
        return
    deed.add("site", site=site.id, link=known.link, recording=known.recording, clock_ms=known.clock_ms)
    _clock_alarm(deed, known)
    if known.link == rs.LOST and site.link != rs.LOST:
        _lose(deed, site)
    elif known.link != rs.LOST and site.link == rs.LOST:
        _return(deed, site)


def _clock_alarm(deed: Deed, site: Site) -> None:
    off = site.clock_ms is not None and abs(site.clock_ms) > deed.state.limits.clock_ms
    if off:
        raise_alarm(deed, Raise(code="clock", site=site.id, value=site.clock_ms))
    else:
        clear_alarm(deed, Clear(code="clock", site=site.id))


def open_outage(state: RoomState, site: str) -> Outage | None:
    """The site's outage that is not over."""
    found = (one for one in state.outages.values() if one.site == site and one.state != "over")
    return next(found, None)


def _lose(deed: Deed, site: Site) -> None:
    if deed.state.phase == rs.CLOSED:
        return
    outage = open_outage(deed.state, site.id)
    if outage is None:
        begin_outage(deed, site.id)
    elif outage.state == "returned":
        _move(deed, outage, "open")
    freeze(deed, f"site:{site.id}")


def begin_outage(
    deed: Deed, site: str | None, *, scope: str = rs.OF_SITE, since: datetime | None = None
) -> None:
    """Write the outage into the ledger with its limit; `since`: when it began, None: now."""
    state, begun = deed.state, since or deed.now
    before = state.phase in rs.BEFORE
    if before:
        due = max(state.begins_at + timedelta(milliseconds=state.limits.before_ms), begun)
    else:
        due = begun + timedelta(milliseconds=state.limits.during_ms)
    rule = "before" if before else "during"
    outage = Outage(id=deed.new("out"), site=site, scope=scope, rule=rule, since=begun, due=due)
    _move(deed, outage, "open")


def moved(deed: Deed, fact: Moved) -> None:
    """The start is later than it was: what is due by it is due later, an outage of before that too. A room
    whose people meet elsewhere is closed; what has begun is touched by neither."""
    state = deed.state
    if state.phase not in rs.BEFORE:
        return
    if fact.begins_at is None:
        deed.add("closed", from_=state.phase, cause="moved")
        return
    if fact.begins_at <= state.begins_at:
        return
    deed.add(
        "put-off",
        from_=time_text(state.begins_at),
        begins_at=time_text(fact.begins_at),
        ends_at=time_text(max(fact.ends_at, state.ends_at)),
    )
    due = fact.begins_at + timedelta(milliseconds=state.limits.before_ms)
    for outage in state.outages.values():
        if outage.rule == "before" and outage.state in {"open", "due"} and outage.due < due:
            _move(deed, replace(outage, due=due), "open")


def _move(deed: Deed, outage: Outage, to: str, **more: str) -> None:
    deed.add(
        "outage",
        outage=outage.id,
        site=outage.site,
        scope=outage.scope,
        rule=outage.rule,
        state=to,
        since=time_text(outage.since),
        due=time_text(outage.due),
        **more,
    )


def _return(deed: Deed, site: Site) -> None:
    outage = open_outage(deed.state, site.id)
    if outage is None or outage.state != "open":
        return
    _move(deed, outage, "due" if deed.now > outage.due else "returned")


def resume_site(deed: Deed, command: ResumeSite) -> None:
    """A site goes on: link up, in time, people identified again; the last one needs the quorum.

    It is asked for whatever else still freezes the room: whoever ends that asks nobody.
    """
    site = deed.state.sites.get(command.site)
    if site is None:
        raise unknown("site")
    _check_members(deed.state, site, command.confirmed)
    deed.require("room.state", _not_resumable(deed.state, site))
    for member in command.confirmed:
        if not deed.state.members[member].confirmed:
            deed.add("member", member=member, change="confirmed")
    outage = open_outage(deed.state, site.id)
    if outage is not None:
        _move(deed, outage, "over")
    thaw(deed, f"site:{site.id}", f"identify:{site.id}")
    if not awaits_people(deed.state):
        deed.require("room.quorum", quorum(deed.state))


def _check_members(state: RoomState, site: Site, confirmed: tuple[str, ...]) -> None:
    for one in confirmed:
        member = state.members.get(one)
        if member is None or member.role not in rs.COMMITTEE or member.site != site.id:
            raise unknown("member")


def _not_resumable(state: RoomState, site: Site) -> list[dict[str, object]]:
    reasons: list[dict[str, object]] = []
    outage = open_outage(state, site.id)
    doubted = [one for one in state.members.values() if one.site == site.id and not one.confirmed]
    if outage is None and not doubted and not _named(state, site.id):
        reasons.append({"code": "not-held"})
    if site.link == rs.LOST:
        reasons.append({"code": "link"})
    if outage is not None and outage.state == "due":
        reasons.append({"code": "limit" if outage.rule == "during" else "undecided"})
    return reasons


def _named(state: RoomState, site: str) -> bool:
    return bool({f"site:{site}", f"identify:{site}"} & set(causes_of(state)))


def go_on(deed: Deed, command: GoOn) -> None:
    """After the limit before the start somebody decided to wait on; who and why is in the ledger.

    Until then nothing that was lost comes back. Raises ``room.state``: before the limit, after the start, or
    decided already.
    """
    outage = deed.state.outages.get(command.outage)
    if outage is None:
        raise unknown("outage")
    if outage.decision is not None:
        raise RoomError("room.state", reasons=[{"code": "decided", "state": outage.state}])
    if outage.state != "due" or outage.rule != "before":
        raise RoomError("room.state", reasons=[{"code": "limit"}])
    _move(deed, outage, "decided", reason=command.reason)
    if outage.scope != rs.OF_SITE:
        _mended(deed, outage.scope)


# ---- the engine and the recorder


def _gone_since(state: RoomState, code: str) -> datetime | None:
    return min((one.at for one in state.alarms.values() if one.code == code), default=None)


def _platform_outage(state: RoomState, code: str) -> Outage | None:
    found = (one for one in state.outages.values() if one.scope == code and one.state != "over")
    return next(found, None)


def _note_gone(deed: Deed, code: str) -> None:
    """Gone for longer than what makes a person away, it is an outage, from its begin on."""
    since = _gone_since(deed.state, code)
    if since is None or code not in causes_of(deed.state) or _platform_outage(deed.state, code) is not None:
        return
    if rs.milliseconds(deed.now - since) > deed.state.limits.away_ms:
        begin_outage(deed, None, scope=code, since=since)


def _mended(deed: Deed, code: str) -> None:
    """What is back in time ends its own freeze; after an outage everybody is identified again."""
    if _gone_since(deed.state, code) is not None:
        return
    outage = _platform_outage(deed.state, code)
    if outage is not None and outage.state == "open" and deed.now > outage.due:
        _move(deed, outage, "due")
    elif outage is not None and outage.state != "due":
        _move(deed, outage, "over")
        _identify(deed)
        thaw(deed, code)
    elif outage is None:
        thaw(deed, code)


def _identify(deed: Deed) -> None:
    """Everybody who came is to be identified again, unless the evaluation has not begun."""
    if deed.state.phase not in rs.SITTING:
        return
    came = {
        one.site
        for one in deed.state.members.values()
        if one.role in rs.COMMITTEE and one.presence != rs.EXPECTED
    }
    freeze(deed, *(f"identify:{site}" for site in deed.state.sites if site in came))


def due_outages(deed: Deed) -> None:
    """What time alone does: a site that never came is missing at the begin, a limit passes."""
    state = deed.state
    if state.phase in rs.BEFORE and deed.now >= state.begins_at:
        for site in state.sites.values():
            if site.link == rs.LOST and open_outage(state, site.id) is None:
                begin_outage(deed, site.id)
                freeze(deed, f"site:{site.id}")
    for code in FREEZING_ALARMS:
        _note_gone(deed, code)
    for outage in deed.state.outages.values():
        if outage.state == "open" and deed.now > outage.due:
            _move(deed, outage, "due")


# ---- alarms


def raise_alarm(deed: Deed, fact: Raise) -> None:
    """An alarm begins; one that stands already is told once."""
    if alarm_key(fact.code, fact.site, fact.track) in deed.state.alarms:
        return
    deed.add("alarm", code=fact.code, site=fact.site, track=fact.track, value=fact.value)
    if fact.code in FREEZING_ALARMS and deed.state.phase != rs.CLOSED:
        freeze(deed, fact.code)


def clear_alarm(deed: Deed, fact: Clear) -> None:
    """An alarm is over; what it froze goes on when no alarm of its code is left."""
    if alarm_key(fact.code, fact.site, fact.track) not in deed.state.alarms:
        return
    freezes = fact.code in FREEZING_ALARMS and deed.state.phase != rs.CLOSED
    if freezes:
        # Nobody may have looked at the clock meanwhile.
        _note_gone(deed, fact.code)
    deed.add("clear", code=fact.code, site=fact.site, track=fact.track)
    if freezes:
        _mended(deed, fact.code)


# ---- what people order


def direct(deed: Deed, command: Direct) -> None:
    """A supervisor pauses the room at once, or lets it go on."""
    paused = rs.PAUSED in deed.state.holds
    wanted = command.order == "pause"
    if paused == wanted:
        raise RoomError("room.state", reasons=[{"code": "paused" if paused else "not-paused"}])
    deed.add("directive", order=command.order, reason=command.reason)
    deed.add("hold", kind=rs.PAUSED, on=wanted, causes=["directive"] if wanted else [], until=None)
