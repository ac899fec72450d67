"""Wire shapes of the evaluation room's HTTP side."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.api.schemas import Id, Text, Wire
from app.api.venue_schemas import Part

Device = Literal["microphone", "speaker", "camera"]
Moment = Field(examples=["2026-11-24T01:00:00.000Z"])
RoomPhase = Literal["preparing", "check-in", "evaluating", "clarifying", "signing", "closed"]


class OpenRoomIn(Wire):
    """A room for a draw whose booking every centre has confirmed."""

    draw: Id


class RoomOut(BaseModel):
    """A room, without who is in it: that is told on its socket only."""

    id: str
    draw: str
    engine: str
    opened_at: str = Moment
    closed_at: str | None
    events: int = Field(description="events in its ledger")
    head: str = Field(description="hash of the last of them, hex")


class RoomList(BaseModel):
    """Rooms, the newest first."""

    items: list[RoomOut]


class SeatRoomOut(BaseModel):
    """The open room of a seat session's draw; null before it is opened."""

    room: str | None


class CallLinkOut(BaseModel):
    """A bidder's way into a released call, told once: the agency hands it on."""

    token: str
    link: str = Field(description="the page and, behind #, room and token: no server sees them")
    expires_at: str = Moment


class ChairIn(Wire):
    """Whom the committee has chosen."""

    member: Id


class ReportIn(Wire):
    """The witness's own words, and the signature as drawn on the screen (PNG, base64url)."""

    words: Annotated[str, Field(max_length=4000)] = ""
    signature: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=64 * 1024)]


class ReportOut(BaseModel):
    """A signed report."""

    report: str
    digest: str = Field(description="SHA-256 of the document, hex; it is an event of the room")
    signed_at: str = Moment


class SignedReportOut(ReportOut):
    """A signed report with its document."""

    witness: str
    site: str | None
    document: dict[str, Any]


class ReportList(BaseModel):
    """Signed reports."""

    items: list[SignedReportOut]


class EventOut(BaseModel):
    """One event of a room's ledger; the text of a chat is for supervision alone."""

    seq: int
    at: str = Moment
    kind: str
    member: str | None
    body: dict[str, Any]
    hash: str


class AnchorOut(BaseModel):
    """A head of the ledger that stands in the log of the draw."""

    events: int
    hash: str
    log_index: int
    at: str


class LedgerOut(BaseModel):
    """A room's ledger, checked: chain, details, heads in the log. `fault`: the first that does not hold."""

    room: str
    intact: bool
    fault: str | None
    events: int
    head: str
    items: list[EventOut]
    more: bool
    anchors: list[AnchorOut]


class OutageDecision(BaseModel):
    """Who decided, after the limit before the start, to go on, and why."""

    member: str
    reason: str
    at: str = Moment


class OutageOut(BaseModel):
    """An outage of a site, or of the room's engine or recorder."""

    id: str
    site: str | None
    scope: Literal["site", "engine", "recorder"]
    rule: Literal["before", "during"]
    state: Literal["open", "returned", "due", "decided", "over"]
    since: str = Moment
    due: str = Moment
    returned_at: str | None
    ended_at: str | None
    decided: OutageDecision | None


class SeatCountsOut(BaseModel):
    """Booked seats of a site, each in one of the three states."""

    booked: int
    ready: int
    faulty: int
    unchecked: int


class SiteReadinessOut(BaseModel):
    """How ready one site is. `clock_ms`: how far its clock is off; null: not known. `unrecorded`: room
    cameras that are off by approval.
    """

    id: str
    label: dict[str, str]
    part: Literal["host", "remote"]
    seats: SeatCountsOut
    link: Literal["up", "degraded", "lost"]
    recording: Literal["ok", "late", "off"]
    clock_ms: int | None
    unrecorded: int


class StartReadinessOut(BaseModel):
    """All sites of a room, and what would refuse a start at present; nobody is named."""

    phase: RoomPhase
    sites: list[SiteReadinessOut]
    holds: list[str]
    reasons: list[dict[str, Any]] = Field(
        examples=[[{"code": "recording", "site": "city-centre", "state": "off"}]]
    )


class OutageList(BaseModel):
    """Outages, the oldest first."""

    items: list[OutageOut]


class PresenceOut(BaseModel):
    """How long somebody was there: the buckets add up to the session, in milliseconds."""

    member: str
    role: str
    site: str | None
    label: dict[str, str]
    presence: str
    session_ms: int
    spent_ms: dict[str, int]


class PresenceList(BaseModel):
    """Everybody's presence, and how long the evaluation itself ran."""

    evaluation_ms: int
    members: list[PresenceOut]


class ParameterOut(BaseModel):
    """One limit. `source` is null, and the text says so, where nobody compared it with the official text."""

    name: str
    value: int
    status: Literal["read", "excerpt", "unchecked", "policy"]
    source: str | None
    zh: str
    en: str


class PackOut(BaseModel):
    """The limits that hold in a room. `in_force`: a room opened now would have the same."""

    pack: str
    in_force: bool
    parameters: list[ParameterOut]


class RecordingPartOut(BaseModel):
    """One run of the recorder: tracks with their heads, gaps with their causes, what of it is in the log.

    Times are milliseconds from `opened_at` (wall clock). `tracks`: when each was open, what was kept of it.
    """

    part: int
    ended: bool
    opened_at: int | None
    from_: int | None = Field(alias="from")
    to: int | None
    tracks: list[dict[str, Any]]
    recordings: list[dict[str, Any]]
    gaps: list[dict[str, Any]]
    anchors: list[dict[str, Any]]


class RecordingList(BaseModel):
    """What a room recorded, which cameras were off by approval, and who asked to look; nobody may before
    `closed_at`.
    """

    closed_at: str | None
    parts: list[RecordingPartOut]
    unrecorded: list[dict[str, Any]]
    views: list[dict[str, Any]]


class RecordingCheckOut(BaseModel):
    """Whether every byte recorded is what was chained. `whole`: every recorder ended in order; `deleted`:
    files that were deleted by approval once their term was over."""

    ok: bool
    whole: bool
    files: int
    deleted: int
    faults: list[dict[str, Any]]


class ViewIn(Wire):
    """A look at one track, with its reason."""

    part: Annotated[int, Field(ge=1, le=9999)]
    track: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}/[a-z]{1,16}$", examples=["mem_7f3a/camera"])]
    reason: Text


class ViewOut(BaseModel):
    """A permit to look, good once and for a minute, for whoever asked."""

    view: str
    expires_at: str


class PcIn(Wire):
    """What the browser tells of its computer; null: it does not."""

    cores: Annotated[int, Field(ge=1, le=1024)] | None
    memory_mb: Annotated[int, Field(ge=1, le=2**26)] | None


class NetworkIn(Wire):
    """A short probe: questions answered and lost, median and longest round trip in milliseconds."""

    answered: int = Field(ge=0, le=50)
    lost: int = Field(ge=0, le=50)
    rtt_ms: Annotated[int, Field(ge=0, le=60_000)] | None
    worst_ms: Annotated[int, Field(ge=0, le=60_000)] | None


class EquipmentIn(Wire):
    """What a check at a seat found: devices as opened and as the person confirmed, computer, network.

    Computer and network are told by figures; the server judges them.
    """

    parts: Annotated[dict[Device, Literal["ok", "faulty"]], Field(min_length=1)] | None = None
    pc: PcIn | None = None
    network: NetworkIn | None = None


class EquipmentOut(BaseModel):
    """What is kept."""

    seat: str
    parts: dict[Part, Literal["ok", "faulty"]]
