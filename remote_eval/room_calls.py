"""Clarification calls: asked by the chair, released by a witness, begun and ended, one at a time (R28, R33).

While one is live the room is in its phase ``clarifying``. A bidder hears the committee's one masked voice;
`Speak` says whose microphone goes into it. Tokens for bidders are made elsewhere.
"""

from collections.abc import Iterator
from typing import Final

from remote_eval import room_state as rs
from remote_eval.commands import (
    CallEnd,
    CallRefuse,
    CallRelease,
    CallStart,
    Clarify,
    FailCall,
    SetMasked,
    Speak,
)
from remote_eval.errors import RoomError
from remote_eval.room_deed import Deed, unknown
from remote_eval.room_phases import quorum
from remote_eval.room_state import Call, RoomState

MAX_CALLS: Final = 64


def clarify(deed: Deed, command: Clarify) -> None:
    """The chair asks for a call with a bidder."""
    calls = deed.state.calls.values()
    if len(calls) >= MAX_CALLS:
        raise RoomError("room.state", reasons=[{"code": "too-many"}])
    deed.add(
        "clarification",
        call=deed.new("call"),
        state="asked",
        bidder=command.bidder,
        question=command.question,
    )


def _find(deed: Deed, call: str, *states: str) -> Call:
    found = deed.state.calls.get(call)
    if found is None:
        raise unknown("call")
    if found.state not in states:
        raise RoomError("room.state", reasons=[{"code": "call", "state": found.state}])
    return found


def release(deed: Deed, command: CallRelease) -> None:
    """A witness releases a call: the bidder may now be let into the waiting room."""
    call = _find(deed, command.call, "asked")
    deed.add("clarification", call=call.id, state="released")


def refuse(deed: Deed, command: CallRefuse) -> None:
    """A witness refuses a call, or takes a release back before it began."""
    call = _find(deed, command.call, "asked", "released")
    deed.add("clarification", call=call.id, state="refused", reason=command.reason)


def start(deed: Deed, command: CallStart) -> None:
    """The call begins: released, the bidder there, the quorum present. Nobody may start one while held."""
    call = _find(deed, command.call, "released")
    if deed.state.phase != rs.EVALUATING:
        raise RoomError("room.phase", reasons=[{"code": "transition", "from": deed.state.phase}])
    deed.require("room.not-ready", _unready(deed.state, call))
    deed.add("clarification", call=call.id, state="live")
    deed.add("phase", from_=rs.EVALUATING, to=rs.CLARIFYING)


def _unready(state: RoomState, call: Call) -> Iterator[dict[str, object]]:
    if not any(one.call == call.id and one.presence == rs.HERE for one in state.members.values()):
        yield {"code": "bidder-absent"}
    yield from quorum(state)


def end(deed: Deed, command: CallEnd) -> None:
    """The call ends and the evaluation goes on."""
    call = _find(deed, command.call, "live")
    deed.add("clarification", call=call.id, state="ended")
    deed.add("phase", from_=rs.CLARIFYING, to=rs.EVALUATING)


def speak(deed: Deed, command: Speak) -> None:
    """A member's voice goes into the masked one, or out of it."""
    live = deed.state.live_call
    if live is None:
        raise unknown("call")
    if (deed.actor.id in live.speaking) != command.on:
        deed.add("speak", call=live.id, on=command.on)


def set_masked(deed: Deed, fact: SetMasked) -> None:
    """The engine runs the masked voice of the live call."""
    call = _find(deed, fact.call, "live")
    if call.masked != fact.track:
        deed.add("clarification", call=call.id, state="masked", track=fact.track)


def fail(deed: Deed, fact: FailCall) -> None:
    """Without its masked voice a call is none: it ends at once, and says why."""
    call = _find(deed, fact.call, "live")
    deed.add("clarification", call=call.id, state="ended", reason=fact.cause)
    deed.add("phase", from_=rs.CLARIFYING, to=rs.EVALUATING)
