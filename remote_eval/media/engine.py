"""The media engine: what a room asks of whatever forwards its media.

A room has members; a member publishes tracks by one peer connection and views tracks by another. The engine
knows no roles: authority hands it each member's `Grants`, and what is not granted is not forwarded. Two
engines keep this contract, `lite` and `janus`; `tests/contract/test_media_engine.py` holds both to it.

Contract: a method that returned has taken effect; a leg that a new grant no longer covers carries nothing
after `set_grants` returned. Calls about an unknown room or member raise `media.unknown`. Offers come from
clients: whatever is wrong with one raises MediaError and changes nothing.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, NewType, Protocol

RoomId = NewType("RoomId", str)
MemberId = NewType("MemberId", str)
# "member/source", for example "mem_7f3a/camera".
TrackId = NewType("TrackId", str)

Purpose = Literal["publish", "view"]
Kind = Literal["audio", "video"]

MAX_SDP_BYTES: Final = 65_536
MAX_LEGS_PER_VIEW: Final = 64
MAX_TRACKS_PER_MEMBER: Final = 4

CAMERA: Final = "camera"
MICROPHONE: Final = "microphone"
INTERCOM: Final = "intercom"
# The committee's voice as a bidder hears it; published by the engine itself.
MASKED: Final = "masked"
KIND_OF: Final[Mapping[str, Kind]] = {
    CAMERA: "video",
    MICROPHONE: "audio",
    INTERCOM: "audio",
    MASKED: "audio",
}

# Classes of recordings, by whom they are sealed to.
ROOM_CLASS: Final = "room"
RAW_CLASS: Final = "raw"

# What an engine may be able to do beyond the contract.
ICE_RESTART: Final = "ice-restart"
SINGLE_PORT: Final = "single-port"
RED: Final = "red"
CASCADE: Final = "cascade"
# Viewing begins with the engine's offer (`offer_view`), not with the client's (`view`).
ENGINE_OFFERS: Final = "engine-offers"


def track_id(member: MemberId, source: str) -> TrackId:
    """The name of what `member` publishes from `source`."""
    return TrackId(f"{member}/{source}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """Sources that a member may publish and tracks that it may receive; empty sets grant nothing.

    What ends because it is not granted any more ends for `cause`.
    """

    publish: frozenset[str] = frozenset()
    receive: frozenset[TrackId] = frozenset()
    cause: str = field(default="grants", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPlan:
    """Where recordings of this run of a room go and to whom they are sealed (docs/spec/recording.md).

    `keys` are X25519 public keys of 32 bytes by class, no two the same: `room` for what is published, `raw`
    for a voice as long as a masked track is made of it, whoever's it is. Without the second no voice can be
    masked. `seed` makes data keys and nonces; it is fresh for each run.
    """

    folder: Path
    room: str
    part: int
    keys: Mapping[str, bytes]
    seed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomSpec:
    """A room to open. `opened_at` is the wall clock at room time 0, in milliseconds since 1970."""

    opened_at: float
    record: RecordPlan | None
    max_members: int = 64
    video_kbps: int = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer to an offer; `refused` holds a code for each mid that carries nothing."""

    sdp: str
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """An engine's offer of what a member views: the track of each mid that sends, a code for each refused.

    `sdp` is empty when nothing is left to negotiate: the connection already carries just this.
    """

    sdp: str
    mids: Mapping[str, TrackId]
    refused: Mapping[TrackId, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskProfile:
    """How a voice is changed for one call: `secret` chooses the parameters and is never told to a bidder."""

    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEvent:
    """Something that happened at `at`, milliseconds of the room's clock; `data` depends on `kind`.

    - ``track-up``, ``track-down``: `track`, `cause`
    - ``peer``: `member`, `purpose`, `state` (connected, disconnected, closed)
    - ``leg``: `track`, `member`, `on`, `cause`
    - ``gap``: `track`, `from`, `to` (milliseconds), `cause`
    - ``head``: `recording`, `segment`, `hash` (hex)
    - ``alarm``: `code`, `track` or None, `value`; codes are ``black``, ``frozen``, ``silent``, ``disk``,
      ``recorder``, ``clock``, ``loop-lag`` and ``voice`` (a masked voice fails: silence)
    - ``clear``: `code`, `track` or None
    - ``speaking``: `member`, `level` (0 loudest to 127, RFC 6464)
    - ``engine``: `state` (``up``, ``lost``, ``restarted``)
    """

    kind: str
    at: float
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackStats:
    """One published track: totals, rate over the last second, age of its newest packet in milliseconds."""

    track: TrackId
    packets: int
    lost: int
    kbps: float
    age_ms: float
    rtt_ms: float | None
    recorded_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegStats:
    """One track as it goes to one member; `fraction_lost` is the member's own last report, 0 to 1."""

    track: TrackId
    member: MemberId
    packets: int
    fraction_lost: float
    retransmitted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomStats:
    """A look at a room now; `clock_ms` is the room's clock."""

    clock_ms: float
    tracks: tuple[TrackStats, ...]
    legs: tuple[LegStats, ...]
    loop_lag_ms: float
    unhandled: int
    refused_packets: int


class MediaEngine(Protocol):
    """One engine; see the module's text for what every method keeps."""

    name: str
    capabilities: frozenset[str]

    async def open_room(self, room: RoomId, spec: RoomSpec) -> None:
        """Open a room; the recorder runs before this returns. Raises ``media.exists``."""

    async def close_room(self, room: RoomId) -> None:
        """End all legs, then the recorder, which has everything on disk when this returns. Idempotent."""

    async def admit(self, room: RoomId, member: MemberId, grants: Grants) -> None:
        """Let a member negotiate; again: the same as `set_grants`. Raises ``media.full``."""

    async def set_grants(self, room: RoomId, member: MemberId, grants: Grants) -> None:
        """Put these grants in place of the old ones, on legs that run too."""

    async def expel(self, room: RoomId, member: MemberId) -> None:
        """Close both connections of a member and forget its grants. Idempotent."""

    async def publish(
        self, room: RoomId, member: MemberId, offer: str, sources: Mapping[str, str]
    ) -> Answered:
        """Answer an offer that sends `sources` (mid to source); a new offer replaces the old connection.

        Refused by mid: ``not-granted``, ``wrong-kind``, ``codec``. Raises ``media.sdp``, ``media.too-large``.
        """

    async def view(
        self, room: RoomId, member: MemberId, offer: str, wants: Mapping[str, TrackId]
    ) -> Answered:
        """Answer an offer that receives `wants` (mid to track); more m-lines may be offered later on the
        same connection, which keeps what it already carries.

        Refused by mid: ``not-granted``, ``no-track``, ``wrong-kind``, ``codec``. An engine with
        ``engine-offers`` raises ``media.engine-offers``.
        """

    async def offer_view(
        self, room: RoomId, member: MemberId, wants: Sequence[TrackId], *, restart: bool = False
    ) -> Offered:
        """Offer a member these tracks and end its legs of all others; one connection as long as it lives.

        `restart` asks for an ICE restart of that connection (for an engine that offers, `restart` of purpose
        ``view`` is this). A new offer takes the place of one that nobody answered. Refused by track:
        ``not-granted``, ``no-track``. An engine without ``engine-offers`` raises ``media.client-offers``;
        without a connection to restart: ``media.no-connection``.
        """

    async def answer_view(self, room: RoomId, member: MemberId, answer: str) -> None:
        """Take the member's answer to the newest offer. Raises ``media.no-offer`` and ``media.sdp``."""

    async def restart(self, room: RoomId, member: MemberId, purpose: Purpose, offer: str) -> Answered:
        """Answer an ICE restart (RFC 8839 §4.4.3), with the DTLS and SRTP state kept where the engine can.

        Raises ``media.no-connection`` when there is nothing to restart: the client negotiates anew.
        """

    async def start_mask(self, room: RoomId, voices: frozenset[TrackId], profile: MaskProfile) -> TrackId:
        """Mix and change these voices into one track, whose member is the engine's own.

        What is recorded of a voice is of class `raw` from before the masker hears it until after it does no
        more. Raises ``media.no-raw-key`` in a room that is recorded without a key for that class.
        """

    async def set_voices(self, room: RoomId, track: TrackId, voices: frozenset[TrackId]) -> None:
        """Let these voices into a masked track and no other, from the next packet on; none: silence."""

    async def stop_mask(self, room: RoomId, track: TrackId) -> None:
        """End a masked voice. Idempotent."""

    async def stats(self, room: RoomId) -> RoomStats:
        """Counters and rates."""

    def events(self, room: RoomId) -> AsyncIterator[EngineEvent]:
        """What happens from now on, in order, until the room closes; a reader too slow by 10,000 is ended."""

    async def aclose(self) -> None:
        """Close every room and all that runs for them."""


class PacketSink(Protocol):
    """Where an engine hands every published packet: the recorder, and the masker. Never blocks.

    `packet` gets a plain RTP packet after SRTP (RED not yet unwrapped), `report` a sender report (RFC 3550
    §6.4.1), both with arrival in milliseconds of the room's clock.
    """

    def open_track(self, track: TrackId, kind: Kind, payload_types: Mapping[int, str]) -> None:
        """A track begins; encoding names by payload type, in lower case: ``{111: "opus", 63: "red"}``."""

    def packet(self, track: TrackId, data: bytes, arrived: float) -> None:
        """One packet, in the order of arrival, duplicates and retransmissions included."""

    def report(self, track: TrackId, data: bytes, arrived: float) -> None:
        """One RTCP sender report of the track."""

    def round_trip(self, track: TrackId, rtt_ms: float) -> None:
        """The newest round-trip time to the track's sender."""

    def close_track(self, track: TrackId, cause: str) -> None:
        """A track ended."""


# How a sink asks the sender of a video track for a keyframe.
AskKeyframe = Callable[[TrackId], None]
