"""Settings of this call, and an installation to work on: what every command over the database begins with."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from app.composition import Installation
    from app.settings import Settings
    from app.usecases.operations import Actor
    from app.usecases.principals import Principal

T = TypeVar("T")
_OVERRIDES: dict[str, Any] = {}


def override(**given: str | None) -> None:
    """Values of the command line; they win over the environment."""
    _OVERRIDES.clear()
    _OVERRIDES.update({name: value for name, value in given.items() if value is not None})


def settings() -> "Settings":
    """The settings of this call."""
    from app.settings import Settings

    return Settings(**_OVERRIDES)


def on_installation(work: "Callable[[Installation], Awaitable[T]]") -> T:
    """Run `work` on the installation of this call's settings."""
    from app.composition import installation

    async def whole() -> T:
        async with installation(settings()) as one:
            return await work(one)

    return asyncio.run(whole())


def local(one: "Installation", *, person: str, role: str, agency: str | None = None) -> "Principal":
    """A person at this machine's terminal, with every scope of the role."""
    from app.usecases.principals import Principal, scopes_of

    return Principal(
        key_id="terminal",
        person=person,
        role=role,
        agency_id=agency,
        scopes=frozenset(scopes_of(role)),
        mode=one.platform.mode,
        signed=False,
    )


def actor(person: str) -> "Actor":
    """Whoever acts at this machine's terminal, as the operation log names them."""
    from app.usecases.operations import Actor

    return Actor(person=person, address="local", source="cli")


def login() -> str:
    """The login at this terminal: who is accountable where a command asks for no person."""
    from getpass import getuser

    return f"login:{getuser()}"


async def begin(one: "Installation", draw: str, caller: "Principal", action: str, operation: str) -> None:
    """Bind the caller to the action's duty in a draw and put the operation on record, before it is done.

    Raises NotFoundError, ConflictError ``draw.duties-clash``, ``draw.duty-late``.
    """
    from app.store.unit_of_work import UnitOfWork
    from app.usecases.draw_requests import find_draw, take_duty
    from app.usecases.operations import note

    async def work(uow: UnitOfWork) -> None:
        row, now = await find_draw(uow, caller, draw), one.platform.now()
        await take_duty(uow, row, caller, action, now=now)
        await note(uow, actor(caller.person), operation, row.id, now=now)

    await one.platform.database.transact(work)


async def record(one: "Installation", operation: str, target: str) -> None:
    """Put an operation of this terminal's login on record."""
    from app.usecases.operations import note

    platform = one.platform
    who, now = actor(login()), platform.now()
    await platform.database.transact(lambda uow: note(uow, who, operation, target, now=now))
