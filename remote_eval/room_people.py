"""Members of a room: coming, going, devices, tracks, hand, chat, intercom, seat swap, watches.

Who somebody is was decided before `Admit`; a role, a zone and a site stay what they were at the first coming.
R29: an intercom has a reason and is in the ledger. R62: a watch is asked for, allowed, and ends by itself.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from crypto.canonical import JsonValue
from remote_eval import room_state as rs
from remote_eval.commands import (
    Admit,
    Bye,
    Chat,
    Expel,
    Hand,
    NameChair,
    Present,
    PressIntercom,
    SetDevice,
    Swap,
    TrackFact,
    WatchAsk,
    WatchDecide,
)
from remote_eval.errors import RoomError
from remote_eval.isolation import knows
from remote_eval.media.engine import KIND_OF
from remote_eval.room_deed import Deed, unknown
from remote_eval.room_events import time_text
from remote_eval.room_state import Member

# What a member's record must keep from its first coming on.
_LASTING: Final = ("role", "zone", "site")
MAX_MEMBERS: Final = 64


def admit(deed: Deed, fact: Admit) -> None:
    """A member comes, or is expected. Raises ``room.state``: full, closed, or another role than before."""
    new, known = fact.member, deed.state.members.get(fact.member.id)
    reasons = []
    if deed.state.phase == rs.CLOSED:
        reasons.append({"code": "closed"})
    if known is None and len(deed.state.members) >= MAX_MEMBERS:
        reasons.append({"code": "full"})
    if known is not None and any(getattr(known, name) != getattr(new, name) for name in _LASTING):
        reasons.append({"code": "identity"})
    deed.require("room.state", reasons)
    if known is None or _record(replace(known, presence=new.presence)) != _record(new):
        deed.add("member", member=new.id, change="admitted", admitted=_record(new))
    else:
        _presence(deed, known, new.presence)


def _record(member: Member) -> dict[str, JsonValue]:
    plain: dict[str, JsonValue] = {
        name: getattr(member, name) for name in ("role", "zone", "site", "seat", "call", "chair")
    }
    return {**plain, "presence": member.presence, "label": {"zh": member.label.zh, "en": member.label.en}}


def _presence(deed: Deed, member: Member, presence: str) -> None:
    if member.presence == presence:
        return
    deed.add("member", member=member.id, change="presence", presence=presence)
    if presence != rs.HERE and member.id in deed.state.intercoms:
        _release(deed, member.id)


def _release(deed: Deed, member: str) -> None:
    held = deed.state.intercoms[member]
    deed.add("intercom", on=False, reason=None, to_member=held.to_member, to_site=held.to_site, member=member)


def present(deed: Deed, fact: Present) -> None:
    """A member's connection came or went."""
    member = deed.state.members.get(fact.member)
    if member is None:
        raise unknown("member")
    _presence(deed, member, fact.presence)


def bye(deed: Deed, _command: Bye) -> None:
    """A member leaves; seat and role stay."""
    _presence(deed, deed.actor, rs.AWAY)


def due_presence(deed: Deed) -> None:
    """Who did not come back in time is away."""
    for member in deed.state.members.values():
        since = member.presence_since or member.since
        gone = rs.milliseconds(deed.now - since) >= deed.state.limits.away_ms
        if member.presence == rs.RECONNECTING and gone:
            _presence(deed, member, rs.AWAY)


def expel(deed: Deed, fact: Expel) -> None:
    """A member is let in no longer."""
    if fact.member not in deed.state.members:
        return
    deed.add("member", member=fact.member, change="expelled", cause=fact.cause)


def name_chair(deed: Deed, fact: NameChair) -> None:
    """The committee's chair is known."""
    member = deed.state.members.get(fact.member)
    if member is None or member.role not in rs.COMMITTEE:
        raise unknown("member")
    if not member.chair:
        deed.add("member", member=member.id, change="chair")


