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


class WishOut(Wire):
    """A wish to open; `opened_at` is null until two custodians gave their shares."""

    tier: int = Field(examples=[2])
    version: int = Field(examples=[1])
    log_index: int = Field(examples=[214])
    asked_at: str = Field(examples=["2026-11-23T03:00:00Z"])
    opened_at: str | None = Field(examples=["2026-11-23T03:00:00Z"])


class TierOut(Wire):
    """Whom a tier lets in, as the manifest fixed it before anybody was asked."""

    tier: int = Field(examples=[2])
    readers: list[str] = Field(examples=[["committee", "site", "supervisor"]])


class RosterStateOut(Wire):
    """How far a roster is. `version` is null while nothing is sealed, `tier` 0 while nothing is open;
    `stale`: somebody was replaced since the sealing; `readable`: the tier lets the caller in.
    """

    draw: str = Field(examples=["drw_2f9d0c"])
    version: int | None = Field(examples=[1])
    sealed_at: str | None = Field(examples=["2026-11-22T09:00:00Z"])
    not_before: str | None = Field(examples=["2026-11-23T03:00:00Z"])
    due: bool = Field(description="whether the time has come from which it may be opened")
    stale: bool
    tier: int = Field(examples=[0])
    readable: bool
    tiers: list[TierOut]
    openings: list[WishOut]


class RosterSeatOut(Wire):
    """Who sits; `seat` counts from 1."""

    seat: int = Field(examples=[1])
    stratum: str = Field(examples=["civil"])
    site: str = Field(examples=["city"])
    venue: str | None = Field(examples=["ste_main"])
    name: str = Field(examples=["虚安柏"])
    way: Literal["drawn", "self_selected", "direct"]


class OpenRosterOut(Wire):
    """An opened roster, as far as the reader's tier goes."""

    draw: str = Field(examples=["drw_2f9d0c"])
    version: int = Field(examples=[1])
    tier: int = Field(examples=[2])
    seats: list[RosterSeatOut]
