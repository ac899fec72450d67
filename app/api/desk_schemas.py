"""Wire shapes of arrival: desk, lockers, gates, seats, devices, alerts and the ledger.

Only `CheckedInOut` has a name: that of the person who stands there (tier T1). Everything else speaks of an
arrival by its id and its short code.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from app.api.schemas import Hex32, Id, Moment, Wire
from remote_eval.arrival import STATES

Document = Annotated[str, Field(min_length=6, max_length=32, pattern=r"^[0-9A-Za-z]+$")]
Code = Annotated[str, Field(pattern=r"^[0-9]{8}$", examples=["04719382"])]
Base64Url = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=64 * 1024)]
Signature = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{86}$", description="64 bytes r ‖ s, base64url")]
Reason = Annotated[str, Field(min_length=1, max_length=500)]
Locker = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,32}$", examples=["A-07"])]
Coordinate = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
Thumbprint = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$", description="RFC 7638, SHA-256")]
State = Annotated[str, Field(json_schema_extra={"enum": list(STATES)})]
ItemKind = Literal["phone", "watch", "computer", "tablet", "earphones", "storage", "camera", "bag", "other"]
DeviceKind = Literal["gate", "detector", "locker", "id_reader", "jammer"]
_MAX_ITEMS: Final = 32


class CheckInIn(Wire):
    """What the person at the desk shows. `presented` says what was read; without a card a supervisor's
    attestation stands in for it.
    """

    document: Document
    presented: Literal["id_card", "temporary_certificate", "none"] = "id_card"
    attestation: Id | None = None
    code: Code


class CheckedInOut(BaseModel):
    """The person's own name, and what comes next."""

    arrival: str = Field(examples=["arr_5f0c1d2e3a4b5c6d7e8f"])
    code: str = Field(description="the short code of this arrival", examples=["K7Q2MD"])
    name: str
    state: State
    verdict: Literal["in-time", "late", "too-late"]
    minutes_late: int
    next: str | None = Field(description="what is to be done now: deposit, gate, seat or nothing")


class ArrivalOut(BaseModel):
    """One arrival as the desk sees it after the check-in: without a name."""

    arrival: str
    code: str
    draw: str
    site: str
    day: str
    state: State
    arrived_at: str
    verdict: Literal["in-time", "late", "too-late"]
    minutes_late: int
    locker: str | None
    seat: str | None
    released: bool
    next: str | None


class TurnAwayIn(Wire):
    """Why somebody who checked in goes no further; the words name nobody."""

    reason: Literal["devices", "identity", "conduct", "health", "other"]
    words: Annotated[str, Field(min_length=1, max_length=200, examples=["拒绝寄存手机"])]


class ExpectedOut(BaseModel):
    """Somebody expected: a short code and how far they are."""

    code: str
    state: State
    arrival: str | None


class SlotOut(BaseModel):
    """Who is expected by a time; `put_off`: the reason why it begins later than it was to."""

    arrive_by: str
    begins: str
    put_off: str | None
    expected: list[ExpectedOut]


class ExpectedPage(BaseModel):
    """Everybody expected at one site on one Beijing day, by time."""

    site: str
    day: str
    slots: list[SlotOut]


class ItemIn(Wire):
    """Items of one kind."""

    kind: ItemKind
    count: int = Field(ge=1, le=20)


class DepositIn(Wire):
    """A locker filled: what, where, and both signatures as drawn on the screen (PNG, base64url)."""

    locker: Locker
    items: list[ItemIn] = Field(min_length=1, max_length=_MAX_ITEMS)
    expert_signature: Base64Url
    staff_signature: Base64Url


class DepositedOut(BaseModel):
    """The deposit and the printed pass that the gate reads."""

    arrival: str
    state: State
    locker: str
    deposit: str
    door: Literal["locked", "unreachable", "none"] = Field(description="what the locker itself said")


class PassOut(BaseModel):
    """The printed pass of an arrival; asked for again, the one before is void."""

    arrival: str
    badge: str = Field(description="what the gate reads")


class ReturnIn(Wire):
    """A locker emptied: both signatures."""

    expert_signature: Base64Url
    staff_signature: Base64Url


class GateIn(Wire):
    """A gate asked to open for an arrival."""

    gate: Id = Field(examples=["dev_5f0c1d2e3a4b5c6d7e8f"])
    direction: Literal["in", "out"]
    emergency: bool = False


class GateOut(BaseModel):
    """The decision; every reason against it at once."""

    opens: bool
    reasons: list[str] = Field(examples=[["no-deposit", "detector-alarm"]])
    alerts: list[str]
    state: State
    passage: str | None
    door: Literal["opened", "unreachable", "none"]


class SeatedOut(BaseModel):
    """A seat by chance, and the one-time code of the printed slip; asked for again, a fresh code."""

    arrival: str
    site: str
    seat: str
    position: int = Field(description="the how-manieth arrival of this draw at this site")
    slip: str = Field(description="one-time code for the seat's browser")
    log_index: int


class ReasonIn(Wire):
    """Why."""

    reason: Reason


class AttestationIn(Wire):
    """Where somebody without a card stands."""

    site: Id


class ReleasedOut(BaseModel):
    """Somebody who may go."""

    arrival: str
    state: State
    released_at: str


class DrawReleaseIn(Wire):
    """Everybody of a draw may go: why."""

    draw: Id
    reason: Reason


class DrawReleaseOut(BaseModel):
    """How many were released by this."""

    draw: str
    released: int


