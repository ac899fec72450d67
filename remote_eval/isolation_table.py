"""The isolation matrix of a room as data: role × zone × phase → rights (R20, R21, R28, R62).

`TABLE` is the one table; what it does not list is refused. Holds, a running watch and a live call change a
cell by the small tables beside it, and `cell` puts them together. `remote_eval.isolation` applies the rights
to a room and its members. docs/spec/signalling.md §5 says what always follows from the table.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from remote_eval.media.engine import CAMERA, INTERCOM, MASKED, MICROPHONE
from remote_eval.room_state import (
    BIDDER,
    BREAK,
    CHECK_IN,
    CLARIFYING,
    CLOSED,
    EVALUATING,
    EXPERT,
    FROZEN,
    OWNER,
    PAUSED,
    PHASES,
    PREPARING,
    ROOM_CAMERA,
    SIGNING,
    STAFF,
    SUPERVISOR,
    WITNESS,
)

# Classes of tracks: what a right to see or hear is a right to.
SEAT_CAMERA: Final = "seat-camera"
SEAT_MICROPHONE: Final = "seat-microphone"
VIEW: Final = "room-camera"
ROOM_MICROPHONE: Final = "room-microphone"
BIDDER_CAMERA: Final = "bidder-camera"
BIDDER_MICROPHONE: Final = "bidder-microphone"
VIDEO: Final = frozenset({SEAT_CAMERA, VIEW, BIDDER_CAMERA})
AUDIO: Final = frozenset({SEAT_MICROPHONE, ROOM_MICROPHONE, BIDDER_MICROPHONE, INTERCOM, MASKED})
CLASS_OF: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        (EXPERT, CAMERA): SEAT_CAMERA,
        (EXPERT, MICROPHONE): SEAT_MICROPHONE,
        (OWNER, CAMERA): SEAT_CAMERA,
        (OWNER, MICROPHONE): SEAT_MICROPHONE,
        (ROOM_CAMERA, CAMERA): VIEW,
        (ROOM_CAMERA, MICROPHONE): ROOM_MICROPHONE,
        (BIDDER, CAMERA): BIDDER_CAMERA,
        (BIDDER, MICROPHONE): BIDDER_MICROPHONE,
        (WITNESS, INTERCOM): INTERCOM,
    }
)

# Zones: those of a venue (remote_eval.venue), and outside of every venue, where a bidder is.
OUTSIDE: Final = "outside"
_SEATED: Final = ("evaluation", "negotiation", "consultation", "inquiry")
ZONES_OF: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        EXPERT: _SEATED,
        OWNER: _SEATED,
        WITNESS: ("witness",),
        SUPERVISOR: ("supervision", "witness"),
        STAFF: ("check-in", "storage", "relay", "waiting", "dining", "overnight"),
        ROOM_CAMERA: _SEATED,
        BIDDER: (OUTSIDE,),
    }
)

# How far a right to an event goes: `own` what the member did or is the subject of, `known` members that it
# knows, `site` its own site, `addressed` an intercom's addressee, `call` its own call, `engine` the alarm
# that the media engine is gone, `shared` that and that no witness is there, `heard` whose microphone it
# hears, `seen` a track that it may receive, `place` what happened at its own site, whoever noted it.
EVENT_SCOPES: Final = (
    *("all", "own", "known", "site", "addressed"),
    *("call", "engine", "shared", "heard", "seen", "place"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The rights of a role in a zone and a phase; the empty cell grants nothing.

    `chair`: messages that a chair may send beside `send`. `knows`: roles whose members it is told of.
    `events`: kinds it is told, with one of `EVENT_SCOPES`. `own_site`: rights to see, hear and know end at
    the member's own site, witnesses excepted.
    """

    publish: frozenset[str] = frozenset()
    see: frozenset[str] = frozenset()
    hear: frozenset[str] = frozenset()
    send: frozenset[str] = frozenset()
    chair: frozenset[str] = frozenset()
    knows: frozenset[str] = frozenset()
    events: Mapping[str, str] = field(default_factory=dict)
    own_site: bool = False


NOTHING: Final = Cell()


def _scoped(scope: str, kinds: str) -> dict[str, str]:
    return dict.fromkeys(kinds.split(), scope)


_ALWAYS: Final = frozenset({"ping", "bye"})
_WATCHING: Final = _ALWAYS | {"view", "view-answer", "restart", "device"}
_MEDIA: Final = _WATCHING | {"publish"}
_SOURCES: Final = frozenset({CAMERA, MICROPHONE})

