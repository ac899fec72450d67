"""Sealed frames: each bound to its file and number; another key, place or byte opens nothing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import aead
from crypto.hashing import sha256, tagged
from crypto.sealing import x25519_public
from remote_eval.errors import RecordingError
from remote_eval.media.recording import frames
from remote_eval.media.recording.names import Place, place_of

PRIVATE = bytes(range(32))
OTHER = bytes(range(1, 33))
PLACE = Place(part=1, track="mem_a/camera", letter="a")
SEED = b"seed" * 8


def prelude(place: Place = PLACE, private: bytes = PRIVATE) -> tuple[frames.Prelude, bytes]:
    key = frames.data_key(SEED, "room-1", place, "room")
    recipient = x25519_public(private)
    sealed = frames.seal_key(recipient, key, "room-1", place, "room")
    made = frames.Prelude(
        room="room-1", place=place, klass="room", opened_at=1, recipient=recipient, key=sealed
    )
    return made, key


def test_what_was_sealed_opens_with_the_class_key_alone() -> None:
    made, key = prelude()
    assert frames.open_key(made, PRIVATE) == key
    with pytest.raises(RecordingError, match=r"recording\.key"):
        frames.open_key(made, OTHER)


@pytest.mark.parametrize(
    "lie",
    [
        {"room": "room-2"},
        {"klass": "raw"},
        {"place": replace(PLACE, part=2)},
        {"place": replace(PLACE, letter="b")},
        {"place": replace(PLACE, track="mem_b/camera")},
        {"recipient": x25519_public(OTHER)},
    ],
)
def test_a_data_key_moved_to_another_place_does_not_open(lie: dict[str, object]) -> None:
    made, _ = prelude()
    moved = replace(made, **lie)  # type: ignore[arg-type]
    with pytest.raises(RecordingError, match=r"recording\.key"):
        frames.open_key(moved, PRIVATE)


def test_no_two_files_of_a_run_share_a_key() -> None:
    places = [PLACE, replace(PLACE, part=2), replace(PLACE, letter="b"), replace(PLACE, track="mem_b/camera")]
    keys = {frames.data_key(SEED, "room-1", place, "room") for place in places}
    keys |= {frames.data_key(SEED, "room-1", PLACE, "raw"), frames.data_key(SEED, "room-2", PLACE, "room")}
    assert len(keys) == 6


def test_a_frame_opens_in_its_place_only() -> None:
    made, key = prelude()
    start = frames.start_of(made.to_bytes())
    sealed = frames.seal_frame(key, start, 3, b"cluster")
    assert frames.open_frame(key, start, 3, sealed) == b"cluster"
    elsewhere = frames.start_of(prelude(replace(PLACE, part=2))[0].to_bytes())
    for wrong_start, number in ((start, 4), (elsewhere, 3)):
        with pytest.raises(RecordingError, match=r"recording\.frame"):
            frames.open_frame(key, wrong_start, number, sealed)


def test_a_writer_that_takes_another_nonce_is_refused() -> None:
    made, key = prelude()
    start = frames.start_of(made.to_bytes())
    bound_to = tagged("qt/1 recording frame", start, (3).to_bytes(8, "big"))
    forged = aead.encrypt(key, b"cluster", bound_to=bound_to, nonce=bytes(12))
    with pytest.raises(RecordingError, match=r"recording\.frame"):
        frames.open_frame(key, start, 3, forged)


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_no_flipped_bit_opens(position: int, bit: int) -> None:
    _, key = prelude()
    start = bytes(32)
    sealed = bytearray(frames.seal_frame(key, start, 0, b"cluster"))
    sealed[position % len(sealed)] ^= 1 << bit
    with pytest.raises(RecordingError):
        frames.open_frame(key, start, 0, bytes(sealed))


def test_the_chain_is_what_the_page_says() -> None:
    head = frames.following(bytes(32), b"sealed")
    assert head == tagged("qt/1 recording", bytes(32), sha256(b"sealed"))


def test_a_prelude_is_read_back() -> None:
    made, _ = prelude()
    data = made.to_bytes()
    assert frames.parse_prelude(data[len(frames.MAGIC) + 4 :]) == made


@given(st.binary(max_size=200))
def test_no_bytes_are_a_prelude_by_chance(data: bytes) -> None:
    with pytest.raises(RecordingError, match=r"recording\.prelude"):
        frames.parse_prelude(data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"part":1', b'"part":"1"'),
        (b'"part":1', b'"part":true'),
        (b'"part":1', b'"part":10000'),
        (b'"letter":"a"', b'"letter":"ab"'),
        (b'"track":"mem_a/camera"', b'"track":"../etc/passwd"'),
        (b'"kind":"recording"', b'"kind":"recordinG"'),
        (b'"key":"', b'"key":"zz'),
        (b'"key":"', b'"key":"00'),
        (b'"opened_at":1', b'"opened_at":null'),
    ],
)
def test_a_prelude_with_one_wrong_field_is_refused(old: bytes, new: bytes) -> None:
    text = prelude()[0].to_bytes()[len(frames.MAGIC) + 4 :]
    assert old in text
    with pytest.raises(RecordingError, match=r"recording\.prelude"):
        frames.parse_prelude(text.replace(old, new))


def test_a_recipient_that_is_no_key_is_refused() -> None:
    with pytest.raises(RecordingError, match=r"recording\.recipient"):
        frames.seal_key(bytes(32), bytes(32), "room", PLACE, "room")


@pytest.mark.parametrize(
    "track",
    ["mem_a", "mem_a/", "/camera", "mem a/camera", "a/b/c", "../x/camera", "mem_a/Camera", "x" * 65 + "/c"],
)
def test_names_that_could_leave_the_folder_are_none(track: str) -> None:
    with pytest.raises(RecordingError, match=r"recording\.name"):
        Place(part=1, track=track, letter="a")


def test_a_file_name_tells_its_place() -> None:
    assert place_of(PLACE.file) == PLACE
    assert place_of("0001-a.mem_a.camera.mkv") is None
