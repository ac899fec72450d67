"""Tables of venues: sites, zones, rooms, seats, bookings. Conventions: `app.store.tables`.

The database itself keeps bookings apart. A seat holds one booking per half-hour slot (`seat_slots`). A room
has one regime per slot (`room_slots`): the id of the booking that has it alone, or ``mixed``; a seat's slot
refers to the room's slot with its own regime, so two bookings meet in a room only when both are ``mixed``.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    false,
)

from app.store.columns import HEX32, ID, METADATA, SERIAL, TEXT, TIME

venue_sites = Table(
    "venue_sites",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("mode", String(4), nullable=False),
    Column("name", TEXT, nullable=False),
    Column("address", TEXT, nullable=False),
    Column("contact", TEXT, nullable=False),
    Column("hosts", Boolean, nullable=False),
    Column("assists", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", TIME, nullable=False),
    CheckConstraint("mode IN ('live', 'test')", name="mode"),
    CheckConstraint("hosts OR assists", name="serves"),
)

venue_zones = Table(
    "venue_zones",
    METADATA,
    Column("site_id", ID, ForeignKey("venue_sites.id"), primary_key=True),
    Column("id", ID, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", TEXT, nullable=False),
    Column("retired", Boolean, nullable=False),
)

venue_rooms = Table(
    "venue_rooms",
    METADATA,
    Column("site_id", ID, primary_key=True),
    Column("id", ID, primary_key=True),
    Column("zone_id", ID, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("use", String(8), nullable=False),
    # Views that must be recorded there (R26), as names of cameras.
    Column("cameras", JSON, nullable=False),
    Column("retired", Boolean, nullable=False),
    ForeignKeyConstraint(["site_id", "zone_id"], ["venue_zones.site_id", "venue_zones.id"]),
    CheckConstraint("use IN ('single', 'mixed')", name="use"),
)

venue_seats = Table(
    "venue_seats",
    METADATA,
    Column("site_id", ID, primary_key=True),
    Column("id", ID, primary_key=True),
    Column("room_id", ID, nullable=False),
    Column("label", TEXT, nullable=False),
    Column("retired", Boolean, nullable=False),
    ForeignKeyConstraint(["site_id", "room_id"], ["venue_rooms.site_id", "venue_rooms.id"]),
    # A seat's id names it alone, whatever the site: doors and browsers know seats by it.
    UniqueConstraint("id"),
)

seat_equipment = Table(
    "seat_equipment",
    METADATA,
    Column("site_id", ID, primary_key=True),
    Column("seat_id", ID, primary_key=True),
    Column("part", String(16), primary_key=True),
    Column("condition", String(16), nullable=False),
    Column("checked_at", TIME),
    # Whose finding the condition is; the seat's own last check is kept beside whatever staff say.
    Column("source", String(16)),
    Column("own_fault", Boolean, nullable=False, server_default=false()),
    Column("own_condition", String(16)),
    Column("own_at", TIME),
    Column("own_figures", JSON),
    ForeignKeyConstraint(["site_id", "seat_id"], ["venue_seats.site_id", "venue_seats.id"]),
    CheckConstraint("part IN ('pc', 'network', 'microphone', 'speaker', 'camera')", name="part"),
    CheckConstraint("condition IN ('ok', 'faulty', 'unchecked')", name="condition"),
    CheckConstraint("(condition = 'unchecked') = (checked_at IS NULL)", name="checked"),
)

# Every fault and repair report, for good: the equipment row only says how it is now.
seat_reports = Table(
    "seat_reports",
    METADATA,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("site_id", ID, nullable=False),
    Column("seat_id", ID, nullable=False),
    Column("part", String(16), nullable=False),
    Column("condition", String(16), nullable=False),
    Column("note", TEXT, nullable=False),
    Column("source", String(16), nullable=False, server_default="staff"),
    Column("figures", JSON),
    Column("reported_by", ID, nullable=False),
    Column("reported_at", TIME, nullable=False),
    ForeignKeyConstraint(["site_id", "seat_id"], ["venue_seats.site_id", "venue_seats.id"]),
    Index(None, "site_id", "reported_at"),
)

bookings = Table(
    "bookings",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("draw_id", ID, ForeignKey("draws.id"), nullable=False, unique=True),
    Column("mode", String(4), nullable=False),
    Column("agency_id", ID, ForeignKey("agencies.id"), nullable=False),
    Column("state", String(16), nullable=False),
    # The order that holds now: 1 for the first, one more for each change.
    Column("revision", Integer, nullable=False),
    Column("since", TIME, nullable=False),
    Column("until", TIME, nullable=False),
    Column("experts", Integer, nullable=False),
    Column("mixed", Boolean, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    Column("version", Integer, nullable=False),
    CheckConstraint("mode IN ('live', 'test')", name="mode"),
    CheckConstraint("state IN ('pending', 'confirmed', 'returned', 'cancelled')", name="state"),
    CheckConstraint("since < until", name="time"),
)

booking_orders = Table(
    "booking_orders",
    METADATA,
    Column("booking_id", ID, ForeignKey("bookings.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("since", TIME, nullable=False),
    Column("until", TIME, nullable=False),
    Column("reason", TEXT, nullable=False),
    Column("ordered_by", ID, nullable=False),
    Column("ordered_at", TIME, nullable=False),
    CheckConstraint("kind IN ('apply', 'change', 'cancel')", name="kind"),
)

# One row per centre and order; rows of earlier orders stay as they were decided.
booking_centres = Table(
    "booking_centres",
    METADATA,
    Column("booking_id", ID, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("site_id", ID, ForeignKey("venue_sites.id"), primary_key=True),
    Column("place", ID, nullable=False),
    Column("main", Boolean, nullable=False),
    Column("experts", Integer, nullable=False),
    Column("seats", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("decided_by", ID),
    Column("decided_at", TIME),
    Column("reason", TEXT),
    ForeignKeyConstraint(
        ["booking_id", "revision"], ["booking_orders.booking_id", "booking_orders.revision"]
    ),
    UniqueConstraint("booking_id", "revision", "place"),
    CheckConstraint("state IN ('pending', 'confirmed', 'returned')", name="state"),
    CheckConstraint("(state = 'pending') = (decided_by IS NULL)", name="decided"),
    CheckConstraint("state <> 'returned' OR reason IS NOT NULL", name="reason"),
    Index(None, "site_id", "state"),
)

room_slots = Table(
    "room_slots",
    METADATA,
    Column("site_id", ID, primary_key=True),
    Column("room_id", ID, primary_key=True),
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    # The booking that has the room alone, or the word mixed.
    Column("regime", ID, nullable=False),
    ForeignKeyConstraint(["site_id", "room_id"], ["venue_rooms.site_id", "venue_rooms.id"]),
    UniqueConstraint("site_id", "room_id", "slot", "regime"),
)

seat_slots = Table(
    "seat_slots",
    METADATA,
    Column("site_id", ID, primary_key=True),
    Column("seat_id", ID, primary_key=True),
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("room_id", ID, nullable=False),
    Column("regime", ID, nullable=False),
    Column("booking_id", ID, ForeignKey("bookings.id"), nullable=False, index=True),
    ForeignKeyConstraint(["site_id", "seat_id"], ["venue_seats.site_id", "venue_seats.id"]),
    ForeignKeyConstraint(
        ["site_id", "room_id", "slot", "regime"],
        ["room_slots.site_id", "room_slots.room_id", "room_slots.slot", "room_slots.regime"],
    ),
    CheckConstraint("regime = 'mixed' OR regime = booking_id", name="regime"),
    Index(None, "site_id", "room_id", "slot"),
)

# Public keys of staff browsers, for the signatures of the relay box: P-256, named by their thumbprint.
staff_keys = Table(
    "staff_keys",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("site_id", ID, ForeignKey("venue_sites.id"), nullable=False, index=True),
    Column("person", ID, nullable=False),
    Column("public", JSON, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
)

# The relay box (R34): what passed a zone, in or out. The sealed content goes when it was taken.
relay_items = Table(
    "relay_items",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("site_id", ID, nullable=False),
    Column("zone_id", ID, nullable=False),
    Column("booking_id", ID, ForeignKey("bookings.id"), nullable=False),
    Column("direction", String(4), nullable=False),
    Column("size", Integer, nullable=False),
    Column("digest", HEX32, nullable=False),
    Column("sealed_name", LargeBinary, nullable=False),
    Column("sealed_content", LargeBinary),
    ForeignKeyConstraint(["site_id", "zone_id"], ["venue_zones.site_id", "venue_zones.id"]),
    CheckConstraint("direction IN ('in', 'out')", name="direction"),
    Index(None, "site_id", "booking_id"),
)

# The two signatures of an item: who put it in, who took it out, each over the same digest.
relay_signatures = Table(
    "relay_signatures",
    METADATA,
    Column("item_id", ID, ForeignKey("relay_items.id"), primary_key=True),
    Column("act", String(4), primary_key=True),
    Column("reason", TEXT, nullable=False),
    Column("person", ID, nullable=False),
    Column("key_id", ID, ForeignKey("staff_keys.id"), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
    Column("signed_at", TIME, nullable=False),
    CheckConstraint("act IN ('put', 'take')", name="act"),
)
