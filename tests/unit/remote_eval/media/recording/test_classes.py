"""A voice that goes into a masked track and out again: nothing lost, nothing of it under the room's key."""

import random
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_eval.errors import RecordingError
from remote_eval.media.engine import RAW_CLASS, ROOM_CLASS
from remote_eval.media.recording.archive import check
from remote_eval.media.recording.clock import MemberClock
from remote_eval.media.recording.contents import indexes
from remote_eval.media.recording.disk import GrowingFile, RealDisk, RealFile
from remote_eval.media.recording.gaps import list_gaps
from remote_eval.media.recording.limits import Limits
from remote_eval.media.recording.names import MAX_PIECE, Place, place_of
from remote_eval.media.recording.opening import open_recording
from remote_eval.media.recording.track import Track
from tests.support.recorded_media import AUDIO_TYPES, Coded, Wire, microphone
from tests.support.recording_worlds import RAW_KEY, ROOM_KEY, Recording, Seat, plan_in

SEAT: Final = Seat(member="mem_a", wire=Wire(seed=2, jitter=60, twice=0.05), seconds=9, redundancy=1)
VOICE: Final = "mem_a/microphone"
PLAIN, SECOND, THIRD = (f"0001-a.mem_a.microphone{number}.qtr" for number in ("", ".2", ".3"))


class Step(NamedTuple):
    """A packet that arrives: which one, and as what."""

    number: int
    klass: str


def numbered(count: int, redundancy: int = 0) -> list[bytes]:
    """Packets of 20 ms, each with a payload of its own."""
    coded = [Coded(20.0 * one, b"\x78voice%06d" % one, key=True) for one in range(count)]
    return [data for _, data in microphone(redundancy=redundancy).packets(coded, 100.0)]


def number_of(payload: bytes) -> int:
    return int(payload[-6:])


def heard(packets: list[bytes], steps: list[Step], *, ends: bool = True) -> dict[int, str]:
    """Let packets arrive at their turn, 20 ms from one to the next; gives the class of what is written."""
    track = Track(VOICE, "audio", AUDIO_TYPES, MemberClock(), Limits())
    for turn, step in enumerate(steps):
        track.seal(step.klass)
        track.packet(packets[step.number], 100.0 + 20.0 * turn)
        track.tick(100.0 + 20.0 * turn)
    if ends:
        track.finish()
    return {number_of(block.data): block.klass for block in track.blocks}


def steps_of(text: str) -> list[Step]:
    """``r0 R1 r2``: packet 0 arrives as the room's, then packet 1 as raw, then packet 2 as the room's."""
    klass = {"r": ROOM_CLASS, "R": RAW_CLASS}
    return [Step(int(word[1:]), klass[word[0]]) for word in text.split()]


def told(found: dict[int, str]) -> str:
    return " ".join(f"{'R' if found[one] == RAW_CLASS else 'r'}{one}" for one in sorted(found))


START: Final = "r0 r1 r2 r3 r4 r5 r6 "


@pytest.mark.parametrize(
    ("arrives", "written"),
    [
        ("r7 R8 R9 r10", "r7 R8 R9 r10"),
        # Held behind a hole that is filled while raw: they came before, and stay before, as the room's.
        ("r8 r9 R7 R10", "R7 R8 R9 R10"),
        ("r7 r9 r10 R11 R8 R12", "r7 R8 R9 R10 R11 R12"),
        # Held while raw, released after: raw, and so is what fills the hole between them.
        ("R7 R9 R10 r8 r11", "R7 R8 R9 R10 r11"),
        ("R8 R9 r7 r10", "r7 R8 R9 r10"),
        # The hole is never filled: those behind it come out when it is given up, as what they were.
        ("R7 R9 r10 r11", "R7 R9 r10 r11"),
        ("r7 R9 r8", "r7 r8 R9"),
        ("R7 r8 R9 r10", "R7 r8 R9 r10"),
    ],
)
def test_a_packet_that_waited_has_the_class_of_its_arrival(arrives: str, written: str) -> None:
    found = heard(numbered(20), steps_of(START + arrives))
    assert told({one: klass for one, klass in found.items() if one > 6}) == written


@pytest.mark.parametrize(
    ("arrives", "written"),
    [
        ("R7 r9 r10", "R7 R8 r9 r10"),
        ("r7 R9 R10", "r7 R8 R9 R10"),
        # The first packet after was lost as well, and the copy is in one that came long after.
        ("R7 r8 r10", "R7 r8 r9 r10"),
    ],
)
def test_a_copy_of_what_was_lost_while_raw_is_raw(arrives: str, written: str) -> None:
    found = heard(numbered(20, redundancy=1), steps_of(START + arrives))
    assert told({one: klass for one, klass in found.items() if one > 6}) == written


