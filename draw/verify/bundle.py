"""The checked bundle as the later checks see it: entries by type, the draw number, the Sealed Draw Record and
its digest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from draw.verify import canonical, ed25519
from draw.verify.errors import require
from draw.verify.format_entries import ROLES
from draw.verify.hashing import tagged
from draw.verify.notes import Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One log entry. `signed` are the bytes of C(entry without signatures); `leaf_hash` is its RFC 6962 leaf
    hash."""

    index: int
    type: str
    time: str
    body: Any
    signatures: tuple[Any, ...]
    signed: bytes
    leaf_hash: bytes
    proof: tuple[bytes, ...]


@dataclass(kw_only=True)
class Bundle:
    """A bundle past check 1. `value` is the whole JSON value; `checkpoints` is filled by check 2."""

    value: Any
    entries: tuple[Entry, ...]
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)

    @cached_property
    def _by_type(self) -> dict[str, tuple[Entry, ...]]:
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(entry.type, []).append(entry)
        return {kind: tuple(entries) for kind, entries in found.items()}

    def of(self, kind: str) -> tuple[Entry, ...]:
        """The entries of one type, in log order."""
        return self._by_type.get(kind, ())

    @property
    def stage(self) -> str:
        """The stage that check 1 found to agree with the entries."""
        return str(self.value["stage"])

    @property
    def request(self) -> Entry:
        """The one request entry (check 1)."""
        return self.of("request")[0]

    @property
    def draw(self) -> int:
        """k: the log index of the request entry."""
        return self.request.index

    @cached_property
    def parties(self) -> dict[str, str]:
        """Public keys (hex) by role, as the request names them."""
        return dict(self.request.body["parties"])

    @property
    def sealed(self) -> bool:
        """Whether there is a seal entry."""
        return bool(self.of("seal"))

    @property
    def seal(self) -> Entry:
        """The first seal entry; callers know that the draw is sealed."""
        return self.of("seal")[0]

    @property
    def sdr(self) -> Any:
        """The Sealed Draw Record."""
        return self.seal.body

    @cached_property
    def sdr_digest(self) -> bytes:
        """Sdr = H("qt/1 sdr", C(SDR)), 32 bytes."""
        return tagged("qt/1 sdr", canonical.encode(self.sdr))

    def require_signed(self, entry: Entry, keys: Mapping[str, str], number: int) -> None:
        """§2: the entry carries exactly the signatures of these roles and keys, and each holds. Fails check
        `number`."""
        expected = [role for role in ROLES if role in keys]
        present = [signature["role"] for signature in entry.signatures]
        require(present == expected, number, f"{entry.type} at {entry.index}: not the required signatures")
        message = f"qt/1 {entry.type}".encode("ascii") + b"\0" + entry.signed
        for signature in entry.signatures:
            role, key = signature["role"], signature["key"]
            require(key == keys[role], number, f"{entry.type} at {entry.index}: another key of the {role}")
            holds = ed25519.verified(bytes.fromhex(key), bytes.fromhex(signature["signature"]), message)
            require(holds, number, f"{entry.type} at {entry.index}: signature of the {role} fails")

    def require_signed_by(self, entry: Entry, roles: tuple[str, ...], number: int) -> None:
        """As `require_signed`, with the keys that the request names."""
        self.require_signed(entry, {role: self.parties[role] for role in roles}, number)

    def require_this_draw(self, entry: Entry, number: int) -> None:
        """The entry belongs to draw k and, where it names one, to this SDR. Fails check `number`."""
        require(entry.body["draw"] == self.draw, number, f"{entry.type} at {entry.index}: another draw")
        if "sdr" in entry.body:
            expected = self.sdr_digest.hex() if self.sealed else None
            require(entry.body["sdr"] == expected, number, f"{entry.type} at {entry.index}: another SDR")
