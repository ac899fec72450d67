"""The presence ledger: how long each member was here, reconnecting, away, expected or in a break (R32).

Every millisecond from a member's coming to the room's end is in exactly one bucket, so the buckets of a
ledger add up to the session's time. A break counts as break whatever the connection did, but for who was
seen outside its zone: that time is ``astray``.
"""

from dataclasses import replace
from datetime import datetime

from remote_eval.room_state import ASTRAY, BREAK, Member, RoomState, milliseconds


def bucket_of(member: Member, *, in_break: bool) -> str:
    """Where this member's time goes now."""
    if in_break:
        return BREAK if member.astray is None else ASTRAY
    return member.presence


def accrue(member: Member, at: datetime, *, in_break: bool) -> Member:
    """The member with its time up to `at` put into the bucket that held until then."""
    bucket = bucket_of(member, in_break=in_break)
    passed = milliseconds(at - member.since)
    if passed == 0:
        return member
    return replace(member, since=at, spent={**member.spent, bucket: member.spent.get(bucket, 0) + passed})


def ledger(state: RoomState, member: Member, now: datetime) -> dict[str, int]:
    """Milliseconds by bucket from the member's coming until `now`, or until the room was closed."""
    return dict(accrue(member, _end(state, now), in_break=BREAK in state.holds).spent)


def session_ms(state: RoomState, member: Member, now: datetime) -> int:
    """What a member's ledger adds up to."""
    return milliseconds(_end(state, now) - member.joined_at) if member.joined_at is not None else 0


def _end(state: RoomState, now: datetime) -> datetime:
    return max(now, state.at) if state.closed_at is None else state.closed_at


def evaluation_ms(state: RoomState, now: datetime) -> int:
    """How long the evaluation ran: phases that sit, without holds and breaks."""
    running = state.ran_since
    return state.ran_ms + (milliseconds(max(now, state.at) - running) if running is not None else 0)
