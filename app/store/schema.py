"""The whole schema: whoever imports this has every table in `METADATA`."""

from app.store import (
    appointment_tables,
    case_tables,
    delivery_tables,
    desk_tables,
    gateway_tables,
    invitation_tables,
    people_tables,
    preservation_tables,
    room_tables,
    roster_tables,
    tables,
    terminal_tables,
    venue_tables,
)
from app.store.columns import METADATA

__all__ = ["METADATA", "TABLE_MODULES"]

TABLE_MODULES = (
    tables,
    invitation_tables,
    delivery_tables,
    people_tables,
    venue_tables,
    desk_tables,
    roster_tables,
    room_tables,
    gateway_tables,
    case_tables,
    terminal_tables,
    appointment_tables,
    preservation_tables,
)
