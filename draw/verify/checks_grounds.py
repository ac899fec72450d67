"""Checks 25 and 26: every event had its ground in the log, and everybody who sits has accepted (draw-proof
§8.1).

Works on the panel that check 19 left: a seat that is vacant in the end has been so since its last event.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from draw.verify.bundle import Bundle, Entry
from draw.verify.checks_invitations import logged
from draw.verify.checks_opening import Opening
from draw.verify.errors import require
from draw.verify.hashing import tagged, u32be


@dataclass(frozen=True, kw_only=True)
class _Call:
    """One invitation with its seat and all its replies, in log order."""

    invite: Entry
    seat: int
    replies: tuple[Entry, ...]

    def in_time(self, reply: Entry) -> bool:
        reply_by, at = str(self.invite.body["reply_by"]), str(reply.body["at"])
        return reply.body["answer"] != "leave" and at <= reply_by

    def until(self, index: int) -> "_Call":
        """As it stood before this log index."""
        replies = tuple(reply for reply in self.replies if reply.index < index)
        return _Call(invite=self.invite, seat=self.seat, replies=replies)

    def has(self, answer: str) -> bool:
        """Whether it has this answer: an accept or a decline in time, or a leave."""
        found = [reply for reply in self.replies if reply.body["answer"] == answer]
        return any(answer == "leave" or self.in_time(reply) for reply in found)

    @property
    def accepted(self) -> bool:
        """Whether its newest reply is an accept in time."""
        return self.has("accept") and self.replies[-1].body["answer"] == "accept"


@dataclass(frozen=True, kw_only=True)
class _Term:
    """The end of somebody's time on a seat: the event, and the log index at which the seat changed hands.
    `times` are those of the event and of the supervisor's answer."""

    event: Entry
    seat: int
    changed: int
    times: tuple[str, ...]


def check_25_grounds(bundle: Bundle, opening: Opening) -> int:
    """§8.1. Invitations opened one by one, none to a vacant seat, a ground for every event. The number of
    answers in time that reached the log after their seat had passed on."""
    stated, invites = bundle.value["opening"]["invitations"], bundle.of("invite")
    numbers = [item["n"] for item in stated]
    require(numbers == list(range(1, len(invites) + 1)), 25, "not one opened invitation per logged one")
    if not logged(bundle):
        return 0
    terms = _terms(bundle)
    calls = _calls(bundle, stated)
    for call in calls:
        _check_held(opening, call, terms)
    for place, term in enumerate(terms):
        before, own = term.event.index, _of_term(calls, terms, place)
        held = [call.until(before) for call in own if call.invite.index < before]
        t, cause = term.event.body["t"], term.event.body["class"]
        require(_grounded(cause, held, term.times), 25, f"event {t}: the log shows no ground for {cause}")
    return sum(_late(calls, terms, place) for place in range(len(terms)))


def check_26_accepted(bundle: Bundle, opening: Opening) -> None:
    """§8.1. The newest invitation of everybody who sits in the end is accepted."""
    calls, terms = _calls(bundle, bundle.value["opening"]["invitations"]), _terms(bundle)
    for seat, at in enumerate(opening.seats):
        if at is not None:
            since = max((term.changed for term in terms if term.seat == seat), default=-1)
            own = [call for call in calls if call.seat == seat and call.invite.index > since]
            require(bool(own) and own[-1].accepted, 26, f"seat {seat}: the holder has not accepted")


def _calls(bundle: Bundle, stated: Sequence[Any]) -> list[_Call]:
    return [
        _Call(
            invite=invite,
            seat=_seat(invite, item),
            replies=tuple(reply for reply in bundle.of("reply") if reply.body["n"] == item["n"]),
        )
        for invite, item in zip(bundle.of("invite"), stated, strict=True)
    ]


def _seat(invite: Entry, item: Any) -> int:
    seat: int = item["seat"]
    opened = tagged("qt/1 seat", bytes.fromhex(item["salt"]), u32be(seat)).hex()
    require(opened == invite.body["seat"], 25, f"invitation {item['n']}: the seat does not open")
    return seat


def _terms(bundle: Bundle) -> list[_Term]:
    answers = {answer.body["t"]: answer for answer in bundle.of("answer")}
    terms = []
    for event, item in zip(bundle.of("event"), bundle.value["opening"]["events"], strict=True):
        # Check 12 saw to it that exactly the events of mode supervisor are answered.
        answer = answers.get(event.body["t"])
        changed = event.index if answer is None else answer.index
        times = (event.time,) if answer is None else (event.time, answer.time)
        terms.append(_Term(event=event, seat=item["seat"], changed=changed, times=times))
    return terms


def _check_held(opening: Opening, call: _Call, terms: Sequence[_Term]) -> None:
    n, seats = call.invite.body["n"], opening.seats
    require(call.seat < len(seats), 25, f"invitation {n}: no such seat")
    if seats[call.seat] is None:
        last = max(term.changed for term in terms if term.seat == call.seat)
        require(call.invite.index < last, 25, f"invitation {n}: nobody holds the seat")


def _of_term(calls: Sequence[_Call], terms: Sequence[_Term], place: int) -> list[_Call]:
    """The invitations of the holder whose time ends with this term."""
    term = terms[place]
    since = max((one.changed for one in terms[:place] if one.seat == term.seat), default=-1)
    return [call for call in calls if call.seat == term.seat and since < call.invite.index < term.changed]


def _grounded(cause: str, held: Sequence[_Call], times: Sequence[str]) -> bool:
    """Whether the log holds the ground of an event of this class; `held` stops before the event."""
    if not held:
        return cause == "conflict"
    newest, moment = held[-1], min(times)
    missed = {name: moment > newest.invite.body[name] for name in ("reply_by", "arrive_by")}
    grounds = {
        "decline": newest.has("decline"),
        "timeout": missed["reply_by"] and not newest.has("accept") and not newest.has("decline"),
        "leave": newest.has("leave"),
        "no_show": missed["arrive_by"] and newest.accepted,
        "recusal": newest.accepted,
        "venue": any(call.has("accept") for call in held),
        "conflict": True,
    }
    return grounds[cause]


def _late(calls: Sequence[_Call], terms: Sequence[_Term], place: int) -> int:
    end = terms[place].event.index
    replies = [(call, reply) for call in _of_term(calls, terms, place) for reply in call.replies]
    return sum(call.in_time(reply) and reply.index > end for call, reply in replies)
