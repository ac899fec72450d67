"""Wire shapes of venues, bookings and the relay box."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field

from app.api.schemas import Hex32, Id, Moment, Text, Time, Wire
from remote_eval.venue import EQUIPMENT, ZONES

Part = Literal["pc", "network", "microphone", "speaker", "camera"]
Zone = Annotated[str, Field(json_schema_extra={"enum": sorted(ZONES)})]
Source = Literal["seat", "staff", "statement"]
Serves = Literal["host", "remote"]
PartState = Literal["pending", "confirmed", "returned"]
BookingState = Literal["pending", "confirmed", "returned", "cancelled"]
_SITE: Final = Field(examples=["city-centre"])
_PROBED: Final = {"answered": 10, "lost": 0, "rtt_ms": 24, "worst_ms": 61}
_CHECK: Final = {
    "condition": "ok",
    "checked_at": "2026-12-01T00:10:00Z",
    "source": "staff",
    "own": {
        "condition": "ok",
        "at": "2026-12-01T00:05:00Z",
        "fresh": True,
        "stands": False,
        "figures": _PROBED,
    },
}
_MAX_CENTRES: Final = 16
_MAX_SEATS: Final = 99
# Base64 of 512 KiB.
_MAX_CONTENT_CHARS: Final = 4 * (512 * 1024 // 3 + 1)


class VenueOut(BaseModel):
    """A site with counts of the seats in zones where a committee sits."""

    id: str = _SITE
    name: str
    address: str
    contact: str
    serves: list[Serves]
    version: int
    seats: int
    ready: int = Field(description="checked within a day and in order")
    faulty: int


class VenueList(BaseModel):
    """Every site that the caller may know of."""

    items: list[VenueOut]


class OwnCheckOut(BaseModel):
    """What the seat's own browser found last. `fresh`: within a day; `stands`: a fault not mended since."""

    condition: Literal["ok", "faulty"]
    at: str
    fresh: bool
    stands: bool
    figures: dict[str, int | None] | None = Field(examples=[_PROBED])


class CheckOut(BaseModel):
    """One part of a seat's equipment as it stands, with whose finding that is, and the seat's own check."""

    condition: Literal["ok", "faulty", "unchecked"]
    checked_at: str | None
    source: Source | None = Field(description="null: nobody, or before sources were kept")
    own: OwnCheckOut | None


class SeatOut(BaseModel):
    """A seat and what keeps it from being ready."""

    id: str
    label: str
    equipment: dict[str, CheckOut] = Field(examples=[dict.fromkeys(EQUIPMENT, _CHECK)])
    unready: list[Part]


class RoomOut(BaseModel):
    """A room; agencies see no seats."""

    id: str
    name: str
    use: Literal["single", "mixed"]
    cameras: list[str]
    seats: list[SeatOut]


class ZoneOut(BaseModel):
    """A zone, and which roles may enter it in which phase."""

    id: str
    kind: Zone
    name: str
    may_enter: dict[str, list[str]]
    rooms: list[RoomOut]


class VenueDetail(VenueOut):
    """A site with its zones."""

    zones: list[ZoneOut]


class PlanSeatIn(Wire):
    """A seat; its id is its own over all sites."""

    id: Id = Field(examples=["city-e1-01"])
    label: Text = Field(examples=["1 号席"])


class PlanRoomIn(Wire):
    """A room and the cameras that cover it."""

    id: Id
    name: Text
    use: Literal["single", "mixed"]
    cameras: list[Text] = Field(max_length=32)
    seats: list[PlanSeatIn] = Field(max_length=_MAX_SEATS)


class PlanZoneIn(Wire):
    """A zone of a kind."""

    id: Id
    kind: Zone
    name: Text
    rooms: list[PlanRoomIn] = Field(max_length=64)


class PlanSiteIn(Wire):
    """A whole site."""

    id: Id = _SITE
    name: Text
    address: Text
    contact: Text
    serves: list[Serves] = Field(min_length=1, max_length=2)
    zones: list[PlanZoneIn] = Field(min_length=1, max_length=32)


class PlanIn(Wire):
    """Whole sites; a site that is there already becomes what the plan says."""

    sites: list[PlanSiteIn] = Field(min_length=1, max_length=64)


class ImportedOut(BaseModel):
    """The sites that were stored."""

    items: list[dict[str, Any]] = Field(examples=[[{"id": "city-centre", "version": 1}]])


class SeatReportIn(Wire):
    """What staff found at one part of a seat: a fault, a repair, a check. ``all``, which is ``ok`` only: a
    statement over the whole seat, which covers no fault that the seat itself found.
    """

    part: Part | Literal["all"]
    condition: Literal["ok", "faulty"]
    note: Text = Field(examples=["无声，已换备用麦克风"])


class SeatReportOut(BaseModel):
    """A report as kept, of one part; `figures`: what the seat's own check measured."""

    part: Part
    condition: Literal["ok", "faulty"]
    note: str
    source: Source
    figures: dict[str, int | None] | None
    seat: str
    by: str
    at: str