class AttestationOut(BaseModel):
    """A supervisor's word for one person without a card."""

    attestation: str
    site: str
    expires_at: str


class LockOut(BaseModel):
    """Too many wrong tries with one document."""

    lock: str
    site: str
    tries: int
    last_at: str
    released_at: str | None


class LockPage(BaseModel):
    """Locks of a site that stand, newest first."""

    items: list[LockOut]


class PresenceOut(BaseModel):
    """Somebody present at a site, by short code; `released_at` is null while they have to stay."""

    arrival: str
    code: str
    draw: str
    state: str
    arrived_at: str
    released_at: str | None


class PresencePage(BaseModel):
    """Everybody present at a site."""

    items: list[PresenceOut]


class AlertOut(BaseModel):
    """Something that needs a person until it is closed."""

    alert: str
    site: str
    kind: str
    level: Literal["yellow", "red"]
    subject: str
    opened_at: str
    closed_at: str | None
    closed_by: str | None
    seconds: int | None = Field(description="from opening to closing")


class AlertPage(BaseModel):
    """Alerts of a site, newest first."""

    items: list[AlertOut]


class MismatchOut(BaseModel):
    """Gate and seat disagree about one arrival."""

    code: str
    kind: Literal["no-seat", "not-inside"]


class ReconciliationOut(BaseModel):
    """Gates against seats at this moment."""

    site: str
    day: str
    inside: int
    seated: int
    mismatches: list[MismatchOut]


class LedgerEntryOut(BaseModel):
    """One entry; `about` is what it tells."""

    number: int
    time: str
    kind: str
    actor: str
    about: dict[str, str | int | list[str] | None]
    hash: str


class LedgerOut(BaseModel):
    """A site's day. `fault` names the first thing that does not hold."""

    site: str
    day: str
    number: int
    hash: str
    intact: bool
    fault: str | None
    entries: list[LedgerEntryOut]


class ClosureIn(Wire):
    """The arrival of a draw at the caller's site is over."""

    draw: Id


class ClosureOut(BaseModel):
    """The ledger's head that stands in the draw's log from now on."""

    draw: str
    site: str
    day: str
    number: int
    hash: str
    log_index: int


class DeviceIn(Wire):
    """A device to be known. Gates and lockers have an address for commands, a detector its gate."""

    site: Id
    kind: DeviceKind
    name: Annotated[str, Field(min_length=1, max_length=200)]
    public: Hex32
    url: Annotated[str, Field(pattern=r"^https?://[!-~]{1,490}$")] | None = None
    gate: Id | None = None


class DeviceOut(BaseModel):
    """A known device."""

    device: str
    site: str
    kind: DeviceKind
    name: str
    public: str
    gate: str | None
    last_heartbeat: str | None
    clock_offset: int | None = Field(description="seconds by which its clock is ahead")
    lost_at: str | None


class DevicePage(BaseModel):
    """The devices of a site."""

    items: list[DeviceOut]


class DeviceEventIn(Wire):
    """One event, signed by the device's key (RFC 9421). `at` is the device's own clock."""

    kind: Literal["heartbeat", "badge", "passed", "shut", "alarm", "opened", "closed", "read"]
    at: Moment
    passage: Id | None = None
    direction: Literal["in", "out"] | None = None
    badge: Annotated[str, Field(pattern=r"^[!-~]{1,128}$")] | None = None


class DeviceEventOut(BaseModel):
    """What the platform made of it; a gate that showed a badge learns whether to open."""

    accepted: bool
    opens: bool | None
    passage: str | None
    clock_offset: int


class JwkIn(Wire):
    """A public P-256 key as WebCrypto exports it."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: Coordinate
    y: Coordinate


class EnrolmentIn(Wire):
    """The key of a seat's browser, with proof that the browser has its private half."""

    key: JwkIn
    signature: Signature


class EnrolmentOut(BaseModel):
    """A seat key: waiting for a second person, live or revoked."""

    site: str
    seat: str
    thumbprint: str
    state: Literal["proposed", "enrolled", "revoked"]
    proposed_by: str
    approved_by: str | None


class EnrolmentPage(BaseModel):
    """The keys of a seat."""

    items: list[EnrolmentOut]


class ApprovalIn(Wire):
    """The key that the second person saw on the seat's screen."""

    thumbprint: Thumbprint


class ChallengeIn(Wire):
    """Which key the browser has."""

    thumbprint: Thumbprint


class ChallengeOut(BaseModel):
    """What the browser signs: the UTF-8 bytes of `statement`. Good once, for sixty seconds."""

    challenge: str
    statement: str
    expires_at: str


class LoginIn(Wire):
    """The signed challenge and the code of the printed slip."""

    challenge: Id
    signature: Signature
    code: Code


class SeatSessionOut(BaseModel):
    """Who sits where: by short code."""

    site: str
    seat: str
    code: str = Field(description="the short code of the arrival")
    draw: str
    session: str = Field(description="the id of this session, which is no secret")
    expires_at: str


class LoginOut(SeatSessionOut):
    """A seat session; the token is shown once."""

    token: str


class RecusalIn(Wire):
    """The expert's own declaration at the seat, before any score (stage 2)."""

    cause: Literal["kin", "employment", "interest", "prepared", "other"]
    declaration: Annotated[str, Field(min_length=1, max_length=2000)]
    signature: Signature


class RecusedOut(BaseModel):
    """The seat is closed; the person stays until release."""

    arrival: str
    state: State
