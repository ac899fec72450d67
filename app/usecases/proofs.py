"""Proof bundles for whoever asks: by draw id for its parties, by 核验码 for everybody.

A bundle is public at every stage: before the opening it holds signed entries, hashes and proofs, and no size,
position or name (draw-proof §9). It is assembled by `app.usecases.openings` from the log, under a published
checkpoint.
"""

from typing import Final

from app.errors import NotFoundError
from app.store.repositories.draws import DrawRow
from app.usecases.draw_requests import find_draw
from app.usecases.openings import bundle
from app.usecases.platform import Platform
from app.usecases.principals import Principal
from app.usecases.proof_codes import read_code
from crypto.canonical import canonical

TRUST_FORMAT: Final = "qt/1 trust"
ROLES: Final = ("platform", "agency", "supervisor", "cosigner")


async def proof_of_draw(platform: Platform, principal: Principal, draw_id: str) -> tuple[DrawRow, bytes]:
    """The bundle of a draw that this caller may know of. Raises NotFoundError, QuorumMissingError."""
    async with platform.database.read() as uow:
        row = await find_draw(uow, principal, draw_id)
    return row, await bundle(platform, row)


async def proof_by_code(platform: Platform, code: str) -> tuple[DrawRow, bytes]:
    """The bundle behind a 核验码. Raises NotFoundError ``proof.unknown``, QuorumMissingError."""
    canonical_code = read_code(code)
    row = None
    if canonical_code is not None:
        async with platform.database.read() as uow:
            row = await uow.draws.by_code(canonical_code)
    if row is None or row.mode != platform.mode:
        raise NotFoundError("proof.unknown")
    return row, await bundle(platform, row)


async def trust_file(platform: Platform) -> bytes:
    """The trust file of this platform (draw-proof §12): origin and the registered keys by role.

    It comes from the platform itself: whoever wants more than consistency compares it with a copy from the
    parties.
    """
    async with platform.database.read() as uow:
        listed = await uow.parties.all()
    keys = {role: [one.public for one in listed if one.role == role] for role in ROLES}
    return canonical({"format": TRUST_FORMAT, "origin": platform.log.origin, **keys})
