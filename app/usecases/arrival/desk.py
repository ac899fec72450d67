"""What every act of a desk shares: the platform, the devices it commands, its hours and days.

A day is a Beijing day. An arrival belongs to one site; whoever is bound to another site is told that there is
no such thing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from app.errors import ConflictError, NotFoundError
from app.gateways.devices import DeviceCommands
from app.store.field_cipher import FieldCipher
from app.store.repositories.arrivals import Arrival
from app.store.repositories.invitations import Invitation
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.platform import Platform
from app.usecases.principals import Principal, require_site
from app.usecases.proof_codes import ALPHABET
from draw import invitation as states
from remote_eval import arrival as way
from remote_eval.errors import ArrivalError
from remote_eval.slots import BEIJING

ID_BYTES: Final = 10
_HAVE_A_SEAT: Final = frozenset({states.ARRIVED, states.LATE, states.SEATED, states.FINISHED})
SHORT_CODE_CHARS: Final = 6
SILENCE: Final = timedelta(seconds=90)
# The next thing to be done with an arrival, by its state.
NEXT: Final = {
    way.CONFIRMED: "deposit",
    way.DEPOSITED: "gate",
    way.GATE_OPEN: "gate",
    way.DETECTOR_HOLD: "clearance",
    way.INSIDE: "seat",
    way.LEFT: "return",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One installation as desks, gates and seats see it. `origin` is where seat browsers load their page
    from; a device is lost when it was silent for longer than `silence`; clocks may be `skew` apart.
    """

    platform: Platform
    commands: DeviceCommands
    origin: str
    silence: timedelta = SILENCE
    skew: timedelta = timedelta(seconds=30)


def new_id(platform: Platform, prefix: str) -> str:
    """A fresh id such as ``arr_…``."""
    return f"{prefix}_{platform.random(ID_BYTES).hex()}"


def day_of(now: str) -> str:
    """The Beijing date of a time."""
    return from_text(now).astimezone(BEIJING).date().isoformat()


def span_of(day: str) -> tuple[str, str]:
    """When a Beijing day begins, and when the next one does."""
    begins = datetime.fromisoformat(day).replace(tzinfo=BEIJING)
    return to_text(begins), to_text(begins + timedelta(days=1))


def short_code(cipher: FieldCipher, letter: str) -> str:
    """The code by which staff speak of the bearer of a letter: says nothing of letter or bearer."""
    number = int(cipher.tag("short code", letter)[:8], 16)
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(SHORT_CODE_CHARS))


def own_site(principal: Principal) -> str:
    """The site of a desk. Raises NotFoundError ``site.unknown`` for who is bound to none."""
    if principal.site_id is None:
        raise NotFoundError("site.unknown")
    return principal.site_id


def has_a_seat(invitation: Invitation) -> bool:
    """Whether somebody who came is still the one whom the seat waits for."""
    return invitation.pending is None and invitation.state in _HAVE_A_SEAT


async def find_arrival(uow: UnitOfWork, principal: Principal, arrival_id: str) -> Arrival:
    """One arrival of the caller's site. Raises NotFoundError ``arrival.unknown``."""
    found = await uow.arrivals.get(arrival_id)
    if found is None:
        raise NotFoundError("arrival.unknown")
    require_site(principal, found.site, missing="arrival.unknown")
    return found


async def step(
    uow: UnitOfWork, arrival: Arrival, target: str, *, shown: Collection[str], now: str, **changes: Any
) -> Arrival:
    """Move an arrival by the table. Raises ConflictError with the table's code and what is missing."""
    try:
        way.advance(arrival.state, target, shown=shown, now=from_text(now))
    except ArrivalError as error:
        raise ConflictError(error.code, **error.details) from error
    present = target in way.PRESENT
    return await uow.arrivals.move(arrival, now=now, state=target, present=present, **changes)


async def invitation_of(uow: UnitOfWork, arrival: Arrival) -> Invitation:
    """The invitation that led to an arrival. Raises NotFoundError ``arrival.unknown``."""
    found = await uow.invitations.get(arrival.letter)
    if found is None:
        raise NotFoundError("arrival.unknown")
    return found
