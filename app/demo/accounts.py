"""Accounts for whoever walks the pages by hand: made as the terminal makes them, enrolled as a browser does.

They belong to the persons who acted before, so that each goes on with their own duties.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import pyotp

from app.composition import Installation
from app.demo.callers import Staff
from app.usecases.operations import Actor
from app.usecases.people import accounts, enrolments
from app.usecases.people.accounts import AccountOrder, Chance
from app.usecases.people.enrolments import TOKEN_BYTES, new_token
from app.usecases.people.passwords import Passwords

PASSWORD_BYTES: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a person needs to sign in; `secret` goes into an authenticator app."""

    login: str
    role: str
    password: str = field(repr=False)
    secret: str = field(repr=False)


async def open_accounts(one: Installation, staff: Sequence[Staff]) -> list[Account]:
    """An account for everybody, with a password and a second factor of its own."""
    passwords = Passwords()
    return [await _open(one, passwords, each) for each in staff]


async def _open(one: Installation, passwords: Passwords, staff: Staff) -> Account:
    platform = one.platform
    token, login = new_token(platform.random(TOKEN_BYTES)), staff.person
    order = AccountOrder(
        login=login,
        name=login,
        role=staff.role,
        agency_id=staff.agency,
        site_id=staff.site,
        person=staff.person,
    )
    chance = Chance(id=platform.random(accounts.ID_BYTES), token=token)
    actor = Actor(person="demo", address="local", source="demo")
    await platform.database.transact(
        lambda uow: accounts.add(
            uow, None, order, mode=platform.mode, actor=actor, chance=chance, now=platform.clock()
        )
    )
    offer = await enrolments.offer(platform, token)
    password = f"Demo-{platform.random(PASSWORD_BYTES).hex()}"
    # The code of the step before: the present one is left for the first sign-in. Time stands still meanwhile,
    # or a step that ends before the code is looked at would make it two steps old.
    now = platform.clock()
    still = replace(platform, clock=lambda: now)
    code = pyotp.TOTP(offer.secret).at(now, counter_offset=-1)
    await enrolments.enrol(still, passwords, token=token, password=password, code=code, address="local")
    return Account(login=login, role=staff.role, password=password, secret=offer.secret)
