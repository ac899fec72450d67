"""A room of the embedded engine as fast as it can be played: time is the player's, and there is no socket.

Two seats send voice and picture, lose some of it, see each other, report, ask again and check their
connection; a guest comes and goes every ten seconds. Connections, DTLS, SRTP and all packets are real.
"""

from collections.abc import Mapping, Sequence

from remote_eval.media.engine import (
    CAMERA,
    KIND_OF,
    MICROPHONE,
    AskKeyframe,
    Grants,
    Kind,
    MemberId,
    RoomId,
    RoomSpec,
    TrackId,
    track_id,
)
from remote_eval.media.lite import rtcp, stun
from remote_eval.media.lite.dtls import Dtls, make_context
from remote_eval.media.lite.engine import LiteEngine
from remote_eval.media.lite.identity import make_identity
from remote_eval.media.lite.ntp import to_ntp
from remote_eval.media.lite.plugs import Emit
from remote_eval.media.lite.rtp import read_packet, write_header
from remote_eval.media.lite.sdp import read_description
from remote_eval.media.lite.srtp import Srtp
from remote_eval.media.recording.alarms import Alarms
from remote_eval.media.recording.disk import RealDisk
from remote_eval.media.recording.part import PartRecorder
from remote_eval.media.recording.setting import Setting
from tests.support.engines import MADE_AT
from tests.support.media_offers import OPUS, VP8, media_lines, offer_text
from tests.support.recording_worlds import LIMITS

ROOM = RoomId("room")
ANNA, BEN, GUEST = MemberId("mem_anna"), MemberId("mem_ben"), MemberId("mem_guest")
SOURCES = (CAMERA, MICROPHONE)
TRACKS = [track_id(member, source) for member in (ANNA, BEN) for source in SOURCES]
HUB, CLIENT = make_identity(MADE_AT), make_identity(MADE_AT)
CONTEXT = make_context(CLIENT)
STEP_MS = 50
KEY = b"\x10\x10\x02\x00\x9d\x01\x2a\x80\x02\xe0\x01" + bytes(600)
INTER = b"\x10\x11\x02\x00" + bytes(600)
TYPES = {CAMERA: VP8, MICROPHONE: OPUS}


class InStep:
    """A recorder without a thread: it writes while the room is played."""

    def __init__(self, spec: RoomSpec, ask_keyframe: AskKeyframe, emit: Emit) -> None:
        assert spec.record is not None
        setting = Setting(
            plan=spec.record,
            opened_at=spec.opened_at,
            disk=RealDisk(),
            emit=emit,
            ask_keyframe=ask_keyframe,
            limits=LIMITS,
        )
        self._part = PartRecorder(setting, Alarms(emit), None, 0.0, None)
        self._now = 0.0

    def seal(self, track: TrackId, klass: str) -> None:
        self._part.seal(track, klass)

    def open_track(self, track: TrackId, kind: Kind, payload_types: Mapping[int, str]) -> None:
        self._part.open_track(track, kind, payload_types, self._now)

    def packet(self, track: TrackId, data: bytes, arrived: float) -> None:
        if arrived > self._now:
            self._now = arrived
            self._part.tick(arrived)
        self._part.packet(track, data, arrived)

    def report(self, track: TrackId, data: bytes, arrived: float) -> None:  # noqa: ARG002 - the port's shape
        self._part.report(track, data)

    def round_trip(self, track: TrackId, rtt_ms: float) -> None:
        self._part.round_trip(track, rtt_ms, self._now)

    def close_track(self, track: TrackId, cause: str) -> None:
        self._part.close_track(track, cause, self._now)

    def recorded_ms(self, track: TrackId) -> float | None:
        return self._part.recorded_ms(track)

    async def aclose(self) -> None:
        self._part.close(self._now, "closed")


