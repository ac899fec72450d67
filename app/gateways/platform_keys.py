"""The platform's own key folder: signing, VRF and custody seeds and the key of person hashes in one
owner-only file (0600).

It never leaves the platform's machine. Registering the public halves in the log is the ceremony's work.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.errors import AppError
from app.private_files import create_private
from crypto.signing import SigningKey
from crypto.vrf import VrfKey

SEED_BYTES: Final = 32
FILE_NAME: Final = "platform-keys.json"
_OTHERS: Final = 0o077
_SEEDS: Final = ("signing", "vrf", "person", "custody")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformKeys:
    """What the platform signs and proves with.

    `person` keys the hashes that stand for human beings; `custody` is the X25519 key that the platform's
    share of a sealed roster is sealed to.
    """

    signing: SigningKey
    vrf: VrfKey
    person: bytes = field(repr=False)
    custody: bytes = field(repr=False)


def load_or_create(folder: Path) -> PlatformKeys:
    """The keys of `folder`; a missing file is made. Raises AppError ``platform.key-mode`` when others may
    read it.
    """
    path = folder / FILE_NAME
    if not path.exists():
        _create(path)
    if path.stat().st_mode & _OTHERS:
        raise AppError("platform.key-mode")
    try:
        seeds = json.loads(path.read_bytes())
        signing, vrf, person, custody = (bytes.fromhex(seeds[name]) for name in _SEEDS)
    except (ValueError, KeyError, TypeError) as error:
        raise AppError("platform.key-file") from error
    return PlatformKeys(
        signing=SigningKey.from_seed(signing), vrf=VrfKey.from_seed(vrf), person=person, custody=custody
    )


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    seeds = {name: os.urandom(SEED_BYTES).hex() for name in _SEEDS}
    # Of two starting processes one wins; both then read the same keys.
    with suppress(FileExistsError):
        create_private(path, json.dumps(seeds).encode("ascii"))
