"""Who must be there while a room sits: its quorum and a witness, looked at after every decision and tick.

Below the quorum nobody goes on (R39), and a supervisor may have the committee formed anew
(`remote_eval.room_phases.reform`); without a witness there is an alarm. Whoever reconnects in time was not
gone, and in a break nobody has to be there. Limits: remote_eval/packs.
"""

from typing import Final

from remote_eval import room_state as rs
from remote_eval.commands import Clear, Raise
from remote_eval.room_deed import Deed
from remote_eval.room_holds import awaits_people, causes_of, clear_alarm, freeze, raise_alarm, thaw
from remote_eval.room_phases import is_short, quorum, reachable, staying

NO_WITNESS: Final = "witness"


def look(deed: Deed) -> None:
    """What follows from who is there now; nothing new is no event."""
    if deed.state.phase != rs.CLOSED:
        _witness(deed)
        _quorum(deed)


def _witness(deed: Deed) -> None:
    since = deed.state.unwitnessed_since
    if since is None:
        clear_alarm(deed, Clear(code=NO_WITNESS))
    elif rs.milliseconds(deed.now - since) > deed.state.limits.witness_ms:
        raise_alarm(deed, Raise(code=NO_WITNESS))


def _quorum(deed: Deed) -> None:
    state = deed.state
    works = state.phase in rs.WORKING
    if works and is_short(state):
        raise_alarm(deed, Raise(code=rs.NO_QUORUM, value=len(reachable(state))))
    else:
        clear_alarm(deed, Clear(code=rs.NO_QUORUM))
    if rs.NO_QUORUM in causes_of(state):
        if not works or not any(quorum(state)):
            thaw(deed, rs.NO_QUORUM)
    elif works and rs.BREAK not in state.holds and _lacks(state):
        freeze(deed, rs.NO_QUORUM)


def _lacks(state: rs.RoomState) -> bool:
    """Whether people are gone; where some are to be identified, their resuming asks for the quorum itself."""
    return not awaits_people(state) and len(staying(state)) < state.quorum
