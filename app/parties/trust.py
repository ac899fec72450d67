"""The keys a node (or a verifier) accepts, role by role: the trust file of draw-proof §12.

Pinned when the node is set up; a node serves no request whose keys are not listed here.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from crypto.canonical import JsonValue, canonical, parse

FORMAT: Final = "qt/1 trust"
KEY_ROLES: Final = ("platform", "agency", "supervisor", "cosigner")
MAX_TRUST_BYTES: Final = 256 * 1024
_HEX32: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Origin of the log and the accepted public keys per role, as hexadecimal text."""

    origin: str
    keys: dict[str, tuple[str, ...]]

    def to_bytes(self) -> bytes:
        """The trust file's bytes."""
        lists: dict[str, JsonValue] = {role: list[JsonValue](self.keys[role]) for role in KEY_ROLES}
        return canonical({"format": FORMAT, "origin": self.origin, **lists})

    def accepts(self, role: str, public: str) -> bool:
        """Whether this key may act in this role."""
        return public in self.keys.get(role, ())

    @property
    def log_public(self) -> bytes:
        """The log's key: the platform's first one."""
        return bytes.fromhex(self.keys["platform"][0])


def read_trust(data: bytes) -> Trust:
    """Parse a trust file. Raises CanonicalError or ValueError."""
    value = parse(data, max_bytes=MAX_TRUST_BYTES)
    if (
        not isinstance(value, dict)
        or set(value) != {"format", "origin", *KEY_ROLES}
        or value["format"] != FORMAT
    ):
        raise ValueError("not a trust file of version qt/1")
    keys = {role: _keys(value[role]) for role in KEY_ROLES}
    if not keys["platform"]:
        raise ValueError("a trust file names the platform's key")
    return Trust(origin=str(value["origin"]), keys=keys)


def load_trust(path: Path) -> Trust:
    """Read a trust file from disk. Raises FileNotFoundError, CanonicalError, ValueError."""
    return read_trust(path.read_bytes())


def _keys(value: JsonValue) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(
        isinstance(one, str) and _HEX32.fullmatch(one) for one in value
    ):
        raise ValueError("keys are lists of 64 hexadecimal digits")
    return tuple(cast("list[str]", value))
