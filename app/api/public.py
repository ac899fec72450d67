"""What everybody may read: proofs by code 核验码, the log with its proofs, trust file, figures, health.

No credentials, only a rate per address. Log answers cover what a published checkpoint covers and nothing
beyond: an entry that is not cosigned counts for nobody.
"""

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.declared import problems
from app.api.principals import PlatformDep, public_rate
from app.api.problems import ProblemError
from app.api.schemas import LogPage, LogProofOut, StatsOut
from app.errors import NotFoundError
from app.store.repositories.log import LogHead
from app.store.unit_of_work import UnitOfWork
from app.usecases.log import consistency, inclusion
from app.usecases.proofs import proof_by_code, trust_file
from draw.appointment import WAYS

MAX_ENTRIES: Final = 200
_MAX_INDEX: Final = 2**53 - 1
Index = Annotated[int, Query(ge=0, le=_MAX_INDEX)]

router = APIRouter(prefix="/v1", tags=["public"], dependencies=[Depends(public_rate)])
health = APIRouter(tags=["health"])


@router.get(
    "/proofs/{code}",
    operation_id="getProofByCode",
    response_class=Response,
    responses={**problems(404), 200: {"content": {"application/json": {}}}},
)
async def get_proof_by_code(platform: PlatformDep, code: str) -> Response:
    """The proof bundle behind a 12-character code, byte for byte as verifiers take it."""
    _, data = await proof_by_code(platform, code)
    return Response(data, media_type="application/json", headers={"Cache-Control": "no-cache"})


@router.get(
    "/log/checkpoint",
    operation_id="getCheckpoint",
    response_class=Response,
    responses={**problems(404), 200: {"content": {"text/plain": {}}}},
)
async def get_checkpoint(platform: PlatformDep) -> Response:
    """The newest published checkpoint, a C2SP signed note."""
    async with platform.database.read() as uow:
        head = await _published(uow)
    return Response(head.published_note, media_type="text/plain; charset=utf-8")


@router.get("/log/entries", operation_id="listLogEntries", response_model=LogPage, responses=problems(404))
async def get_entries(
    platform: PlatformDep, start: Index = 0, limit: Annotated[int, Query(ge=1, le=MAX_ENTRIES)] = 50
) -> dict[str, Any]:
    """Entries from `start` on."""
    async with platform.database.read() as uow:
        head = await _published(uow)
        stored = await uow.log.entries(start, min(start + limit, head.published_size))
    return {
        "size": head.published_size,
        "entries": [
            {"index": one.index, "entry": json.loads(one.entry), "leaf_hash": one.leaf_hash.hex()}
            for one in stored
        ],
    }


@router.get(
    "/log/inclusion", operation_id="proveInclusion", response_model=LogProofOut, responses=problems(404)
)
async def get_inclusion(platform: PlatformDep, index: Index, size: Index) -> dict[str, Any]:
    """Proof that entry `index` is in the tree of `size` entries (RFC 6962)."""
    async with platform.database.read() as uow:
        head = await _published(uow)
        if not index < size <= head.published_size:
            raise ProblemError("log.range")
        proof = await inclusion(uow, index, size)
    return {"size": size, "index": index, "proof": [one.hex() for one in proof]}


@router.get(
    "/log/consistency", operation_id="proveConsistency", response_model=LogProofOut, responses=problems(404)
)
async def get_consistency(platform: PlatformDep, old: Index, size: Index) -> dict[str, Any]:
    """Proof that the tree of `size` entries extends the tree of `old` (RFC 6962)."""
    async with platform.database.read() as uow:
        head = await _published(uow)
        if not old <= size <= head.published_size:
            raise ProblemError("log.range")
        proof = await consistency(uow, old, size)
    return {"size": size, "old": old, "proof": [one.hex() for one in proof]}


@router.get(
    "/trust",
    operation_id="getTrust",
    response_class=Response,
    responses={**problems(), 200: {"content": {"application/json": {}}}},
)
async def get_trust(platform: PlatformDep) -> Response:
    """The trust file: origin and registered keys by role."""
    return Response(await trust_file(platform), media_type="application/json")


@router.get("/stats", operation_id="getStats", response_model=StatsOut, responses=problems())
async def get_stats(platform: PlatformDep) -> dict[str, Any]:
    """Pool sizes, the number of draws in each state, and of seats that were filled without one."""
    async with platform.database.read() as uow:
        pools = await uow.pools.newest(mode=platform.mode)
        draws = await uow.draws.count_by_state(mode=platform.mode)
        appointed = await uow.appointments.count_seats(mode=platform.mode)
        head = await uow.log.head()
    return {
        "pools": [
            {"id": p.id, "version": p.version, "size": p.size, "root": p.root.hex(), "frozen_at": p.frozen_at}
            for p in pools
        ],
        "draws": draws,
        "appointed": {way: appointed.get(way, 0) for way in WAYS},
        "log_size": head.published_size,
    }


@health.get("/healthz", operation_id="isAlive", include_in_schema=False)
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@health.get("/readyz", operation_id="isReady", include_in_schema=False)
async def readyz(request: Request) -> dict[str, str]:
    """The database answers and the log has its head."""
    try:
        async with request.app.state.platform.database.read() as uow:
            await uow.log.head()
    except Exception as error:
        raise ProblemError("service.not-ready") from error
    return {"status": "ready"}


async def _published(uow: UnitOfWork) -> LogHead:
    head = await uow.log.head()
    if head.published_note is None:
        raise NotFoundError("log.no-checkpoint")
    return head
