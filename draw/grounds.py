"""Invitations as the log shows them, and when a seat may pass on (draw-proof §8.1).

Rank decides, acceptance only fills: who follows on a seat never depends on who answers first, and a seat
passes on only for a reason that stands in the log. `Invitations` reads the entries of a draw and refuses
replies out of order (check 24); `ground` finds the reason of an event (check 25); `unaccepted` tells which
seats keep a draw from being opened (check 26). The log hides seats; whoever asks here knows them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from draw.entries import Entry
from draw.errors import EntryError, LifecycleError
from draw.letters import verify_statement

ANY_INDEX: Final = (1 << 53) - 1
DEFINITE: Final = ("accept", "decline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer to invitation n as logged: `record` is the digest of the gateway's record, None for a web
    answer."""

    n: int
    index: int
    answer: str
    at: str
    in_time: bool
    record: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Invitation n, at log index `index`, with its replies so far."""

    index: int
    time: str
    body: Mapping[str, Any]
    replies: tuple[Reply, ...] = ()

    @property
    def n(self) -> int:
        """Its number."""
        return int(self.body["n"])

    @property
    def reply_by(self) -> str:
        """An answer counts when it is given no later than this."""
        return str(self.body["reply_by"])

    @property
    def arrive_by(self) -> str:
        """Whoever accepted and is not there by then has not shown up."""
        return str(self.body["arrive_by"])

    @property
    def accepted(self) -> bool:
        """Whether its newest reply is an `accept` in time."""
        return bool(self.replies) and self.replies[-1].answer == "accept" and self.replies[-1].in_time

    def reply(self, *answers: str) -> Reply | None:
        """The reply that is one of `answers`; an accept or decline only when it was given in time."""
        found = [
            one
            for one in self.replies
            if one.answer in answers and (one.in_time or one.answer not in DEFINITE)
        ]
        return found[-1] if found else None

    def before(self, index: int) -> "Invitation":
        """The invitation as it stood before log index `index`."""
        return replace(self, replies=tuple(one for one in self.replies if one.index < index))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Event t at log index `index`; it hands its seat on at index `settled`, None while it is unanswered."""

    t: int
    index: int
    settled: int | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Seats:
    """Seat numbers that the log hides: of event t, and of invitation n."""

    events: Mapping[int, int] = field(default_factory=dict)
    invitations: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Why a seat may pass on: v, the holder's newest invitation, and the reply that decides, if any."""

    invitation: Invitation | None
    reply: Reply | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitations:
    """All invitations of a draw, ascending by n, and the changes of its seats."""

    invitations: tuple[Invitation, ...]
    changes: tuple[Change, ...]

    @classmethod
    def read(cls, entries: Iterable[tuple[int, Entry]]) -> "Invitations":
        """From (log index, entry) pairs of one draw, ascending.

        Raises EntryError where check 24 fails: ``reply.unknown``, ``.signature``, ``.at``, ``.order``.
        """
        found: list[Invitation] = []
        changes: dict[int, Change] = {}
        for index, entry in entries:
            if entry.type == "invite":
                found.append(Invitation(index=index, time=entry.time, body=entry.body))
            elif entry.type == "reply":
                at = int(entry.body["n"]) - 1
                if at >= len(found):
                    raise EntryError("reply.unknown")
                found[at] = replied(found[at], index, entry)
            elif entry.type == "event":
                t, settled = int(entry.body["t"]), index if entry.body["mode"] == "own-order" else None
                changes[t] = Change(t=t, index=index, settled=settled)
            elif entry.type == "answer":
                t = int(entry.body["t"])
                changes[t] = replace(changes[t], settled=index)
        return cls(invitations=tuple(found), changes=tuple(changes.values()))

    def of_holder(self, seats: Seats, seat: int, *, before: int = ANY_INDEX) -> tuple[Invitation, ...]:
        """Invitations of whoever holds `seat` just before log index `before`, as they stood then."""
        since = max(
            (
                one.settled
                for one in self.changes
                if one.settled is not None and one.settled < before and seats.events[one.t] == seat
            ),
            default=-1,
        )
        return tuple(
            one.before(before)
            for one in self.invitations
            if since < one.index < before and seats.invitations[one.n] == seat
        )


def replied(invitation: Invitation, index: int, entry: Entry) -> Invitation:
    """The invitation with one more reply. Raises EntryError where check 24 fails, as `Invitations.read`."""
    body = entry.body
    earlier = [one.answer for one in invitation.replies]
    answer, at = str(body["answer"]), str(body["at"])
    if earlier != (["accept"] if answer == "leave" else []):
        raise EntryError("reply.order")
    if not invitation.time <= at <= entry.time:
        raise EntryError("reply.at")
    if body["signature"] is not None:
        key, signature = bytes.fromhex(invitation.body["key"]), bytes.fromhex(body["signature"])
        draw, n = int(body["draw"]), int(body["n"])
        verify_statement(signature, key=key, draw=draw, n=n, answer=answer, at=at)
    in_time = at <= invitation.reply_by
    fresh = Reply(n=invitation.n, index=index, answer=answer, at=at, in_time=in_time, record=body["record"])
    return replace(invitation, replies=(*invitation.replies, fresh))


def ground(cause: str, held: Sequence[Invitation], times: Sequence[str]) -> Ground:
    """The ground on which a seat may pass on for `cause`.

    `held` are the invitations of its holder before the event, `times` every clock's word for when the event
    is: of its entry, of its answer, of whoever judges. Raises LifecycleError("event.ground", cause=…) when
    there is none.
    """
    newest = held[-1] if held else None
    if cause == "conflict":
        return Ground(invitation=newest, reply=None)
    if newest is None:
        raise LifecycleError("event.ground", cause=cause)
    decided = _decided(cause, newest, held, min(times))
    if decided is None:
        raise LifecycleError("event.ground", cause=cause)
    return decided


def unaccepted(course: Invitations, seats: Seats, occupied: Iterable[int]) -> list[int]:
    """Of the occupied seats, those whose holder's newest invitation is missing or not accepted."""
    held = ((seat, course.of_holder(seats, seat)) for seat in occupied)
    return [seat for seat, invitations in held if not invitations or not invitations[-1].accepted]


def _decided(cause: str, newest: Invitation, held: Sequence[Invitation], moment: str) -> Ground | None:
    """The ground of a cause that the log must show; `moment` is the earliest of the clocks."""
    accepted = newest.replies[-1] if newest.accepted else None
    if cause == "timeout":
        silent = newest.reply(*DEFINITE) is None and moment > newest.reply_by
        return Ground(invitation=newest, reply=None) if silent else None
    if cause == "no_show" and moment <= newest.arrive_by:
        return None
    if cause == "venue":
        agreed = [one for one in (invitation.reply("accept") for invitation in held) if one is not None]
        accepted = agreed[-1] if agreed else None
    reply = newest.reply(cause) if cause in ("decline", "leave") else accepted
    return None if reply is None else Ground(invitation=newest, reply=reply)