class Side:
    """One connection of a member, without a socket: its packets go straight into the engine's port."""

    def __init__(self, world: "QuickRoom", number: int) -> None:
        # As `offer_text` wants it.
        self.session, self.version = 1000 + number, 0
        self.ufrag, self.password, self.fingerprint = f"side{number}", "p" * 24, CLIENT.fingerprint
        self.home: stun.Address = ("192.0.2.1", 1000 + number)
        self._world, self._number, self._checks = world, number, 0
        self._dtls = Dtls(CONTEXT, "client", HUB.fingerprint)
        self._srtp: Srtp | None = None
        self._name, self._key = "", b""
        self.sent: dict[str, int] = dict.fromkeys(SOURCES, 0)
        # By SSRC: the newest number, and reports by when they came.
        self.seen: dict[int, int] = {}

    def take(self, answer: str) -> None:
        """Check, shake hands."""
        read = read_description(answer)
        self._name, self._key = f"{read.ufrag}:{self.ufrag}", read.password.encode()
        self.check()
        self._dtls.start()
        for _ in range(6):
            self._flush()
        self._srtp = Srtp(self._dtls.keys())

    def _flush(self) -> None:
        for datagram in self._dtls.take():
            self._world.arrive(datagram, self.home)

    def check(self) -> None:
        """A connectivity check, each with a number of its own."""
        self._checks += 1
        transaction = self._number.to_bytes(4, "big") + self._checks.to_bytes(8, "big")
        self._world.arrive(stun.write_request(transaction, self._name, self._key, bytes(8)), self.home)

    def hear(self, data: bytes) -> None:
        """What the engine sends."""
        if 20 <= data[0] <= 63:
            self._dtls.feed(data)
        elif data[0] >= 128 and self._srtp is not None and not 192 <= data[1] <= 223:
            plain = self._srtp.open_rtp(data)
            packet = None if plain is None else read_packet(plain)
            if packet is not None:
                self.seen[packet.ssrc] = packet.sequence

    def send(self, source: str) -> None:
        """The next packet of a source; one in twenty is lost, every hundredth picture is a keyframe."""
        assert self._srtp is not None
        self.sent[source] = number = self.sent[source] + 1
        kind = KIND_OF[source]
        ticks = round(self._world.now * (90 if kind == "video" else 48))
        body = bytes(80) if kind == "audio" else KEY if number % 100 == 1 else INTER
        head = write_header(TYPES[source], kind == "video", number, ticks, self._ssrc(source))
        if number % 20:
            self._world.arrive(self._srtp.seal_rtp(head + body), self.home)

    def _ssrc(self, source: str) -> int:
        return 16 * self._number + SOURCES.index(source) + 1

    def report(self) -> None:
        """Sender reports of all sources."""
        for source in SOURCES:
            ticks = round(self._world.now * (90 if KIND_OF[source] == "video" else 48))
            numbers = self.sent[source], 100 * self.sent[source]
            self._rtcp(rtcp.write_sender_report(self._ssrc(source), to_ntp(self._world.now), ticks, *numbers))

    def complain(self) -> None:
        """A receiver's report, a reference time, and a request for a packet again of each stream."""
        blocks = [
            rtcp.write_block(ssrc, lost=0.05, total_lost=1, highest=highest, jitter=0, last=0, delay=0)
            for ssrc, highest in self.seen.items()
        ]
        said = rtcp.write_receiver_report(1, blocks) + rtcp.write_reference_time(1, to_ntp(self._world.now))
        asked = (rtcp.write_nack(1, ssrc, [(highest - 2) & 0xFFFF]) for ssrc, highest in self.seen.items())
        self._rtcp(said + b"".join(asked))

    def _rtcp(self, plain: bytes) -> None:
        assert self._srtp is not None
        self._world.arrive(self._srtp.seal_rtcp(plain), self.home)

    def offer(self, kinds: Sequence[str], direction: str) -> str:
        """An offer of so many m-lines."""
        sections = [media_lines(kind, str(mid), direction) for mid, kind in enumerate(kinds)]
        if direction == "sendonly":
            for source, lines in zip(SOURCES, sections, strict=True):
                lines.append(f"a=ssrc:{self._ssrc(source)} cname:side")
        return offer_text(self, sections, [str(mid) for mid in range(len(kinds))])  # type: ignore[arg-type]


class QuickRoom:
    """An engine that is told the time, and whoever is connected to it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.engine = LiteEngine(
            identity=HUB,
            host="",
            port=0,
            addresses=["192.0.2.9"],
            make_sink=lambda _, spec, ask, emit: None if spec.record is None else InStep(spec, ask, emit),
            clock=lambda: self.now,
        )
        self.port = self.engine._port
        self.port.send = self._hear  # type: ignore[method-assign]
        self.sides: dict[stun.Address, Side] = {}
        self.publishing: list[Side] = []
        self.viewing: list[Side] = []
        self._number = 0

    async def begin(self, spec: RoomSpec) -> None:
        """Open the room; Anna and Ben send."""
        await self.engine.open_room(ROOM, spec)
        grants = Grants(publish=frozenset(SOURCES), receive=frozenset(TRACKS))
        for member in (ANNA, BEN):
            await self.engine.admit(ROOM, member, grants)
            await self.publish(member)

    def arrive(self, data: bytes, home: stun.Address) -> None:
        self.port.receive(data, home)

    def _hear(self, data: bytes, address: stun.Address) -> None:
        side = self.sides.get(address)
        if side is not None:
            side.hear(data)

    def side(self) -> Side:
        self._number += 1
        # The ports of guests are used again, as those of a network are.
        made = Side(self, self._number % 500)
        self.sides[made.home] = made
        return made

    async def publish(self, member: MemberId) -> None:
        side = self.side()
        offer = side.offer([KIND_OF[source] for source in SOURCES], "sendonly")
        sources = {str(mid): source for mid, source in enumerate(SOURCES)}
        side.take((await self.engine.publish(ROOM, member, offer, sources)).sdp)
        self.publishing.append(side)

    async def view(self, member: MemberId, tracks: Sequence[TrackId]) -> Side:
        side = self.side()
        kinds = [KIND_OF[track.rpartition("/")[2]] for track in tracks]
        wants: Mapping[str, TrackId] = {str(mid): track for mid, track in enumerate(tracks)}
        side.take((await self.engine.view(ROOM, member, side.offer(kinds, "recvonly"), wants)).sdp)
        self.viewing.append(side)
        return side

    async def visit(self, tracks: Sequence[TrackId]) -> None:
        """A guest comes, sees, and is shown out."""
        await self.engine.admit(ROOM, GUEST, Grants(receive=frozenset(tracks)))
        side = await self.view(GUEST, tracks)
        self.play(100)
        await self.engine.expel(ROOM, GUEST)
        self.viewing.remove(side)
        del self.sides[side.home]

    def play(self, milliseconds: float) -> None:
        """Let the room go on."""
        until = self.now + milliseconds
        while self.now < until:
            self.now += STEP_MS
            for side in self.publishing:
                for source in SOURCES:
                    side.send(source)
                if self.now % 1000 == 0:
                    side.report()
            if self.now % 1000 == 0:
                for side in self.viewing:
                    side.complain()
            if self.now % 2500 == 0:
                for side in list(self.sides.values()):
                    side.check()
            self.engine._tick_room(self.engine._room(ROOM), self.now)

    async def minutes(self, count: float, tracks: Sequence[TrackId]) -> None:
        for _ in range(round(count * 6)):
            await self.visit(tracks)
            self.play(9_900)
