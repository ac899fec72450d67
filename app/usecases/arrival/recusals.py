"""The expert's own declaration at the seat, before any score (R10 stage 2, 招标投标法 37).

The seat is closed at once, the campaign passes it on to the next rank, and the person stays behind the gate
until release: whoever knows the bidders by now talks to nobody. Cause and words are private: the ledger says
that it happened and shows a digest, the signed statement is kept sealed.
"""

from dataclasses import dataclass, field
from typing import Final

from app.errors import AccessRefusedError
from app.store.repositories.arrivals import Arrival
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.desk import Desk, invitation_of, step
from app.usecases.arrival.ledger import Act
from app.usecases.arrival.seat_sessions import SeatSession, key_of_session
from app.usecases.invitations import arrivals
from app.usecases.operations import Actor
from crypto import p256
from crypto.canonical import canonical
from crypto.errors import SignatureError
from crypto.hashing import sha256
from remote_eval import arrival as way

FORMAT: Final = "qt/1 recusal"
CAUSES: Final = ("kin", "employment", "interest", "prepared", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A declaration, signed by the seat's browser under `statement`."""

    cause: str = field(repr=False)
    words: str = field(repr=False)
    signature: bytes


def statement(session: SeatSession, declared: Declared) -> bytes:
    """What is signed, canonical JSON."""
    return canonical(
        {
            "format": FORMAT,
            "site": session.site,
            "seat": session.seat,
            "arrival": session.arrival.code,
            "cause": declared.cause,
            "declaration": declared.words,
        }
    )


async def recuse(
    uow: UnitOfWork, desk: Desk, session: SeatSession, declared: Declared, *, address: str
) -> Arrival:
    """Close the seat to this person and have it passed on. Raises AccessRefusedError ``seat.refused`` when
    the signature does not hold.
    """
    signed = statement(session, declared)
    try:
        p256.verify(await key_of_session(uow, session), signed, declared.signature)
    except SignatureError as error:
        raise AccessRefusedError("seat.refused") from error
    actor = Actor(person=f"seat:{session.seat}"[:64], address=address, source="seat")
    act = Act(platform=desk.platform, site=session.site, actor=actor, now=desk.platform.now())
    arrival = await step(uow, session.arrival, way.RECUSED, shown={"declaration"}, now=act.now)
    await uow.seat_access.end_sessions(reason="recused", now=act.now, arrival_id=arrival.id)
    await uow.seat_access.close_seating(arrival.id, signed, declared.signature, now=act.now)
    digest = sha256(declared.signature, signed).hex()
    told = f"recusal at the seat: {declared.cause}"
    await arrivals.recused_at_venue(uow, await invitation_of(uow, arrival), note=told, now=act.now)
    await act.enter(uow, "recused", arrival=arrival.id, seat=session.seat, statement=digest)
    return arrival
