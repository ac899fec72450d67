"""Key folder of a party: signing, VRF and escrow seeds in one file that only its owner can read.

`keys.json` (mode 0600) holds three 32-byte seeds in hexadecimal; `party.json` names the party. Every role
gets all three seeds, and publishes only what its role needs (draw-proof §2: VRF for the supervisor, sealing
key for the cosigner). Does not talk to anybody and does not register the keys: the platform logs the
self-signed `key` entry.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from app.private_files import create_private, write_private
from crypto.sealing import x25519_public
from crypto.signing import SigningKey
from crypto.vrf import VrfKey

Role = Literal["agency", "supervisor", "cosigner"]
ROLES: Final[tuple[Role, ...]] = ("agency", "supervisor", "cosigner")
SEED_BYTES: Final = 32
# Key names stand in signed notes (C2SP signed-note): printable ASCII without blank or plus.
_NAME: Final = re.compile(r"[!-*,-~]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PartyKeys:
    """The opened key folder. `seal_seed` is the X25519 private key."""

    role: Role
    name: str
    signing: SigningKey
    vrf: VrfKey
    seal_seed: bytes

    def identity(self) -> dict[str, str | None]:
        """The public half, as the body of the `key` entry (draw-proof §2)."""
        return {
            "role": self.role,
            "name": self.name,
            "public": self.signing.public.hex(),
            "vrf": self.vrf.public.hex() if self.role == "supervisor" else None,
            "seal": x25519_public(self.seal_seed).hex() if self.role == "cosigner" else None,
        }


def create(folder: Path, *, role: Role, name: str, seeds: bytes) -> PartyKeys:
    """Write a new key folder from 96 random bytes. Raises FileExistsError when one is there, ValueError on
    bad input.
    """
    if role not in ROLES or not _NAME.fullmatch(name) or len(seeds) != 3 * SEED_BYTES:
        raise ValueError("role, name (1 to 100 printable ASCII, no blank, no plus) or seeds are not usable")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / "keys.json").exists():
        raise FileExistsError("keys.json")
    parts = [seeds[start : start + SEED_BYTES].hex() for start in range(0, len(seeds), SEED_BYTES)]
    held = dict(zip(("signing", "vrf", "seal"), parts, strict=True))
    # The keys come last: a folder that has them is complete, one without them may be begun again.
    write_private(folder / "party.json", json.dumps({"role": role, "name": name}).encode("ascii"))
    create_private(folder / "keys.json", json.dumps(held).encode("ascii"))
    return load(folder)


def load(folder: Path) -> PartyKeys:
    """Open a key folder. Raises FileNotFoundError, or PermissionError when others may read the keys."""
    path = folder / "keys.json"
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path.name} must be readable by its owner only (chmod 600)")
    seeds = {
        name: bytes.fromhex(value) for name, value in json.loads(path.read_text(encoding="utf-8")).items()
    }
    party = json.loads((folder / "party.json").read_text(encoding="utf-8"))
    return PartyKeys(
        role=party["role"],
        name=party["name"],
        signing=SigningKey.from_seed(seeds["signing"]),
        vrf=VrfKey.from_seed(seeds["vrf"]),
        seal_seed=seeds["seal"],
    )
