"""A room driven by its core alone: a ledger, a clock that the test moves, members by short names."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count

from remote_eval import commands as cmd
from remote_eval import room
from remote_eval import room_state as rs
from remote_eval.errors import EvaluationError
from remote_eval.isolation import grants_of
from remote_eval.media.engine import Grants
from remote_eval.room_events import Event
from remote_eval.room_fold import evolve, replay
from remote_eval.room_state import Member, RoomState

OPENED = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
BEGINS = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ENDS = BEGINS + timedelta(hours=8)
HOUR = 3_600_000
LIMITS = rs.Limits(pack="test@1", before_ms=2 * HOUR, during_ms=4 * HOUR, away_ms=60_000, clock_ms=2_000)
LABEL = rs.Label(zh="席位", en="Seat")
ZONE = {
    rs.EXPERT: "evaluation",
    rs.OWNER: "evaluation",
    rs.WITNESS: "witness",
    rs.SUPERVISOR: "supervision",
    rs.STAFF: "check-in",
    rs.ROOM_CAMERA: "evaluation",
    rs.BIDDER: "outside",
}
# Who is in the room of these tests: member, role, site.
CAST = (
    ("e1", rs.EXPERT, "north"),
    ("e2", rs.EXPERT, "north"),
    ("o1", rs.OWNER, "north"),
    ("e3", rs.EXPERT, "south"),
    ("e4", rs.EXPERT, "south"),
    ("w1", rs.WITNESS, "north"),
    ("w2", rs.WITNESS, "south"),
    ("v1", rs.SUPERVISOR, None),
    ("s1", rs.STAFF, "north"),
    ("s2", rs.STAFF, "south"),
    ("c1", rs.ROOM_CAMERA, "north"),
    ("c2", rs.ROOM_CAMERA, "south"),
)
SEATS = tuple(name for name, role, _ in CAST if role in rs.COMMITTEE)


def person(
    name: str, role: str, site: str | None, *, call: str | None = None, at: datetime = OPENED
) -> Member:
    """A member who is here."""
    seat = f"seat-{name}" if role in rs.COMMITTEE else None
    return Member(
        id=name,
        role=role,
        zone=ZONE[role],
        label=LABEL,
        since=at,
        site=site,
        seat=seat,
        call=call,
        presence=rs.HERE,
    )


class Room:
    """One room and its ledger."""

    def __init__(self, *, quorum: int = 5, sites: Iterable[str] = ("north", "south")) -> None:
        there = [
            rs.Site(id=name, label=LABEL, part="remote" if index else "host")
            for index, name in enumerate(sites)
        ]
        first = room.start(
            room="room_1",
            sites=there,
            begins_at=BEGINS,
            ends_at=ENDS,
            committee=5,
            quorum=quorum,
            limits=LIMITS,
            now=OPENED,
        )
        self.now = OPENED
        self.ledger = [first]
        self.state: RoomState = replay(self.ledger)
        self._ids = count(1)

    def later(self, milliseconds: int) -> "Room":
        """Let time pass."""
        self.now += timedelta(milliseconds=milliseconds)
        return self

    def do(self, actor: str | None, command: cmd.Command) -> list[Event]:
        """Decide a command of a member, or a fact, and fold what follows."""
        who = None if actor is None else self.state.members[actor]
        events = room.decide(self.state, who, command, now=self.now, new_id=lambda: f"{next(self._ids):06d}")
        for event in events:
            self.state = evolve(self.state, event)
        self.ledger += events
        return list(events)

    def fact(self, *facts: cmd.Fact) -> list[Event]:
        """Tell facts."""
        return [event for one in facts for event in self.do(None, one)]

    def tick(self) -> list[Event]:
        """Time has passed."""
        return self.fact(cmd.Tick())

    def refused(self, actor: str | None, command: cmd.Command) -> tuple[str, list[str]]:
        """The code with which a command is refused, and the codes of its reasons; nothing changed."""
        before = self.state
        try:
            self.do(actor, command)
        except EvaluationError as error:
            assert self.state == before
            reasons = error.details.get("reasons", [])
            assert isinstance(reasons, list)
            return error.code, [one["code"] for one in reasons]
        raise AssertionError("it was allowed")

    def grants(self, member: str) -> Grants:
        """What the engine lets a member do now."""
        return grants_of(self.state, self.state.members[member])

    def receives(self, member: str) -> set[str]:
        """The tracks that a member may receive now."""
        return set(self.grants(member).receive)

    def kinds(self) -> list[str]:
        """Kinds of all events so far."""
        return [event.kind for event in self.ledger]


def filled(*, quorum: int = 5) -> Room:
    """A room in its first phase, with everybody in, every track up, both sites linked and recording."""
    made = Room(quorum=quorum)
    for name, role, site in CAST:
        made.fact(cmd.Admit(member=person(name, role, site)))
        sources = ("camera", "microphone") if role in rs.COMMITTEE | {rs.ROOM_CAMERA} else ()
        made.fact(
            *(cmd.TrackFact(track=f"{name}/{source}", up=True, cause="published") for source in sources)
        )
    made.fact(*(cmd.SiteFact(site=site, link=rs.UP, recording="ok") for site in ("north", "south")))
    made.fact(cmd.NameChair(member="e1"))
    return made


def evaluating(*, quorum: int = 5) -> Room:
    """The same, at the begin of its evaluation."""
    made = filled(quorum=quorum)
    made.do("w1", cmd.MoveTo(to=rs.CHECK_IN))
    made.now = BEGINS
    made.do("w1", cmd.MoveTo(to=rs.EVALUATING))
    return made


def called(made: Room, *, bidder: str = "b1") -> str:
    """A call asked for and released, with its bidder in the waiting room; the call's id."""
    asked = made.do("e1", cmd.Clarify(bidder="B-07", question="请说明工期"))
    call = str(asked[0].body["call"])
    made.do("w1", cmd.CallRelease(call=call))
    made.fact(cmd.Admit(member=person(bidder, rs.BIDDER, None, call=call)))
    return call


def on_call(*, quorum: int = 5) -> tuple[Room, str]:
    """A room with a live call whose masked voice runs."""
    made = evaluating(quorum=quorum)
    call = called(made)
    made.do("e1", cmd.CallStart(call=call))
    made.fact(cmd.SetMasked(call=call, track="engine/masked"))
    return made, call


def signing() -> Room:
    """A room whose results are being signed."""
    made = evaluating()
    made.do("w1", cmd.MoveTo(to=rs.SIGNING))
    return made
