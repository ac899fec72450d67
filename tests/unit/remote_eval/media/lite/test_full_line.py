"""A sender whose line is full is asked for nothing again, and for no keyframe, until the line has room.

The line may be that of a site: what another engine's line takes is told to all whose pictures go over it.
"""

import struct
from dataclasses import dataclass, field

import pytest

from remote_eval.media.engine import CAMERA, Grants, MemberId, RoomId, RoomSpec, TrackId, track_id
from remote_eval.media.lite import rtcp
from remote_eval.media.lite.codecs import choose
from remote_eval.media.lite.inlet import Inlet
from remote_eval.media.lite.leg import Leg, Outlet
from remote_eval.media.lite.ntp import to_ntp
from remote_eval.media.lite.publishing import Publisher
from remote_eval.media.lite.repair import GIVE_UP_MS, KEYFRAME_MS, KeyframeAsk, Missing
from remote_eval.media.lite.room import Present, Room
from remote_eval.media.lite.rtp import write_header
from remote_eval.media.lite.sdp import Codec, Section
from remote_eval.media.lite.viewing import Viewer

ANNA = MemberId("mem_anna")
FACE = track_id(ANNA, CAMERA)
SSRC, VP8 = 5, 96
INTER = b"\x10\x11\x02\x00" + bytes(900)
CODEC = Codec(
    payload_type=VP8,
    name="vp8",
    spelled="VP8",
    clock=90_000,
    feedback=frozenset({"nack", "nack pli", "goog-remb"}),
)
SECTION = Section(
    kind="video",
    mid="0",
    protocol="UDP/TLS/RTP/SAVPF",
    direction="sendonly",
    is_rejected=False,
    codecs=(CODEC,),
    ssrcs=(SSRC,),
)


@dataclass
class Heard:
    """What the engine asks of Anna; stands where her connection would."""

    nacked: list[int] = field(default_factory=list)
    keyframes: int = 0
    kbps: list[float] = field(default_factory=list)

    def send_rtcp(self, data: bytes) -> None:
        for item in rtcp.read_compound(data):
            if isinstance(item, rtcp.Nack):
                self.nacked.extend(item.sequences)
            self.keyframes += isinstance(item, rtcp.Keyframe)
        at = data.find(b"REMB")
        if at > 0:
            (word,) = struct.unpack_from("!I", data, at + 4)
            self.kbps.append(((word & 0x3FFFF) << (word >> 18 & 0x3F)) / 1000)

    def tick(self, _now: float) -> None:
        """Nothing to do."""