def set_device(deed: Deed, command: SetDevice) -> None:
    """A member's devices changed."""
    device = command.device
    if device != deed.actor.device:
        deed.add("device", camera=device.camera, microphone=device.microphone, speaker=device.speaker)


def track_fact(deed: Deed, fact: TrackFact) -> None:
    """A published track came up or went down."""
    member, _, source = fact.track.partition("/")
    if (fact.track in deed.state.tracks) == fact.up or source not in KIND_OF:
        return
    deed.add(
        "track",
        id=fact.track,
        member=member,
        source=source,
        kind=KIND_OF[source],
        up=fact.up,
        cause=fact.cause,
    )


def hand(deed: Deed, command: Hand) -> None:
    """A hand goes up or down."""
    if deed.actor.hand != command.up:
        deed.add("hand", up=command.up)


def chat(deed: Deed, command: Chat) -> None:
    """A text to the committee and the witnesses."""
    deed.add("chat", text=command.text)


def press_intercom(deed: Deed, command: PressIntercom) -> None:
    """Push-to-talk; pressed again with another addressee it replaces the first."""
    actor = deed.actor
    if not command.on:
        if actor.id in deed.state.intercoms:
            _release(deed, actor.id)
        return
    _check_addressee(deed, command)
    deed.add("intercom", on=True, reason=command.reason, to_member=command.to_member, to_site=command.to_site)


def _check_addressee(deed: Deed, command: PressIntercom) -> None:
    if command.reason is None:
        raise RoomError("room.state", reasons=[{"code": "reason-missing"}])
    if command.to_site is not None and command.to_site not in deed.state.sites:
        raise unknown("site")
    if command.to_member is None:
        return
    member = deed.state.members.get(command.to_member)
    deaf = member is None or member.role in {rs.BIDDER, rs.ROOM_CAMERA} or member.id == deed.actor.id
    if deaf:
        raise unknown("member")


def swap(deed: Deed, command: Swap) -> None:
    """The person at a seat moves to a free seat of the same site."""
    taken = {one.seat: one for one in deed.state.members.values() if one.seat is not None}
    member = taken.get(command.seat)
    if member is None or not knows(deed.state, deed.actor, member):
        raise unknown("seat")
    if command.to in taken:
        raise RoomError("room.state", reasons=[{"code": "seat-taken"}])
    deed.add("swap", seat=command.seat, to=command.to, member=member.id, site=member.site)


# ---- watches


def watch_ask(deed: Deed, command: WatchAsk) -> None:
    """A supervisor asks to watch; one at a time."""
    open_states = {"asked", "running"}
    if any(one.member == deed.actor.id and one.state in open_states for one in deed.state.watches.values()):
        raise RoomError("room.state", reasons=[{"code": "watch-open"}])
    deed.add(
        "watch",
        watch=deed.new("watch"),
        state="asked",
        member=deed.actor.id,
        reason=command.reason,
        until=None,
        minutes=command.minutes,
    )


def watch_decide(deed: Deed, command: WatchDecide) -> None:
    """A witness allows or refuses a watch, or ends one that runs."""
    watch = deed.state.watches.get(command.watch)
    if watch is None:
        raise unknown("watch")
    ends = watch.state == "running" and not command.allow
    if watch.state != "asked" and not ends:
        raise RoomError("room.state", reasons=[{"code": "decided", "state": watch.state}])
    until = deed.now + timedelta(minutes=watch.minutes) if command.allow else None
    decided = "running" if command.allow else "over" if ends else "refused"
    _watch(deed, watch, decided, command.reason, None if until is None else time_text(until))


def _watch(deed: Deed, watch: rs.Watch, state: str, reason: str | None, until: str | None) -> None:
    deed.add("watch", watch=watch.id, state=state, member=watch.member, reason=reason, until=until)


def due_watches(deed: Deed) -> None:
    """A watch ends by itself."""
    for watch in deed.state.watches.values():
        if watch.state == "running" and watch.until is not None and deed.now >= watch.until:
            _watch(deed, watch, "over", None, None)
