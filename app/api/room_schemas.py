"""Wire shapes of the evaluation room's HTTP side."""

from typing import Literal

from pydantic import BaseModel, Field

from app.api.schemas import Id, Wire

Moment = Field(examples=["2026-11-24T01:00:00.000Z"])
RoomPhase = Literal["preparing", "check-in", "evaluating", "clarifying", "signing", "closed"]


class OpenRoomIn(Wire):
    """A room for a draw whose booking every centre has confirmed."""

    draw: Id


class RoomOut(BaseModel):
    """A room, without who is in it: that is told on its socket only."""

    id: str
    draw: str
    engine: str
    opened_at: str = Moment
    closed_at: str | None
    events: int = Field(description="events in its ledger")
    head: str = Field(description="hash of the last of them, hex")


class RoomList(BaseModel):
    """Rooms, the newest first."""

    items: list[RoomOut]


class SeatRoomOut(BaseModel):
    """The open room of a seat session's draw; null before it is opened."""

    room: str | None
