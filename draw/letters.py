"""What an invitation's letter and the answers to it say in bytes: digests, statements, gateway records
(draw-proof §2, §8.2).

A web answer is a statement that the expert's page signs with the key of the letter; a keypad answer is a
record that the gateway signs. Letters themselves, and which answer may follow which, are elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crypto.canonical import JsonValue, canonical, parse_canonical
from crypto.errors import CryptoError
from crypto.hashing import tagged
from crypto.signing import SigningKey, record_message, sign_record, verify_record
from draw.entry_bodies import HEX64, REPLIES
from draw.errors import EntryError
from draw.model import ID, TEXT, TIME
from draw.schema import Integer, ObjectOf, checked, matching, one_of

STATEMENT: Final = "statement"
GATEWAY_RECORD: Final = "gateway-record"
GATEWAY_RECORD_FORMAT: Final = "qt/1 gateway-record"
MAX_RECORD_BYTES: Final = 16 * 1024
_RECORD_SHAPE: Final = ObjectOf(
    {
        "format": one_of(GATEWAY_RECORD_FORMAT),
        "gateway": TEXT,
        "message": ID,
        "draw": Integer(0),
        "n": Integer(1),
        "answer": one_of(*REPLIES),
        "at": TIME,
        "keys": matching(r"[0-9*#]{1,32}"),
        "signature": HEX64,
    }
)


def letter_digest(letter: bytes) -> bytes:
    """H("qt/1 letter", the sealed letter's bytes), 32 bytes."""
    return tagged("qt/1 letter", letter)


def statement(draw: int, n: int, answer: str, at: str) -> bytes:
    """The bytes that the expert's page signs: "qt/1 statement" 00 C({"draw", "n", "answer", "at"})."""
    return record_message(STATEMENT, _said(draw, n, answer, at))


def sign_statement(key: SigningKey, draw: int, n: int, answer: str, at: str) -> bytes:
    """The 64-byte signature under `statement`."""
    return sign_record(key, STATEMENT, _said(draw, n, answer, at))


def verify_statement(signature: bytes, *, key: bytes, draw: int, n: int, answer: str, at: str) -> None:
    """Check a web answer under the 32-byte key of its invitation. Raises EntryError("reply.signature")."""
    try:
        verify_record(key, STATEMENT, _said(draw, n, answer, at), signature)
    except CryptoError as error:
        raise EntryError("reply.signature") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRecord:
    """A keypad answer as the gateway signed it: message id, invitation, answer, time and the keys pressed."""

    gateway: str
    message: str
    draw: int
    n: int
    answer: str
    at: str
    keys: str = field(repr=False)
    signature: bytes = field(repr=False)

    def says(self, draw: int, n: int, answer: str, at: str) -> bool:
        """Whether it is this answer to this invitation."""
        return (self.draw, self.n, self.answer, self.at) == (draw, n, answer, at)

    def verify(self, key: bytes) -> None:
        """Check the signature under the gateway's 32-byte key. Raises EntryError("record.signature")."""
        try:
            verify_record(key, GATEWAY_RECORD, self.unsigned(), self.signature)
        except CryptoError as error:
            raise EntryError("record.signature") from error

    def unsigned(self) -> dict[str, JsonValue]:
        """The record without its signature."""
        named = {name: getattr(self, name) for name in ("gateway", "message", "answer", "at", "keys")}
        return {"format": GATEWAY_RECORD_FORMAT, "draw": self.draw, "n": self.n, **named}

    def to_json(self) -> dict[str, JsonValue]:
        """The record as §8.2 writes it."""
        return {**self.unsigned(), "signature": self.signature.hex()}

    def to_bytes(self) -> bytes:
        """C(record): what the reply's `record` is the digest of."""
        return canonical(self.to_json())


def gateway_record(value: object) -> GatewayRecord:
    """A record from its JSON object. Raises EntryError("record.shape", faults=…)."""
    data: dict[str, Any] = dict(checked(_RECORD_SHAPE, value, EntryError, "record.shape"))
    del data["format"]
    return GatewayRecord(**{**data, "signature": bytes.fromhex(data["signature"])})


def read_gateway_record(data: bytes) -> GatewayRecord:
    """A record from C(record), at most 16 KiB. Raises EntryError ``record.bytes`` or ``record.shape``."""
    try:
        value = parse_canonical(data, max_bytes=MAX_RECORD_BYTES)
    except CryptoError as error:
        raise EntryError("record.bytes", reason=error.code) from error
    return gateway_record(value)


def evidence_digest(document: bytes) -> bytes:
    """H("qt/1 evidence", bytes), 32 bytes: of an event's evidence and of a gateway's record."""
    return tagged("qt/1 evidence", document)


def record_digest(document: bytes) -> bytes:
    """H("qt/1 record", bytes), 32 bytes: how a `record` entry names a document kept outside the log."""
    return tagged("qt/1 record", document)


def _said(draw: int, n: int, answer: str, at: str) -> Mapping[str, JsonValue]:
    return {"draw": draw, "n": n, "answer": answer, "at": at}
