"""The isolation matrix applied: what each member of a room may publish, receive, send and be told now.

`grants_of` turns a member's rights (`remote_eval.isolation_table`) into the tracks that the media engine
forwards, `may_send` answers for each message, `told` for each event. Asked anew after every event; nothing
is remembered, so a right that ended is gone. Who is who is decided elsewhere.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from remote_eval.isolation_table import CLASS_OF, Cell, cell
from remote_eval.media.engine import INTERCOM, MASKED, MICROPHONE, Grants, MemberId, TrackId, track_id
from remote_eval.room_state import (
    BIDDER,
    COMMITTEE,
    EXPECTED,
    ROOM_CAMERA,
    UNRECORDED,
    WITNESS,
    Member,
    RoomState,
)


def cell_of(state: RoomState, member: Member) -> Cell:
    """The rights of a member now."""
    live = state.live_call
    return cell(
        member.role,
        member.zone,
        state.phase,
        holds=state.holds,
        watching=state.watching(member.id),
        calling=live is not None and member.call == live.id,
    )


def may_send(state: RoomState, member: Member, message: str) -> bool:
    """Whether a member may send a message of this type now."""
    rights = cell_of(state, member)
    return message in rights.send or (member.chair and message in rights.chair)


def knows(state: RoomState, viewer: Member, other: Member) -> bool:
    """Whether a member is told of another one; of itself always."""
    if viewer.id == other.id:
        return True
    rights = cell_of(state, viewer)
    if other.role not in rights.knows or not _shown(state, viewer, other):
        return False
    return not rights.own_site or other.role == WITNESS or other.site == viewer.site


def _shown(state: RoomState, viewer: Member, other: Member) -> bool:
    """A bidder is shown to the committee while its call is live, everybody else always."""
    if other.role != BIDDER or viewer.role not in COMMITTEE:
        return True
    live = state.live_call
    return live is not None and live.id == other.call


def grants_of(state: RoomState, member: Member) -> Grants:
    """What the media engine lets a member publish and receive now; for one who never came, nothing."""
    if member.presence == EXPECTED:
        return Grants()
    rights = cell_of(state, member)
    if state.withheld(member.id) is not None:
        return Grants(cause=UNRECORDED)
    receive = {
        track_id_of(other, source)
        for other in state.members.values()
        for source in _sources(state, other)
        if _leg(state, rights, member, other, source)
    }
    return Grants(publish=rights.publish, receive=frozenset(receive | _masked(state, rights)))


def track_id_of(member: Member, source: str) -> TrackId:
    """The track that a member publishes from `source`."""
    return track_id(MemberId(member.id), source)


def _sources(state: RoomState, other: Member) -> frozenset[str]:
    if other.presence == EXPECTED or state.withheld(other.id) is not None:
        return frozenset()
    return cell_of(state, other).publish


def _leg(state: RoomState, rights: Cell, viewer: Member, other: Member, source: str) -> bool:
    kind = CLASS_OF.get((other.role, source))
    if viewer.id == other.id or kind is None or kind not in rights.see | rights.hear:
        return False
    if kind == INTERCOM:
        return addressed(state, other.id, viewer)
    if rights.own_site and other.site != viewer.site:
        return False
    if {viewer.role, other.role} <= COMMITTEE:
        return viewer.confirmed and other.confirmed
    return viewer.confirmed or other.role != BIDDER


def addressed(state: RoomState, speaker: str, viewer: Member) -> bool:
    """Whether the speaker's intercom is pressed and meant for this member."""
    pressed = state.intercoms.get(speaker)
    if pressed is None or viewer.id == speaker or viewer.role in {BIDDER, ROOM_CAMERA}:
        return False
    if pressed.to_member is not None:
        return pressed.to_member == viewer.id
    return pressed.to_site is None or pressed.to_site == viewer.site


def _masked(state: RoomState, rights: Cell) -> frozenset[TrackId]:
    live = state.live_call
    if MASKED not in rights.hear or live is None or live.masked is None:
        return frozenset()
    return frozenset({TrackId(live.masked)})


def voices_of(state: RoomState) -> frozenset[TrackId]:
    """The microphones that go into the masked voice now: who speaks on a live call that nothing holds."""
    live = state.live_call
    if live is None or state.holds:
        return frozenset()
    speakers = (state.members[one] for one in live.speaking if one in state.members)
    return frozenset(
        track_id_of(one, MICROPHONE) for one in speakers if one.role in COMMITTEE and one.confirmed
    )


def told(
    state: RoomState, viewer: Member, kind: str, *, subject: str | None, body: Mapping[str, object]
) -> bool:
    """Whether a member is told an event of this kind about the member `subject`, in the room after it."""
    scope = cell_of(state, viewer).events.get(kind)
    if scope is None or viewer.presence == EXPECTED:
        return False
    return scope == "all" or _within(scope, state, viewer, subject, body)


def _within(
    scope: str, state: RoomState, viewer: Member, subject: str | None, body: Mapping[str, object]
) -> bool:
    if scope in _BY_BODY:
        return _BY_BODY[scope](viewer, body)
    if scope == "seen":
        return subject == viewer.id or body.get("id") in grants_of(state, viewer).receive
    if subject == viewer.id:
        return True
    if scope == "site":
        return _same_site(state, viewer, subject, body)
    other = state.members.get(subject or "")
    return scope in _BY_MEMBER and other is not None and _BY_MEMBER[scope](state, viewer, other)


def _meant(viewer: Member, body: Mapping[str, object]) -> bool:
    if body.get("to_member") is not None:
        return body["to_member"] == viewer.id
    return body.get("to_site") is None or body["to_site"] == viewer.site


def hears(state: RoomState, viewer: Member, other: Member) -> bool:
    """Whether a member hears another one's microphone."""
    return track_id_of(other, MICROPHONE) in grants_of(state, viewer).receive


def _same_site(state: RoomState, viewer: Member, subject: str | None, body: Mapping[str, object]) -> bool:
    """About the viewer's own site, or about the media engine, which is everybody's."""
    other = state.members.get(subject or "")
    sites = {body.get("site"), other.site if other else None} - {None}
    return viewer.site in sites or body.get("code") == "engine"


_BY_BODY: Final[Mapping[str, Callable[[Member, Mapping[str, object]], bool]]] = MappingProxyType(
    {
        "engine": lambda _viewer, body: body.get("code") == "engine",
        "shared": lambda _viewer, body: body.get("code") in {"engine", "witness"},
        "call": lambda viewer, body: viewer.call is not None and body.get("call") == viewer.call,
        "addressed": _meant,
        "place": lambda viewer, body: viewer.site is not None and body.get("site") == viewer.site,
    }
)
_BY_MEMBER: Final[Mapping[str, Callable[[RoomState, Member, Member], bool]]] = MappingProxyType(
    {"known": knows, "heard": hears}
)