class SeatReportList(BaseModel):
    """The newest reports of a site."""

    items: list[SeatReportOut]


class FreeOut(BaseModel):
    """Free seats at a site at the time asked; `seats` is a choice, null when there are too few."""

    site: str
    free: int
    seats: list[str] | None


class FreeList(BaseModel):
    """Over all sites asked."""

    items: list[FreeOut]


class ComingOut(BaseModel):
    """A booking that comes up at a site."""

    booking: str
    since: str = Field(alias="from")
    until: str = Field(alias="to")
    state: PartState
    seats: int
    unready: dict[str, list[Part]]


class ReadinessOut(BaseModel):
    """How ready a site is."""

    site: str
    name: str
    seats: int
    ready: int
    faulty: dict[str, list[Part]]
    coming: list[ComingOut]


class ReadinessList(BaseModel):
    """Every site that the caller may know of."""

    items: list[ReadinessOut]


class CentreIn(Wire):
    """What is asked of one centre; `place` is a site of the draw's request, `site` the venue for it."""

    site: Id = _SITE
    place: Id = Field(examples=["city"])
    main: bool
    experts: int = Field(ge=1, le=_MAX_SEATS)
    seats: list[Id] = Field(max_length=_MAX_SEATS)


class OrderIn(Wire):
    """Seats over several centres, one of them the main site."""

    since: Time = Field(alias="from")
    until: Time = Field(alias="to")
    experts: int = Field(ge=1, le=_MAX_SEATS * _MAX_CENTRES, description="seats in all, as applied for")
    mixed: bool = Field(default=False, description="the project agrees to share mixed rooms")
    centres: list[CentreIn] = Field(min_length=1, max_length=_MAX_CENTRES)


class BookIn(OrderIn):
    """An application for the seats of a draw."""

    draw: Id


class ChangeIn(OrderIn):
    """Another order in place of the one before, and why."""

    reason: Text


class CancelIn(Wire):
    """Why the seats are given back."""

    reason: Text


class ConfirmIn(Wire):
    """The order that the centre looked at."""

    revision: int = Field(ge=1)


class ReturnIn(ConfirmIn):
    """The order that the centre returns, and why."""

    reason: Text


class SwapIn(Wire):
    """A booked seat, and the one in its place; null: any near by."""

    seat: Id
    instead: Id | None = None


class CentreOut(BaseModel):
    """One centre's part; `place` and `seats` are null for who may not see them."""

    site: str
    name: str
    place: str | None
    main: bool
    experts: int
    seats: list[str] | None
    state: PartState
    decided_at: str | None
    reason: str | None


class BookingOut(BaseModel):
    """A booking; `draw` is null for sites, which see their own part only."""

    id: str = Field(examples=["bkg_5f0c1d2e3a4b5c6d7e8f"])
    draw: str | None
    state: BookingState
    revision: int
    since: str = Field(alias="from")
    until: str = Field(alias="to")
    experts: int | None
    mixed: bool
    updated_at: str
    centres: list[CentreOut]


class BookingPage(BaseModel):
    """A page of bookings; `next` is null on the last."""

    items: list[BookingOut]
    next: str | None


class JwkIn(Wire):
    """A public P-256 key as WebCrypto exports it."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
    y: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]


class RelayKeyIn(Wire):
    """The public key of a browser of site staff."""

    public: JwkIn


class RelayKeyOut(BaseModel):
    """The registered key: its thumbprint (RFC 7638) and when it ends."""

    id: str
    expires_at: str


class SignedIn(Wire):
    """Why, when, and the signature (64 bytes r ‖ s, hex) with a registered key over the act's statement."""

    reason: Text
    at: Moment
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


class RelayPutIn(SignedIn):
    """A file for the relay box. Signed: canonical JSON of type ``qt/1 relay put``, site, zone, booking,
    direction, size, sha256, reason, time.
    """

    zone: Id
    booking: Id
    direction: Literal["in", "out"]
    name: Text
    content: Annotated[str, Field(max_length=_MAX_CONTENT_CHARS, description="base64, at most 512 KiB")]


class RelayTakeIn(SignedIn):
    """The digest of what arrived. Signed: canonical JSON of type ``qt/1 relay take``, item, sha256, reason,
    time.
    """

    sha256: Hex32


class RelaySignatureOut(BaseModel):
    """Who signed an act, why and when."""

    reason: str
    by: str
    at: str


class RelayItemOut(BaseModel):
    """An item: `take` is null while it waits in the box."""

    id: str
    zone: str
    booking: str
    direction: Literal["in", "out"]
    name: str | None = Field(description="only in the list")
    size: int
    sha256: str
    put: RelaySignatureOut
    take: RelaySignatureOut | None


class RelayList(BaseModel):
    """The newest items of a site."""

    items: list[RelayItemOut]