# ---- seats
_SEAT_LOBBY: Final = _MEDIA | {"call-witness", "problem", "hand"}
_SEAT_WORK: Final = _SEAT_LOBBY | {"chat", "contact-ask", "time-ask"}
_SEAT_TOLD: Final[Mapping[str, str]] = MappingProxyType(
    {
        **_scoped("all", "phase hold directive site outage extended put-off closed"),
        **_scoped("known", "member swap"),
        **_scoped("own", "device health called problem settled contact consent"),
        **_scoped("shared", "alarm clear"),
        "intercom": "addressed",
        "track": "seen",
    }
)
_SEAT_WORK_TOLD: Final[Mapping[str, str]] = MappingProxyType(
    {**_SEAT_TOLD, **_scoped("all", "chat hand clarification speak more-time"), "speaking": "heard"}
)
# Before the room begins nobody on the committee is told who else is: names open at the start (R13).
_SEAT_WAITS: Final = Cell(
    publish=_SOURCES,
    hear=frozenset({INTERCOM}),
    send=_SEAT_LOBBY,
    knows=frozenset({WITNESS}),
    events=MappingProxyType({**_SEAT_TOLD, "hand": "own"}),
)
_SEAT_WORKS: Final = Cell(
    publish=_SOURCES,
    see=frozenset({SEAT_CAMERA}),
    hear=frozenset({SEAT_MICROPHONE, INTERCOM}),
    send=_SEAT_WORK,
    chair=frozenset({"clarify", "call-start"}),
    knows=frozenset({EXPERT, OWNER, WITNESS}),
    events=_SEAT_WORK_TOLD,
)
_SEAT: Final[Mapping[str, Cell]] = MappingProxyType(
    {
        PREPARING: _SEAT_WAITS,
        CHECK_IN: _SEAT_WAITS,
        EVALUATING: _SEAT_WORKS,
        CLARIFYING: replace(
            _SEAT_WORKS,
            see=_SEAT_WORKS.see | {BIDDER_CAMERA},
            hear=_SEAT_WORKS.hear | {BIDDER_MICROPHONE},
            send=_SEAT_WORK | {"speak"},
            chair=frozenset({"call-end"}),
            knows=_SEAT_WORKS.knows | {BIDDER},
        ),
        SIGNING: replace(_SEAT_WORKS, chair=frozenset()),
        CLOSED: Cell(send=_ALWAYS, events=MappingProxyType({"closed": "all"})),
    }
)

# ---- the digital witness
_EVERYBODY: Final = frozenset({EXPERT, OWNER, WITNESS, SUPERVISOR, STAFF, ROOM_CAMERA, BIDDER})
_WITNESS_TOLD: Final = _scoped(
    "all",
    "phase hold member device health track chat hand called problem settled intercom speak clarification"
    " entry contact consent node directive watch site outage recording alarm clear swap speaking report"
    " more-time extended put-off closed visit lapsed unrecorded astray",
)
_WITNESS_ACTS: Final = _MEDIA | {
    *("problem", "settle", "intercom", "consent", "deny", "node", "phase", "watch-decide", "resume-site"),
    *("visit-in", "visit-out", "astray"),
}
_WITNESS_WATCHES: Final = Cell(
    publish=frozenset({INTERCOM}),
    see=frozenset({SEAT_CAMERA, VIEW}),
    hear=frozenset({SEAT_MICROPHONE, ROOM_MICROPHONE, INTERCOM}),
    send=_WITNESS_ACTS,
    knows=_EVERYBODY,
    events=_WITNESS_TOLD,
)
_WITNESS_WORKS: Final = _WITNESS_ACTS | {"chat", "break", "extend", "call-release", "call-refuse"}
_WITNESS: Final[Mapping[str, Cell]] = MappingProxyType(
    {
        PREPARING: _WITNESS_WATCHES,
        CHECK_IN: _WITNESS_WATCHES,
        EVALUATING: replace(_WITNESS_WATCHES, send=_WITNESS_WORKS | {"call-start"}),
        CLARIFYING: replace(
            _WITNESS_WATCHES,
            see=_WITNESS_WATCHES.see | {BIDDER_CAMERA},
            hear=_WITNESS_WATCHES.hear | {BIDDER_MICROPHONE},
            send=_WITNESS_WORKS - {"break"} | {"call-end"},
        ),
        SIGNING: replace(_WITNESS_WATCHES, send=_WITNESS_WORKS | {"report"}),
        CLOSED: Cell(send=_ALWAYS | {"node", "report"}, knows=_EVERYBODY, events=_WITNESS_TOLD),
    }
)