@given(
    st.integers(0, 2**32),
    st.lists(st.integers(8, 70), min_size=1, max_size=5),
    st.integers(0, 2),
    st.integers(0, 40),
)
def test_whatever_the_wire_does_nothing_raw_is_the_rooms_and_nothing_more_is_lost(
    seed: int, turns: list[int], redundancy: int, loss: int
) -> None:
    chance = random.Random(seed)
    packets = numbered(80, redundancy)
    order = sorted(
        (one + chance.randint(0, 6) * (one > 6), one)
        for one in range(80)
        for _ in range(1 + (chance.random() < 0.1))
        if one < 7 or chance.randint(0, 99) >= loss
    )
    steps, raw_since = [], False
    for turn, (_, number) in enumerate(order):
        raw_since ^= turn in turns
        steps.append(Step(number, RAW_CLASS if raw_since else ROOM_CLASS))
    found = heard(packets, steps)
    assert found.keys() == heard(packets, [Step(one.number, ROOM_CLASS) for one in steps]).keys()
    first: dict[int, str] = {}
    for step in steps:
        first.setdefault(step.number, step.klass)
    assert [one for one, klass in first.items() if klass == RAW_CLASS and found.get(one) == ROOM_CLASS] == []


# A whole recording.


def switched(folder: Path, disk: RealDisk | None = None) -> Recording:
    """Nine seconds, raw from about 3 s to about 6 s."""
    recording = Recording(plan_in(folder), disk=disk)
    recording.open([SEAT])
    arrivals = sorted(SEAT.arrivals(), key=lambda pair: pair[1].at)
    for since, until, klass in ((0, 3000, ROOM_CLASS), (3000, 6000, RAW_CLASS), (6000, 1e9, ROOM_CLASS)):
        recording.seal([SEAT], klass)
        recording.play([pair for pair in arrivals if since <= pair[1].at < until])
    recording.close()
    return recording


def unswitched(folder: Path) -> None:
    recording = Recording(plan_in(folder))
    recording.open([SEAT])
    recording.play(SEAT.arrivals())
    recording.close()


def opened(folder: Path, *keys: bytes) -> dict[str, list[bytes]]:
    """Opened frames of the voice by file."""
    found = open_recording(folder, keys)
    return {one.path.name: list(one.frames()) for one in found if one.key is not None and one.track == VOICE}


def test_a_voice_is_the_rooms_then_raw_then_the_rooms_in_files_of_one_class_each(tmp_path: Path) -> None:
    recording = switched(tmp_path / "rec")
    report = check(tmp_path / "rec")
    assert report.ok
    assert report.whole
    (contents,) = indexes(tmp_path / "rec")
    pieces = [one for one in contents.files.values() if one.track == VOICE]
    assert [(one.name, one.klass) for one in pieces] == [(PLAIN, "room"), (SECOND, "raw"), (THIRD, "room")]
    ends = [(one.frames[0][3], one.frames[-1][4]) for one in pieces]
    assert all(abs(before[1] - after[0]) <= 20 for before, after in pairwise(ends))
    assert abs(ends[1][0] - 3000) < 100
    assert abs(ends[2][0] - 6000) < 100
    assert not [one for one in list_gaps(tmp_path / "rec") if one.track == VOICE]
    assert [one.klass for one in contents.files.values() if one.track != VOICE] == ["room"]
    heads = {one["recording"]: one["hash"] for one in recording.heard.of("head")}
    assert {one.file: one.head for one in report.checked} == heads


def test_no_packet_is_lost_at_the_switch(tmp_path: Path) -> None:
    switched(tmp_path / "rec")
    unswitched(tmp_path / "plain")
    pieces = opened(tmp_path / "rec", ROOM_KEY, RAW_KEY)
    (plain,) = opened(tmp_path / "plain", ROOM_KEY).values()
    for frames in pieces.values():
        assert frames[0] == plain[0]
    assert blocks(b"".join(b"".join(one[1:]) for one in pieces.values())) == blocks(b"".join(plain[1:]))


def blocks(clusters: bytes) -> list[bytes]:
    """What stands in the SimpleBlocks of clusters, without their times, which are relative to a cluster's."""
    found, at = [], 0
    while at < len(clusters):
        name = clusters[at : at + 4] if clusters[at] == 0x1F else clusters[at : at + 1]
        at += len(name)
        width = 9 - clusters[at].bit_length()
        size = int.from_bytes(clusters[at : at + width], "big") & ((1 << 7 * width) - 1)
        at += width
        if name == b"\x1f\x43\xb6\x75":
            continue
        if name == b"\xa3":
            found.append(clusters[at + 4 : at + size])
        at += size
    return found


