"""The keys that a request names: of its agency, the platform, the newest supervisor and cosigner."""

from typing import Final

from app.store.repositories.parties import Party
from app.store.unit_of_work import UnitOfWork
from app.usecases.platform import Platform

ROLES: Final = ("platform", "agency", "supervisor", "cosigner")


async def party_keys(
    uow: UnitOfWork, platform: Platform, agency_key: str | None
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Public keys by role, and the roles that have none registered; the platform's is the running one."""
    newest: dict[str, Party] = {}
    for role in ("platform", "supervisor", "cosigner"):
        listed = await uow.parties.by_role(role)
        if listed:
            newest[role] = listed[-1]
    agency = None if agency_key is None else await uow.parties.by_public(agency_key)
    if agency is not None:
        newest["agency"] = agency
    if "platform" in newest and newest["platform"].public != platform.log.key.public.hex():
        del newest["platform"]
    return {role: one.public for role, one in newest.items()}, tuple(r for r in ROLES if r not in newest)
