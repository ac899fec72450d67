"""Settings of this call, and an installation to work on: what every command over the database begins with."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from app.composition import Installation
    from app.settings import Settings
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