# ---- supervisors: acts and facts, no leg without a watch
_SUPERVISOR_TOLD: Final[Mapping[str, str]] = MappingProxyType(
    {
        **_scoped(
            "all",
            "phase hold member called settled intercom clarification entry contact consent node directive"
            " site outage recording alarm clear swap report more-time extended put-off closed visit lapsed"
            " unrecorded astray",
        ),
        **_scoped("own", "watch device health problem"),
        "track": "seen",
    }
)
_SUPERVISES: Final = Cell(
    send=_WATCHING | {"problem", "consent", "deny", "directive", "watch-ask", "reform", "go-on"},
    knows=_EVERYBODY,
    events=_SUPERVISOR_TOLD,
)
_SUPERVISOR: Final[Mapping[str, Cell]] = MappingProxyType(
    {
        **{phase: _SUPERVISES for phase in PHASES if phase != CLOSED},
        CLOSED: Cell(send=_ALWAYS, knows=_EVERYBODY, events=_SUPERVISOR_TOLD),
    }
)

# ---- staff of a site: before the evaluation its own seats, afterwards the intercom alone
_STAFF_TOLD: Final[Mapping[str, str]] = MappingProxyType(
    {
        **_scoped("all", "phase hold directive site outage extended put-off closed"),
        **_scoped(
            "site",
            "called problem settled entry contact consent recording alarm clear swap health device lapsed"
            " unrecorded astray",
        ),
        "visit": "place",
        "member": "known",
        "intercom": "addressed",
        "track": "seen",
    }
)
_STAFF_WORKS: Final = Cell(
    hear=frozenset({INTERCOM}),
    send=_WATCHING
    | {"call-witness", "problem", "settle", "entry-ask", "contact-begin", "contact-end", "swap"}
    | {"visit-in", "visit-out", "astray", "unrecorded-ask"},
    knows=frozenset({EXPERT, OWNER, WITNESS, STAFF, ROOM_CAMERA}),
    events=_STAFF_TOLD,
    own_site=True,
)
_STAFF_PREPARES: Final = replace(
    _STAFF_WORKS,
    see=frozenset({SEAT_CAMERA, VIEW}),
    hear=frozenset({SEAT_MICROPHONE, ROOM_MICROPHONE, INTERCOM}),
)
_STAFF: Final[Mapping[str, Cell]] = MappingProxyType(
    {
        PREPARING: _STAFF_PREPARES,
        CHECK_IN: _STAFF_PREPARES,
        EVALUATING: _STAFF_WORKS,
        CLARIFYING: _STAFF_WORKS,
        SIGNING: _STAFF_WORKS,
        CLOSED: Cell(send=_ALWAYS, events=MappingProxyType({"closed": "all"})),
    }
)

# ---- room cameras
_CAMERA_TOLD: Final[Mapping[str, str]] = MappingProxyType(
    {**_scoped("own", "member device health"), **_scoped("engine", "alarm clear"), "closed": "all"}
)
_FILMS: Final = Cell(publish=_SOURCES, send=_ALWAYS | {"publish", "restart", "device"}, events=_CAMERA_TOLD)
_ROOM_CAMERA: Final[Mapping[str, Cell]] = MappingProxyType(
    {
        **{phase: _FILMS for phase in PHASES if phase != CLOSED},
        CLOSED: Cell(send=_ALWAYS, events=MappingProxyType({"closed": "all"})),
    }
)

# ---- bidders: a waiting room until the own call is live
_BIDDER_WAITS: Final = Cell(
    send=_ALWAYS | {"device"},
    events=MappingProxyType(
        {
            **_scoped("own", "member device health"),
            **_scoped("engine", "alarm clear"),
            **_scoped("all", "hold closed"),
            "clarification": "call",
            "track": "seen",
        }
    ),
)
_BIDDER: Final[Mapping[str, Cell]] = MappingProxyType(
    {
        **dict.fromkeys((EVALUATING, CLARIFYING, SIGNING), _BIDDER_WAITS),
        CLOSED: Cell(send=_ALWAYS, events=MappingProxyType({"closed": "all"})),
    }
)


def _spread(role: str, phases: Mapping[str, Cell]) -> dict[tuple[str, str, str], Cell]:
    return {(role, zone, phase): cell for zone in ZONES_OF[role] for phase, cell in phases.items()}


