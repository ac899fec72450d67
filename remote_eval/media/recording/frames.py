"""Frames of a recording: sealed, chained, bound to their place (docs/spec/recording.md §3 to §5).

Bytes in, bytes out. A file is a prelude in clear, then frames of a length and sealed bytes. Whoever holds no
key can follow the chain; whoever holds the class's private key can open the frames.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from crypto import aead
from crypto.canonical import canonical, parse_canonical
from crypto.errors import CanonicalError, SealError
from crypto.hashing import HASH_BYTES, hmac_sha256, sha256, tagged, u32be, u64be
from crypto.sealing import open_sealed, seal, x25519_public
from remote_eval.errors import RecordingError
from remote_eval.media.recording.names import Place

MAGIC: Final = b"qt/1 recording\n\x00"
CHAIN: Final = "qt/1 recording"
_START: Final = "qt/1 recording file"
_KEY: Final = "qt/1 recording key"
_BOUND: Final = "qt/1 recording frame"
LENGTH_BYTES: Final = 4
MAX_PRELUDE_BYTES: Final = 4096
MAX_FRAME_BYTES: Final = aead.MAX_PLAINTEXT_BYTES + aead.NONCE_BYTES + aead.TAG_BYTES
# An empty plaintext: the recorder closed the file.
END_BYTES: Final = aead.NONCE_BYTES + aead.TAG_BYTES
_SEALED_KEY_BYTES: Final = 80
_FIELDS: Final = frozenset(
    {"protocol", "kind", "room", "part", "letter", "track", "piece", "class", "opened_at", "recipient", "key"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prelude:
    """What stands in clear at the head of a file. `opened_at`: wall clock of room time 0, ms since 1970."""

    room: str
    place: Place
    klass: str
    opened_at: int
    recipient: bytes
    key: bytes

    def to_bytes(self) -> bytes:
        """Magic, length and canonical JSON."""
        text = canonical(
            {
                "protocol": "qt/1",
                "kind": "recording",
                **self.bound(),
                "opened_at": self.opened_at,
                "recipient": self.recipient.hex(),
                "key": self.key.hex(),
            }
        )
        return MAGIC + u32be(len(text)) + text

    def bound(self) -> dict[str, str | int]:
        """What the data key is bound to."""
        return bound(self.room, self.place, self.klass)


def bound(room: str, place: Place, klass: str) -> dict[str, str | int]:
    """Room, place and class of a file as they enter keys and preludes."""
    return {
        "room": room,
        "part": place.part,
        "letter": place.letter,
        "track": place.track,
        "piece": place.piece,
        "class": klass,
    }


def parse_prelude(data: bytes) -> Prelude:
    """Read the JSON text of a prelude. Raises RecordingError ``recording.prelude``."""
    try:
        value = parse_canonical(data, max_bytes=MAX_PRELUDE_BYTES, max_depth=2)
        if not isinstance(value, Mapping) or value.keys() != _FIELDS:
            raise ValueError
        if (value["protocol"], value["kind"]) != ("qt/1", "recording"):
            raise ValueError
        place = Place(
            part=_int(value["part"]),
            letter=_text(value["letter"]),
            track=_text(value["track"]),
            piece=_int(value["piece"]),
        )
        read = Prelude(
            room=_text(value["room"]),
            place=place,
            klass=_text(value["class"]),
            opened_at=_int(value["opened_at"]),
            recipient=bytes.fromhex(_text(value["recipient"])),
            key=bytes.fromhex(_text(value["key"])),
        )
    except (CanonicalError, TypeError, ValueError, RecordingError) as error:
        raise RecordingError("recording.prelude") from error
    if len(read.recipient) != aead.KEY_BYTES or len(read.key) != _SEALED_KEY_BYTES:
        raise RecordingError("recording.prelude")
    return read


def start_of(prelude: bytes) -> bytes:
    """h_0, from the whole prelude."""
    return tagged(_START, prelude)


def following(head: bytes, sealed: bytes) -> bytes:
    """h_n from h_{n-1} and the sealed bytes of a frame."""
    return tagged(CHAIN, head, sha256(sealed))


def data_key(seed: bytes, room: str, place: Place, klass: str) -> bytes:
    """The key of one file, 32 bytes: no two files of a run share one."""
    return hmac_sha256(seed, _KEY.encode(), b"\x00", canonical(bound(room, place, klass)))


def seal_key(recipient: bytes, key: bytes, room: str, place: Place, klass: str) -> bytes:
    """Seal a file's key to the class's key. Raises RecordingError ``recording.recipient``."""
    try:
        return seal(recipient, _info(bound(room, place, klass)), key)
    except SealError as error:
        raise RecordingError("recording.recipient") from error


def open_key(prelude: Prelude, private: bytes) -> bytes:
    """The file's key. Raises RecordingError ``recording.key`` when the private key is another one."""
    try:
        if x25519_public(private) != prelude.recipient:
            raise RecordingError("recording.key")
        key = open_sealed(private, _info(prelude.bound()), prelude.key)
    except SealError as error:
        raise RecordingError("recording.key") from error
    if len(key) != aead.KEY_BYTES:
        raise RecordingError("recording.key")
    return key


def seal_frame(key: bytes, start: bytes, number: int, plaintext: bytes) -> bytes:
    """Seal frame `number` of the file whose h_0 is `start`; the nonce is the number."""
    return aead.encrypt(key, plaintext, bound_to=_place_of(start, number), nonce=_nonce(number))


def open_frame(key: bytes, start: bytes, number: int, sealed: bytes) -> bytes:
    """The plaintext of a frame. Raises RecordingError ``recording.frame`` for anything but what was
    sealed."""
    try:
        plaintext = aead.decrypt(key, sealed, bound_to=_place_of(start, number))
    except SealError as error:
        raise RecordingError("recording.frame", frame=number) from error
    if sealed[: aead.NONCE_BYTES] != _nonce(number):
        raise RecordingError("recording.frame", frame=number)
    return plaintext


def _nonce(number: int) -> bytes:
    return u64be(number).rjust(aead.NONCE_BYTES, b"\x00")


def _place_of(start: bytes, number: int) -> bytes:
    if len(start) != HASH_BYTES:
        raise RecordingError("recording.frame", frame=number)
    return tagged(_BOUND, start, u64be(number))


def _info(names: Mapping[str, str | int]) -> bytes:
    return _KEY.encode() + b"\x00" + canonical(dict(names))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _int(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value
