"""What a room is at one moment: values only, folded from its events by `remote_eval.room_fold`.

Everything here is frozen; mappings are never changed in place. Instants are aware UTC of whole milliseconds,
durations whole milliseconds. Nothing here is a person's name: members have ids, roles and places.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

# Phases of a room (R20), in their order.
PREPARING: Final = "preparing"
CHECK_IN: Final = "check-in"
EVALUATING: Final = "evaluating"
CLARIFYING: Final = "clarifying"
SIGNING: Final = "signing"
CLOSED: Final = "closed"
PHASES: Final = (PREPARING, CHECK_IN, EVALUATING, CLARIFYING, SIGNING, CLOSED)
BEFORE: Final = frozenset({PREPARING, CHECK_IN})
SITTING: Final = frozenset({EVALUATING, CLARIFYING, SIGNING})
# Phases in which nobody goes on below the quorum.
WORKING: Final = frozenset({EVALUATING, CLARIFYING})

EXPERT: Final = "expert"
OWNER: Final = "owner"  # a tenderee's representative on the committee
WITNESS: Final = "witness"
SUPERVISOR: Final = "supervisor"
STAFF: Final = "site"
ROOM_CAMERA: Final = "camera"
BIDDER: Final = "bidder"
ROLES: Final = (EXPERT, OWNER, WITNESS, SUPERVISOR, STAFF, ROOM_CAMERA, BIDDER)
COMMITTEE: Final = frozenset({EXPERT, OWNER})

# Holds, the most urgent first: that one is shown; all of them bind.
FROZEN: Final = "frozen"
PAUSED: Final = "paused"
BREAK: Final = "break"
HOLDS: Final = (FROZEN, PAUSED, BREAK)
# The cause of a freeze for want of the quorum, and the code of its alarm.
NO_QUORUM: Final = "quorum"

HERE: Final = "here"
RECONNECTING: Final = "reconnecting"
AWAY: Final = "away"
EXPECTED: Final = "expected"
# In a break, but not where the break is.
ASTRAY: Final = "astray"
PRESENCES: Final = (HERE, RECONNECTING, AWAY, EXPECTED)

UP: Final = "up"
DEGRADED: Final = "degraded"
LOST: Final = "lost"
LINKS: Final = (UP, DEGRADED, LOST)
RECORDINGS: Final = ("ok", "late", "off")
# What a request asks for with consent.
ENTRY: Final = "entry"
UNRECORDED: Final = "unrecorded"
# What an outage is of.
OF_SITE: Final = "site"
OUTAGE_SCOPES: Final = (OF_SITE, "engine", "recorder")
DEVICE_STATES: Final = ("ok", "absent", "denied", "busy", "off")

MAX_CHAT: Final = 200
MAX_SETTLED: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Role and place in both languages, never a name."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """States of a member's devices, each one of `DEVICE_STATES`."""

    camera: str = "off"
    microphone: str = "off"
    speaker: str = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member. `site` and `seat` are None for who has none; `call` is a bidder's; `confirmed` is False
    after an outage until a witness has identified the person again (R39); `moving` is True from a swap of the
    seat until the person comes in from the other one. `astray`: the zone outside the break's own in which
    the person was seen.

    `spent`: milliseconds by bucket (a presence, ``break`` or ``astray``) up to `since`; see
    `remote_eval.presence`.
    """

    id: str
    role: str
    zone: str
    label: Label
    since: datetime
    site: str | None = None
    seat: str | None = None
    call: str | None = None
    chair: bool = False
    presence: str = EXPECTED
    hand: bool = False
    confirmed: bool = True
    moving: bool = False
    astray: str | None = None
    device: Device = Device()
    joined_at: datetime | None = None
    presence_since: datetime | None = None
    spent: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site. `clock_ms`: how far its clock is off, None: not known; `seen_up`: its link was up once."""

    id: str
    label: Label
    part: str
    link: str = LOST
    recording: str = "off"
    clock_ms: int | None = None
    seen_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """The last order of a supervisor: ``pause`` or ``resume``, and why."""

    order: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeAsk:
    """A member of the committee asks for more time: by how many minutes, and why."""

    member: str
    minutes: int
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold: kind, causes, since when and until when, None: open. A cause is ``site:ID``, ``identify:ID``,
    ``recorder``, ``engine``, ``quorum``, ``directive`` or the kind of a break. Of a break `zone` is where the
    committee went, None: nowhere, and `escorts` who went with it.
    """

    kind: str
    causes: tuple[str, ...]
    since: datetime
    until: datetime | None = None
    warned: bool = False
    zone: str | None = None
    escorts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """A break as the report tells it; `ended_at` is None while it lasts."""

    kind: str
    since: datetime
    until: datetime | None
    zone: str | None = None
    escorts: tuple[str, ...] = ()
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A published track that is up."""

    id: str
    member: str
    source: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text of the chat."""

    seq: int
    at: datetime
    member: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One decision on a request."""

    member: str
    role: str
    allow: bool
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call for the witness, a problem, an entry, an outside contact, or a camera not to be recorded.

    `state`: ``open``, ``allowed``, ``denied``, ``running`` (a contact, or somebody let in is inside),
    ``settled``, ``lapsed``. `what` is its reason or part; `recording` the number of the telephone recording
    of a contact (R30). `until`: how long the consent to an entry waits to be used, or a camera is off;
    `ended_at`: when it was refused, settled or had lapsed.
    """

    id: str
    kind: str
    member: str
    site: str | None
    at: datetime
    what: str
    text: str | None = None
    whom: str | None = None
    zone: str | None = None
    state: str = "open"
    consents: tuple[Consent, ...] = ()
    recording: str | None = None
    camera: str | None = None
    minutes: int | None = None
    until: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody who came in while the room sat (R20): what kind of person, where, noted by whom and when.

    `request` is the entry that was consented to, None: nobody had; `until`: how long the person may stay.
    """

    id: str
    whom: str
    zone: str
    site: str
    member: str
    at: datetime
    request: str | None = None
    text: str | None = None
    until: datetime | None = None
    left_at: datetime | None = None
    left_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A clarification call. `state`: ``asked``, ``released``, ``refused``, ``live``, ``ended``.

    `speaking`: members whose voice goes into the masked one; `masked`: the engine's track, once it runs.
    """

    id: str
    bidder: str
    question: str
    member: str
    at: datetime
    state: str = "asked"
    reason: str | None = None
    speaking: frozenset[str] = frozenset()
    masked: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A supervisor's watch. `state`: ``asked``, ``running``, ``refused``, ``over``."""

    id: str
    member: str
    minutes: int
    reason: str
    at: datetime
    state: str = "asked"
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node of the witness's checklist. `state`: ``open``, ``ok``, ``exception``."""

    id: str
    site: str
    label: Label
    state: str = "open"
    text: str | None = None
    member: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm that stands; `site`, `track` and `value` as far as the alarm has them."""

    code: str
    at: datetime
    site: str | None = None
    track: str | None = None
    value: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who decided to go on after the limit before the start, and why."""

    member: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """An outage of a site, or of the whole room's engine or recorder (`scope`; then `site` is None).

    `rule`: ``before`` or ``during`` the evaluation; `due`: when its limit is reached. `state`: ``open``,
    ``returned`` (the link is up, nobody identified yet), ``due`` (the limit has passed), ``decided`` (it had
    passed before the start, and somebody decided to go on), ``over``.
    """

    id: str
    site: str | None
    rule: str
    since: datetime
    due: datetime
    scope: str = OF_SITE
    state: str = "open"
    returned_at: datetime | None = None
    ended_at: datetime | None = None
    decision: Decision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """The end moved by so many minutes, to `ends_at`; `asking` of the committee had asked for more time."""

    minutes: int
    reason: str
    ends_at: datetime
    asking: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Intercom:
    """A pressed intercom: to one member, one site or, with neither, all."""

    member: str
    reason: str
    since: datetime
    to_member: str | None = None
    to_site: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of a room, taken from its pack when it was opened so that old rooms replay under old rules.

    `pack` is ``id@version``; durations in milliseconds. Rooms from before there was a `witness_ms` have its
    default.
    """

    pack: str
    before_ms: int
    during_ms: int
    away_ms: int
    clock_ms: int
    witness_ms: int = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomState:
    """A room after `seq` events. `ran_ms`: how long the evaluation ran up to `ran_since`, which is None while
    its clock stands still. `unwitnessed_since`: since when it sits without a witness, None: it does not.
    `time_asks`: by member, asks for more time that nobody has answered yet. `cause`, `closed_at`: why and
    when it was closed; nothing runs after.
    """

    id: str
    opened_at: datetime
    begins_at: datetime
    ends_at: datetime
    committee: int
    quorum: int
    limits: Limits
    seq: int
    at: datetime
    sites: Mapping[str, Site]
    nodes: Mapping[str, Node]
    phase: str = PREPARING
    holds: Mapping[str, Hold] = field(default_factory=dict)
    directive: Directive | None = None
    members: Mapping[str, Member] = field(default_factory=dict)
    tracks: Mapping[str, Track] = field(default_factory=dict)
    chat: tuple[Text, ...] = ()
    requests: Mapping[str, Request] = field(default_factory=dict)
    visits: Mapping[str, Visit] = field(default_factory=dict)
    calls: Mapping[str, Call] = field(default_factory=dict)
    watches: Mapping[str, Watch] = field(default_factory=dict)
    alarms: Mapping[str, Alarm] = field(default_factory=dict)
    outages: Mapping[str, Outage] = field(default_factory=dict)
    intercoms: Mapping[str, Intercom] = field(default_factory=dict)
    time_asks: Mapping[str, TimeAsk] = field(default_factory=dict)
    extensions: tuple[Extension, ...] = ()
    rests: tuple[Rest, ...] = ()
    ran_ms: int = 0
    ran_since: datetime | None = None
    unwitnessed_since: datetime | None = None
    report: str | None = None
    cause: str | None = None
    closed_at: datetime | None = None

    @property
    def urgent_holds(self) -> list[Hold]:
        """Every hold, the most urgent first."""
        return [self.holds[kind] for kind in HOLDS if kind in self.holds]

    @property
    def live_call(self) -> Call | None:
        """The call that is live; there is one at most."""
        return next((call for call in self.calls.values() if call.state == "live"), None)

    @property
    def inside(self) -> list[Visit]:
        """Who came in and has not left."""
        return [one for one in self.visits.values() if one.left_at is None]

    def withheld(self, camera: str) -> Request | None:
        """The approval by which this room camera is off and not recorded (R26)."""
        asked = (one for one in self.requests.values() if one.camera == camera and one.state == "allowed")
        return next(asked, None)

    def watching(self, member: str) -> bool:
        """Whether a watch of this member runs."""
        return any(one.member == member and one.state == "running" for one in self.watches.values())


def witness_is_here(state: RoomState) -> bool:
    """Whether at least one witness is in the room."""
    return any(one.role == WITNESS and one.presence == HERE for one in state.members.values())


def milliseconds(span: timedelta) -> int:
    """Whole milliseconds of a duration."""
    return span // timedelta(milliseconds=1)


def to_ms(moment: datetime) -> datetime:
    """An instant without what is finer than a millisecond."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