TABLE: Final[Mapping[tuple[str, str, str], Cell]] = MappingProxyType(
    {
        **_spread(EXPERT, _SEAT),
        **_spread(OWNER, _SEAT),
        **_spread(WITNESS, _WITNESS),
        **_spread(SUPERVISOR, _SUPERVISOR),
        **_spread(STAFF, _STAFF),
        **_spread(ROOM_CAMERA, _ROOM_CAMERA),
        **_spread(BIDDER, _BIDDER),
    }
)

# What a bidder gains while its own call is live.
ON_CALL: Final = Cell(
    publish=_SOURCES,
    hear=frozenset({MASKED}),
    send=frozenset({"publish", "view", "view-answer", "restart"}),
)
# What a supervisor is told beside a witness's legs while a watch runs.
ON_WATCH: Final[Mapping[str, str]] = MappingProxyType(
    {**_scoped("all", "chat hand speak track device"), "speaking": "heard"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """What a hold leaves of a cell; None leaves all of it."""

    publish: frozenset[str] | None = None
    see: frozenset[str] | None = None
    hear: frozenset[str] | None = None
    send: frozenset[str] | None = None


_STILL: Final = _MEDIA | {"call-witness", "problem", "hand", "contact-ask", "time-ask"}
_SEAT_HELD: Final = Keep(see=frozenset({SEAT_CAMERA}), hear=frozenset({INTERCOM}), send=_STILL)
_SEAT_RESTS: Final = Keep(see=frozenset(), hear=frozenset(), send=_STILL - {"hand"})
_NO_CALL: Final = Keep(publish=frozenset(), see=frozenset(), hear=frozenset())
_WITNESS_HELD: Final = Keep(send=(_WITNESS_WORKS | {"call-end", "report"}) - {"call-start"})
# Nobody watches or hears a seat in a break.
_OFF_SEATS: Final = Keep(see=VIDEO - {SEAT_CAMERA}, hear=AUDIO - {SEAT_MICROPHONE})
_HELD: Final[Mapping[str, Keep]] = MappingProxyType(
    {EXPERT: _SEAT_HELD, OWNER: _SEAT_HELD, BIDDER: _NO_CALL, WITNESS: _WITNESS_HELD}
)
HOLD_KEEPS: Final[Mapping[str, Mapping[str, Keep]]] = MappingProxyType(
    {
        FROZEN: _HELD,
        PAUSED: _HELD,
        BREAK: MappingProxyType(
            {
                EXPERT: _SEAT_RESTS,
                OWNER: _SEAT_RESTS,
                BIDDER: _NO_CALL,
                WITNESS: replace(_OFF_SEATS, send=_WITNESS_HELD.send),
                SUPERVISOR: _OFF_SEATS,
                STAFF: _OFF_SEATS,
            }
        ),
    }
)


def cell(
    role: str,
    zone: str,
    phase: str,
    *,
    holds: Collection[str] = (),
    watching: bool = False,
    calling: bool = False,
) -> Cell:
    """The rights of `role` in `zone` during `phase`, under these holds.

    `watching`: a watch of this supervisor runs; `calling`: the call of this bidder is live.
    """
    return _cell(role, zone, phase, frozenset(holds), watching, calling)


# Asked for every member at every event; the table is small, and so is what can be asked of it.
@lru_cache(maxsize=4_096)
def _cell(  # noqa: PLR0917 a cache knows arguments by position
    role: str, zone: str, phase: str, holds: frozenset[str], watching: bool, calling: bool
) -> Cell:
    found = TABLE.get((role, zone, phase), NOTHING)
    if found is NOTHING or phase == CLOSED:
        return found
    if watching and role == SUPERVISOR:
        legs = TABLE[WITNESS, "witness", phase]
        found = replace(found, see=legs.see, hear=legs.hear, events={**found.events, **ON_WATCH})
    if calling and role == BIDDER and phase == CLARIFYING:
        found = replace(found, publish=ON_CALL.publish, hear=ON_CALL.hear, send=found.send | ON_CALL.send)
    for hold in holds:
        found = _kept(found, HOLD_KEEPS[hold].get(role, Keep()))
    return found


def _kept(found: Cell, keep: Keep) -> Cell:
    return replace(
        found,
        publish=_both(found.publish, keep.publish),
        see=_both(found.see, keep.see),
        hear=_both(found.hear, keep.hear),
        send=_both(found.send, keep.send),
        chair=_both(found.chair, keep.send),
    )


def _both(rights: frozenset[str], kept: frozenset[str] | None) -> frozenset[str]:
    return rights if kept is None else rights & kept
