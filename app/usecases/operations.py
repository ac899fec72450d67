"""Who did what, from where (R50): one record per act, in the transaction of the act."""

from dataclasses import dataclass

from app.store.repositories.operations import Operation
from app.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The accountable person, the network address and the channel (``api``, ``cli``)."""

    person: str
    address: str
    source: str


async def note(uow: UnitOfWork, actor: Actor, action: str, target: str, *, now: str) -> None:
    """Write one record. `target` is the id of a project, draw, pool or key."""
    await uow.operations.add(
        Operation(
            time=now,
            address=actor.address,
            operator=actor.person,
            source=actor.source,
            action=action,
            target=target,
        )
    )
