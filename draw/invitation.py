"""States of an invitation and of a campaign of invitations, and the steps between them (draw-proof §8.1).

An invitation is one letter to the holder of one seat; a campaign is all of one draw, from the proposal to the
end of the evaluation. Rank decides and acceptance only fills: nothing here knows who answered first. Who sits
next is `draw.replacement`, the hours are `draw.invitation_terms`, and storing a state, with compare-and-swap,
happens elsewhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from draw.entry_bodies import to_seconds
from draw.errors import LifecycleError

Table = Mapping[str, frozenset[str]]

QUEUED: Final = "queued"
SENT: Final = "sent"
HEARD: Final = "heard"
ACCEPT1: Final = "accept1"
ACCEPTED: Final = "accepted"
DECLINED: Final = "declined"
TIMEOUT: Final = "timeout"
INVALID_NUMBER: Final = "invalid_number"
LEAVE_EARLY: Final = "on_leave_early"
LEAVE_LATE: Final = "on_leave_late"
ARRIVED: Final = "arrived"
LATE: Final = "late"
NO_SHOW: Final = "no_show"
RECUSED: Final = "recused_at_venue"
SEATED: Final = "seated"
REPLACED: Final = "replaced"
FINISHED: Final = "finished"
SUPERSEDED: Final = "superseded"

# `superseded`: the same holder was asked anew, for another hour or place. `replaced`: the seat passed on.
_ENDS_OF_ANY: Final = (REPLACED, SUPERSEDED)
# An acceptance is always two confirmations: the code and the signature, or two keys pressed.
_ANSWERS: Final = (ACCEPT1, DECLINED, TIMEOUT, *_ENDS_OF_ANY)

INVITATION: Final[Table] = MappingProxyType(
    {
        QUEUED: frozenset({SENT, HEARD, INVALID_NUMBER, *_ANSWERS}),
        SENT: frozenset({HEARD, INVALID_NUMBER, *_ANSWERS}),
        # A dead number ends nobody's term: another way may still reach its owner.
        INVALID_NUMBER: frozenset({SENT, HEARD, *_ANSWERS}),
        HEARD: frozenset(_ANSWERS),
        ACCEPT1: frozenset({ACCEPTED, DECLINED, TIMEOUT, *_ENDS_OF_ANY}),
        ACCEPTED: frozenset({LEAVE_EARLY, LEAVE_LATE, ARRIVED, LATE, NO_SHOW, *_ENDS_OF_ANY}),
        DECLINED: frozenset({REPLACED}),
        # A key pressed in time, told late by its gateway, counts as long as the seat has not passed on.
        TIMEOUT: frozenset({ACCEPT1, DECLINED, REPLACED}),
        LEAVE_EARLY: frozenset({REPLACED}),
        LEAVE_LATE: frozenset({REPLACED}),
        NO_SHOW: frozenset({REPLACED}),
        ARRIVED: frozenset({SEATED, RECUSED, LEAVE_LATE, *_ENDS_OF_ANY}),
        LATE: frozenset({SEATED, RECUSED, LEAVE_LATE, *_ENDS_OF_ANY}),
        SEATED: frozenset({FINISHED, RECUSED, LEAVE_LATE, *_ENDS_OF_ANY}),
        RECUSED: frozenset({REPLACED}),
        REPLACED: frozenset(),
        FINISHED: frozenset(),
        SUPERSEDED: frozenset(),
    }
)
OPEN: Final = frozenset({QUEUED, SENT, INVALID_NUMBER, HEARD, ACCEPT1})
FILLING: Final = frozenset({ACCEPTED, ARRIVED, LATE, SEATED, FINISHED})
# What vacates a seat, and the class of the event that says so.
VACATING: Final[Mapping[str, str]] = MappingProxyType(
    {
        DECLINED: "decline",
        TIMEOUT: "timeout",
        LEAVE_EARLY: "leave",
        LEAVE_LATE: "leave",
        NO_SHOW: "no_show",
        RECUSED: "recusal",
    }
)

PROPOSED: Final = "proposed"
INVITING: Final = "inviting"
FILLED: Final = "filled"
SHORT: Final = "short"
SEALED: Final = "sealed"
CHECKED_IN: Final = "checked_in"
OPENED: Final = "opened"
CLOSED: Final = "closed"
PUBLISHED: Final = "published"
CANCELLED: Final = "cancelled"

CAMPAIGN: Final[Table] = MappingProxyType(
    {
        PROPOSED: frozenset({INVITING, CANCELLED}),
        # The opening of the draw's proof closes a campaign wherever it stands.
        INVITING: frozenset({FILLED, SHORT, CLOSED, CANCELLED}),
        FILLED: frozenset({INVITING, SHORT, SEALED, CLOSED, CANCELLED}),
        SHORT: frozenset({INVITING, FILLED, CLOSED, CANCELLED}),
        # A seat may fall vacant as long as the draw is not opened: in the room somebody may fall ill, walk
        # out or find a conflict, and then the way leads through the same states once more.
        SEALED: frozenset({INVITING, SHORT, CHECKED_IN, CLOSED, CANCELLED}),
        CHECKED_IN: frozenset({INVITING, SHORT, OPENED, CLOSED, CANCELLED}),
        OPENED: frozenset({INVITING, SHORT, CLOSED, CANCELLED}),
        CLOSED: frozenset({PUBLISHED}),
        PUBLISHED: frozenset(),
        CANCELLED: frozenset(),
    }
)
RUNNING: Final = frozenset({INVITING, FILLED, SHORT, SEALED, CHECKED_IN, OPENED})

# Why a seat was not taken: what an expert may say, and below it what the clock and a leave say for them.
DECLINE_CODES: Final = (
    "time_clash",
    "travel",
    "health",
    "conflict",
    "wrong_specialty",
    "refused",
    "other",
)
NO_ANSWER: Final = "no_answer"
LEAVE_AFTER_ACCEPT: Final = "leave_after_accept"

LADDER_STEPS: Final = (
    "widen_region",
    "sibling_specialty",
    "other_province",
    "self_selection",
    "postpone",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A lawful step from `source` to `target` at `time`."""

    source: str
    target: str
    time: str