def test_the_rooms_key_opens_no_raw_piece_and_the_raw_key_nothing_else(tmp_path: Path) -> None:
    switched(tmp_path / "rec")
    assert list(opened(tmp_path / "rec", ROOM_KEY)) == [PLAIN, THIRD]
    assert list(opened(tmp_path / "rec", RAW_KEY)) == [SECOND]
    for one in open_recording(tmp_path / "rec", [ROOM_KEY]):
        if one.path.name == SECOND:
            with pytest.raises(RecordingError, match=r"recording\.key"):
                next(one.frames())


def test_pieces_that_change_places_or_go_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "rec"
    switched(folder)
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}

    def faults() -> set[tuple[str, str]]:
        found = {(one.file, one.code) for one in check(folder).faults}
        for name, data in kept.items():
            (folder / name).write_bytes(data)
        return found

    (folder / PLAIN).write_bytes(kept[THIRD])
    (folder / THIRD).write_bytes(kept[PLAIN])
    assert {(PLAIN, "recording.prelude"), (THIRD, "recording.prelude")} <= faults()
    (folder / SECOND).unlink()
    assert faults() == {(SECOND, "recording.missing")}
    # A piece that another one follows was closed: nothing may be behind its end, killed recorder or not.
    lines = kept["0001-a.index"].splitlines(keepends=True)
    (folder / "0001-a.index").write_bytes(b"".join(lines[:-1]))
    (folder / SECOND).write_bytes(kept[SECOND] + b"more")
    assert faults() == {(SECOND, "recording.added")}
    (folder / "0001-a.mem_a.microphone.4.qtr").write_bytes(kept[THIRD])
    assert faults() == {("0001-a.mem_a.microphone.4.qtr", "recording.unlisted")}


def test_a_recorder_that_takes_over_while_raw_goes_on_raw(tmp_path: Path) -> None:
    first = Recording(plan_in(tmp_path / "rec"))
    first.open([SEAT])
    first.seal([SEAT])
    arrivals = sorted(SEAT.arrivals(), key=lambda pair: pair[1].at)
    first.play([pair for pair in arrivals if pair[1].at < 4000])
    first.part.abandon(save=True)
    second = Recording(plan_in(tmp_path / "rec"), cause="recorder", start=4000)
    second.seal([SEAT])
    second.open([SEAT])
    second.play([pair for pair in arrivals if pair[1].at >= 4000])
    second.close()
    classes = {one.name: one.klass for each in indexes(tmp_path / "rec") for one in each.files.values()}
    assert {klass for name, klass in classes.items() if "microphone" in name} == {"raw"}
    assert opened(tmp_path / "rec", ROOM_KEY) == {}
    assert check(tmp_path / "rec").ok


class RefusingFile(RealFile):
    """Takes nothing."""

    def append(self, data: bytes) -> None:
        assert data
        raise OSError(28, "no space")


class Refusing(RealDisk):
    """Refuses the second piece."""

    def create(self, path: Path) -> GrowingFile:
        return RefusingFile(path) if path.name == SECOND else super().create(path)


def test_a_disk_that_refuses_the_raw_piece_leaves_a_gap_and_no_raw_sound_elsewhere(tmp_path: Path) -> None:
    switched(tmp_path / "whole")
    switched(tmp_path / "rec", Refusing())
    assert check(tmp_path / "rec").ok
    gaps = [one for one in list_gaps(tmp_path / "rec") if one.track == VOICE]
    assert {one.cause for one in gaps} == {"disk"}
    assert abs(gaps[0].since - 3000) < 100
    assert abs((gaps[-1].until or 0) - 6000) < 100
    assert opened(tmp_path / "rec", ROOM_KEY).keys() == {PLAIN, THIRD}
    room, whole = (rooms_blocks(tmp_path / name) for name in ("rec", "whole"))
    assert room == whole


def rooms_blocks(folder: Path) -> list[bytes]:
    """All sound that the room's key opens."""
    return [one for frames in opened(folder, ROOM_KEY).values() for one in blocks(b"".join(frames[1:]))]


def test_names_tell_pieces_apart_and_each_name_is_one_places() -> None:
    place = Place(part=1, track=VOICE, letter="a", piece=2)
    assert place.file == SECOND
    assert place_of(SECOND) == place
    assert place_of(PLAIN) == Place(part=1, track=VOICE, letter="a")
    for number in ("1", "0", "02", "10000", "-2", ""):
        assert place_of(f"0001-a.mem_a.microphone.{number}.qtr") is None
    for piece in (0, MAX_PIECE + 1):
        with pytest.raises(RecordingError, match=r"recording\.name"):
            Place(part=1, track=VOICE, letter="a", piece=piece)