class World:
    """A room with Anna's camera, fifty packets a second, and a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.room = Room(RoomId("room"), RoomSpec(opened_at=0.0, record=None), lambda: self.now, lambda: 0.0)
        self.publisher = Publisher(self.room, ANNA, ("", ""), session=1, ssrc=1)
        self.heard = Heard()
        self.publisher.peer = self.heard  # type: ignore[assignment]
        self.room.members[ANNA] = Present(Grants(publish=frozenset({CAMERA})), self.publisher)
        choice = choose(SECTION, with_mid=False)
        assert choice is not None
        self.publisher.read_sections({"0": Inlet("0", CAMERA, choice)}, (SECTION,))
        self.room.apply_publishing(ANNA, self.publisher, "test")
        self.sequence = self._mended = 0

    def play(self, seconds: float, *, waits: float = 0.0, loses: int = 0, mends: bool = False) -> None:
        """Packets for a while, each `waits` ms late; of every ten, `loses` do not come, or as soon as they
        are asked for."""
        for _ in range(round(seconds * 50)):
            self.now += 20
            self.sequence += 1
            if self.sequence * 7 % 10 >= loses:
                self._send(self.sequence, self.now - waits)
            for sequence in self.heard.nacked[self._mended :] if mends else ():
                self._send(sequence, self.now - 20 * (self.sequence - sequence))
            self._mended = len(self.heard.nacked)
            self.room.tick(self.now)

    def _send(self, sequence: int, captured: float) -> None:
        head = write_header(VP8, sequence % 2 == 0, sequence, round(captured * 90), SSRC)
        self.publisher.rtp(head + INTER, self.now)

    def report(self, *, behind: float) -> None:
        """The sender's report: what the pictures' own time says now, `behind` ms behind its clock."""
        media = round((self.now - behind) * 90) & 0xFFFFFFFF
        self.publisher.rtcp(rtcp.write_sender_report(SSRC, to_ntp(self.now), media, 1, 1), self.now)


@pytest.fixture
def world() -> World:
    world = World()
    world.play(3)
    return world


def test_a_line_with_room_is_asked_again_for_what_it_lost(world: World) -> None:
    world.play(1, loses=2)
    assert len(set(world.heard.nacked)) >= 8
    assert len(world.heard.nacked) > len(set(world.heard.nacked))


def test_a_full_line_is_asked_for_nothing_again(world: World) -> None:
    world.play(0.2, waits=300)
    world.heard.nacked.clear()
    world.play(1, waits=300, loses=2)
    assert world.publisher.uplink.is_full
    assert world.heard.nacked == []


def test_pictures_of_a_device_that_stood_still_fill_no_line_once_their_sender_has_reported(
    world: World,
) -> None:
    world.report(behind=0)
    world.play(2)
    world.play(2, waits=2000)
    assert world.publisher.uplink.is_full
    world.report(behind=2000)
    world.play(1, waits=2000)
    assert not world.publisher.uplink.is_full


def test_a_line_that_stays_full_is_asked_again_after_three_seconds(world: World) -> None:
    world.play(3, waits=300, loses=2)
    assert world.publisher.uplink.is_full
    assert world.heard.nacked


def test_what_is_missing_is_asked_for_as_soon_as_there_is_room(world: World) -> None:
    world.play(0.4, waits=300)
    world.play(0.4, waits=300, loses=2)
    assert world.heard.nacked == []
    world.play(0.3)
    assert len(set(world.heard.nacked)) >= 3


def test_a_full_line_is_asked_for_no_keyframe_before_it_has_room(world: World) -> None:
    asked = world.heard.keyframes
    world.play(0.2, waits=300)
    world.room.want_keyframe(FACE)
    world.play(2, waits=300, loses=2)
    assert world.heard.keyframes == asked
    world.play(0.3)
    assert world.heard.keyframes == asked + 1


def test_a_line_that_throws_away_most_is_asked_for_nothing_again_though_all_is_brought_anew(
    world: World,
) -> None:
    world.play(2, loses=7, mends=True)
    assert world.publisher.uplink.is_full
    asked = len(world.heard.nacked)
    world.play(1, loses=7, mends=True)
    assert len(world.heard.nacked) == asked


def test_the_sender_is_told_at_once_and_not_with_the_next_report(world: World) -> None:
    world.play(1 - world.now % 1000 / 1000 + 0.1)
    said = len(world.heard.kbps)
    world.play(0.4, waits=300)
    assert world.heard.kbps[said] < world.heard.kbps[said - 1] / 2


def test_held_numbers_are_given_up_in_time_all_the_same() -> None:
    missing = Missing()
    missing.gap(0, 3, 0.0)
    assert missing.due(GIVE_UP_MS, 0.0, held=True) == ([], False)
    assert missing.due(GIVE_UP_MS + 1, 0.0, held=True) == ([], True)
    assert not missing


def test_a_held_wish_for_a_keyframe_is_kept() -> None:
    ask = KeyframeAsk()
    ask.want()
    ask.hold(2 * KEYFRAME_MS)
    assert not ask.is_due(2 * KEYFRAME_MS - 1)
    assert ask.is_due(2 * KEYFRAME_MS)


def link_to(world: World, *tracks: TrackId) -> Viewer:
    """Another engine that takes these tracks; its legs have SSRCs from 100 on."""
    link = Viewer(world.room, MemberId("uplink"), ("", ""), 2, link=True)
    link.peer = Heard()  # type: ignore[assignment]
    for number, name in enumerate(tracks):
        outlet = Outlet(
            mid=str(number),
            ssrc=100 + number,
            repair_ssrc=None,
            types={"vp8": VP8},
            repair_type=None,
            level_id=None,
        )
        send = link.peer.send_rtcp
        track = world.room.track(name, "video")
        link.legs[outlet.mid] = Leg(track, link.member, outlet, sequence=1, send_rtp=send, send_rtcp=send)
    return link


def test_what_a_line_further_on_takes_is_shared_by_the_senders_of_its_pictures(world: World) -> None:
    link = link_to(world, FACE, track_id(MemberId("mem_ben"), CAMERA))
    link.rtcp(rtcp.write_remb(9, 200_000, [100, 101]), world.now)
    world.play(0.2)
    assert world.heard.kbps[-1] == pytest.approx(100, rel=0.01)


def test_what_a_line_further_on_took_is_forgotten_when_it_says_no_more(world: World) -> None:
    link = link_to(world, FACE)
    for _ in range(6):
        link.rtcp(rtcp.write_remb(9, 200_000, [100]), world.now)
        world.play(1)
    assert world.heard.kbps[-1] == pytest.approx(200, rel=0.01)
    world.play(30)
    assert world.heard.kbps[-1] == pytest.approx(800, rel=0.01)


def test_a_viewers_own_narrow_line_is_nobody_elses(world: World) -> None:
    ben = link_to(world, FACE)
    ben._link = False
    ben.rtcp(rtcp.write_remb(9, 50_000, [100]), world.now)
    world.play(2)
    assert world.heard.kbps[-1] == pytest.approx(800, rel=0.01)
