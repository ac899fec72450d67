"""What a room can be told: commands of members (docs/spec/signalling.md §4) and facts from the platform.

A member's command has the `type` of its message. Facts come without an actor: the platform saw them, no
client can send them. `remote_eval.room.decide` answers either with events.
"""

# ruff: noqa: PLC0414 - commands about requests are handed on

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from remote_eval.request_commands import Agree as Agree
from remote_eval.request_commands import ContactAsk as ContactAsk
from remote_eval.request_commands import ContactBegin as ContactBegin
from remote_eval.request_commands import ContactEnd as ContactEnd
from remote_eval.request_commands import Deny as Deny
from remote_eval.request_commands import EntryAsk as EntryAsk
from remote_eval.request_commands import UnrecordedAsk as UnrecordedAsk
from remote_eval.request_commands import VisitIn as VisitIn
from remote_eval.request_commands import VisitOut as VisitOut
from remote_eval.room_state import Device, Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """A client's own view of its connection; counters whole, `lost` in thousandths."""

    rtt_ms: int
    lost: int
    kbps_up: int
    kbps_down: int
    freezes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """Heartbeat; `seq`: the newest event the client has."""

    type: ClassVar[str] = "ping"
    seq: int
    stats: Stats | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """An offer that sends `sources` (mid to source)."""

    type: ClassVar[str] = "publish"
    sdp: str = field(repr=False)
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An offer that receives `wants` (mid to track), or, where the engine offers, `tracks` without an SDP;
    `restart`: by an ICE restart of the connection."""

    type: ClassVar[str] = "view"
    sdp: str | None = field(default=None, repr=False)
    wants: Mapping[str, str] = field(default_factory=dict)
    tracks: tuple[str, ...] = ()
    restart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewAnswer:
    """The answer to an engine's offer."""

    type: ClassVar[str] = "view-answer"
    sdp: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """An ICE restart of one connection."""

    type: ClassVar[str] = "restart"
    purpose: str
    sdp: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDevice:
    """What the member's devices are now."""

    type: ClassVar[str] = "device"
    device: Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A text to the committee and the witnesses."""

    type: ClassVar[str] = "chat"
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Raises or lowers the hand."""

    type: ClassVar[str] = "hand"
    up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWitness:
    """Calls a witness."""

    type: ClassVar[str] = "call-witness"
    reason: str
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Reports a problem with a part of the seat."""

    type: ClassVar[str] = "problem"
    part: str
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """A call, a problem or a request is settled."""

    type: ClassVar[str] = "settle"
    request: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PressIntercom:
    """Push-to-talk (R29); neither `to_member` nor `to_site`: all."""

    type: ClassVar[str] = "intercom"
    on: bool
    reason: str | None = None
    to_member: str | None = None
    to_site: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Speak:
    """Lets the own voice into the masked one, or takes it out."""

    type: ClassVar[str] = "speak"
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Clarify:
    """The chair asks for a call with a bidder."""

    type: ClassVar[str] = "clarify"
    bidder: str
    question: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRelease:
    """A witness releases a call."""

    type: ClassVar[str] = "call-release"
    call: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRefuse:
    """A witness refuses a call."""

    type: ClassVar[str] = "call-refuse"
    call: str
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStart:
    """The call begins, and with it the phase ``clarifying``."""

    type: ClassVar[str] = "call-start"
    call: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnd:
    """The call ends."""

    type: ClassVar[str] = "call-end"
    call: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TickNode:
    """A node of the checklist; an exception needs a text."""

    type: ClassVar[str] = "node"
    node: str
    state: str
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveTo:
    """`phase`: moves the room."""

    type: ClassVar[str] = "phase"
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBreak:
    """`break`: begins or ends one (R32). `zone`: where the committee goes, None: it stays at its seats;
    `escorts`: members who go with it.
    """

    type: ClassVar[str] = "break"
    on: bool
    kind: str | None = None
    minutes: int | None = None
    zone: str | None = None
    escorts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Astray:
    """`astray`: during a break a member of the committee was seen in `zone` (R32)."""

    type: ClassVar[str] = "astray"
    member: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskTime:
    """`time-ask`: a member of the committee finds the time too short, or does so no longer (实施条例 48)."""

    type: ClassVar[str] = "time-ask"
    on: bool
    minutes: int | None = None
    reason: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend:
    """A witness moves the end of the booked time, once more than a third of the committee asked for it."""

    type: ClassVar[str] = "extend"
    minutes: int
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """`directive`: a supervisor's order."""

    type: ClassVar[str] = "directive"
    order: str
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchAsk:
    """A supervisor asks to watch (R62)."""

    type: ClassVar[str] = "watch-ask"
    minutes: int
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchDecide:
    """A witness decides on a watch, or ends one that runs."""

    type: ClassVar[str] = "watch-decide"
    watch: str
    allow: bool
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeSite:
    """A site comes back: these members were identified again (R39)."""

    type: ClassVar[str] = "resume-site"
    site: str
    confirmed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reform:
    """The room is sealed and a new committee is formed."""

    type: ClassVar[str] = "reform"
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOn:
    """`go-on`: after the limit before the start the tenderee decided to wait on; entered by a supervisor."""

    type: ClassVar[str] = "go-on"
    outage: str
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """The person at `seat` moves to the seat `to` of the same site; both are seat ids."""

    type: ClassVar[str] = "swap"
    seat: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bye:
    """Leaves."""

    type: ClassVar[str] = "bye"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignReport:
    """A witness signed the report; `digest` is its SHA-256 in hex. Comes by HTTP, no frame carries it."""

    type: ClassVar[str] = "report"
    digest: str