def advance(table: Table, state: str, target: str, *, now: str) -> Step:
    """The step to `target` at `now` in `INVITATION` or `CAMPAIGN`.

    Raises LifecycleError ``invitation.state`` (unknown) or ``invitation.transition``, EntryError for a `now`
    that is no time.
    """
    if state not in table or target not in table:
        raise LifecycleError("invitation.state")
    if target not in table[state]:
        raise LifecycleError("invitation.transition", source=state, target=target)
    to_seconds(now)
    return Step(source=state, target=target, time=now)


def standing(seats: Iterable[str | None]) -> str:
    """What a campaign has come to: `filled`, `short` or still `inviting`.

    `seats` are the states of the newest invitations, None for a seat whose cell ran out. A seat on its way to
    the next holder is still being filled.
    """
    states = list(seats)
    if any(state is not None and state not in FILLING for state in states):
        return INVITING
    return SHORT if None in states else FILLED


def next_steps(ladder: Iterable[str], taken: Iterable[str]) -> tuple[str, ...]:
    """The steps of the pack's ladder that may still be taken, the next one first: order is never skipped
    back."""
    order = tuple(ladder)
    last = max((order.index(step) for step in taken if step in order), default=-1)
    return order[last + 1 :]


def require_next(ladder: Iterable[str], taken: Iterable[str], step: str) -> None:
    """Raise LifecycleError ``ladder.unknown`` for a step that the pack does not have, ``ladder.order`` for
    one that is not the next."""
    order = tuple(ladder)
    if step not in order:
        raise LifecycleError("ladder.unknown", step=step)
    if next_steps(order, taken)[:1] != (step,):
        raise LifecycleError("ladder.order", step=step)
