"""Request and answer of the roster's routes."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas import Wire

Reason = Annotated[str, Field(min_length=1, max_length=200, examples=["开评，评标室启用 room start"])]


class OpeningIn(Wire):
    """A wish to open the roster. `reason` names no person."""

    tier: Literal[2, 3] = Field(examples=[2])
    reason: Reason


class OpeningOut(Wire):
    """An opening that the custodians granted."""

    id: str = Field(examples=["rop_5d2f0c1b9a8e7d6c5b4a3921"])
    draw: str = Field(examples=["drw_2f9d0c"])
    version: int = Field(examples=[1])
    tier: int = Field(examples=[2])
    log_index: int = Field(examples=[214])
    opened_at: str = Field(examples=["2026-11-23T03:00:00Z"])


class RosterSeatOut(Wire):
    """Who sits; `seat` counts from 1."""

    seat: int = Field(examples=[1])
    stratum: str = Field(examples=["civil"])
    site: str = Field(examples=["city"])
    venue: str | None = Field(examples=["ste_main"])
    name: str = Field(examples=["虚安柏"])


class OpenRosterOut(Wire):
    """An opened roster, as far as the reader's tier goes."""

    draw: str = Field(examples=["drw_2f9d0c"])
    version: int = Field(examples=[1])
    tier: int = Field(examples=[2])
    seats: list[RosterSeatOut]