# ---- facts from the platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit:
    """A member comes in, or in again: its first hello, with what authority says about it."""

    member: Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Expel:
    """A member is let in no longer: recused, replaced, seat session ended, call over."""

    member: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """A member's connection came or went: ``here`` or ``reconnecting``."""

    member: str
    presence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameChair:
    """The committee has chosen its chair."""

    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackFact:
    """A published track came up or went down."""

    track: str
    up: bool
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMasked:
    """The masked voice of a live call runs as this track."""

    call: str
    track: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailCall:
    """The masked voice of a live call cannot be made: `cause` is a code."""

    call: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """An alarm of the engine, the recorder or the platform; again: its value changed, no new event."""

    code: str
    site: str | None = None
    track: str | None = None
    value: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """An alarm is over."""

    code: str
    site: str | None = None
    track: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFact:
    """What is known of a site changed: its link, its recording, how far its clock is off; None: as before."""

    site: str
    link: str | None = None
    recording: str | None = None
    clock_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Outside of the room the start was put off to `begins_at`, or the place was changed (None); `ends_at`:
    the end of the booked time as it is then."""

    begins_at: datetime | None
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time has passed: what is due becomes events. Sent each second."""


_OfMedia = Publish | View | ViewAnswer | Restart
_OfCalls = Clarify | CallRelease | CallRefuse | CallStart | CallEnd
_OfRequests = EntryAsk | ContactAsk | Agree | Deny | ContactBegin | ContactEnd | UnrecordedAsk
_OfVisits = VisitIn | VisitOut
MemberCommand = (
    Ping
    | _OfMedia
    | SetDevice
    | Chat
    | Hand
    | CallWitness
    | Problem
    | Settle
    | PressIntercom
    | Speak
    | _OfCalls
    | _OfRequests
    | _OfVisits
    | TickNode
    | MoveTo
    | TakeBreak
    | Astray
    | AskTime
    | Extend
    | Direct
    | WatchAsk
    | WatchDecide
    | ResumeSite
    | Reform
    | GoOn
    | Swap
    | Bye
    | SignReport
)
_OfMembers = Admit | Expel | Present | NameChair
Fact = _OfMembers | TrackFact | SetMasked | FailCall | Raise | Clear | SiteFact | Moved | Tick
Command = MemberCommand | Fact
