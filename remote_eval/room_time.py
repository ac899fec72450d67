"""More time for the evaluation: members ask, and a witness extends it once more than a third of them do.

招标投标法实施条例 48: when more than a third of the committee finds the time too short, the tenderee shall
extend it suitably. Asks stand until they are withdrawn, answered by an extension, or their member is out. By
how much it is extended is decided by people; that the seats are booked for longer, by whoever stores this.
"""

from datetime import timedelta

from remote_eval.commands import AskTime, Extend
from remote_eval.errors import RoomError
from remote_eval.room_deed import Deed
from remote_eval.room_events import time_text
from remote_eval.room_state import RoomState


def is_due(state: RoomState, asking: int | None = None) -> bool:
    """Whether more than a third of the committee asks; `asking`: as if so many did."""
    return 3 * (len(state.time_asks) if asking is None else asking) > state.committee


def ask(deed: Deed, command: AskTime) -> None:
    """A member asks, asks for another span, or withdraws; the newest word of each counts."""
    state, own = deed.state, deed.state.time_asks.get(deed.actor.id)
    said = None if own is None else (own.minutes, own.reason)
    if said == ((command.minutes, command.reason) if command.on else None):
        return
    asking = len(state.time_asks.keys() - {deed.actor.id}) + command.on
    deed.add(
        "more-time",
        on=command.on,
        minutes=command.minutes,
        reason=command.reason,
        asking=asking,
        of=state.committee,
        due=is_due(state, asking),
    )


def extend(deed: Deed, command: Extend) -> None:
    """The end moves. Raises ``room.state``: below a third, or to an end that has passed already."""
    state = deed.state
    ends_at = state.ends_at + timedelta(minutes=command.minutes)
    asking = len(state.time_asks)
    if not is_due(state):
        need = state.committee // 3 + 1
        raise RoomError("room.state", reasons=[{"code": "third", "have": asking, "need": need}])
    if ends_at <= deed.now:
        raise RoomError("room.state", reasons=[{"code": "past", "ends_at": time_text(ends_at)}])
    deed.add(
        "extended",
        minutes=command.minutes,
        reason=command.reason,
        from_=time_text(state.ends_at),
        ends_at=time_text(ends_at),
        asking=asking,
        of=state.committee,
    )
