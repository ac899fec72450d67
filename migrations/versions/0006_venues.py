"""Sites, zones, rooms, seats with equipment, bookings with their half-hour slots, and the relay box.

Runs on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "venue_sites",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("hosts", sa.Boolean(), nullable=False),
        sa.Column("assists", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.String(length=20), nullable=False),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_venue_sites_mode")),
        sa.CheckConstraint("hosts OR assists", name=op.f("ck_venue_sites_serves")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_venue_sites")),
    )
    op.create_table(
        "staff_keys",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("public", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.String(length=20), nullable=False),
        sa.Column("expires_at", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["venue_sites.id"], name=op.f("fk_staff_keys_site_id_venue_sites")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_keys")),
    )
    with op.batch_alter_table("staff_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_keys_site_id"), ["site_id"], unique=False)

    op.create_table(
        "venue_zones",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["venue_sites.id"], name=op.f("fk_venue_zones_site_id_venue_sites")
        ),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_venue_zones")),
    )
    op.create_table(
        "venue_rooms",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("zone_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("use", sa.String(length=8), nullable=False),
        sa.Column("cameras", sa.JSON(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.CheckConstraint("use IN ('single', 'mixed')", name=op.f("ck_venue_rooms_use")),
        sa.ForeignKeyConstraint(
            ["site_id", "zone_id"],
            ["venue_zones.site_id", "venue_zones.id"],
            name=op.f("fk_venue_rooms_site_id_zone_id_venue_zones"),
        ),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_venue_rooms")),
    )
    op.create_table(
        "room_slots",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("room_id", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("regime", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id", "room_id"],
            ["venue_rooms.site_id", "venue_rooms.id"],
            name=op.f("fk_room_slots_site_id_room_id_venue_rooms"),
        ),
        sa.PrimaryKeyConstraint("site_id", "room_id", "slot", name=op.f("pk_room_slots")),
        sa.UniqueConstraint(
            "site_id", "room_id", "slot", "regime", name=op.f("uq_room_slots_site_id_room_id_slot_regime")
        ),
    )
    op.create_table(
        "venue_seats",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("room_id", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id", "room_id"],
            ["venue_rooms.site_id", "venue_rooms.id"],
            name=op.f("fk_venue_seats_site_id_room_id_venue_rooms"),
        ),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_venue_seats")),
        sa.UniqueConstraint("id", name=op.f("uq_venue_seats_id")),
    )
    op.create_table(
        "bookings",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("agency_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("since", sa.String(length=20), nullable=False),
        sa.Column("until", sa.String(length=20), nullable=False),
        sa.Column("experts", sa.Integer(), nullable=False),
        sa.Column("mixed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.String(length=20), nullable=False),
        sa.Column("updated_at", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_bookings_mode")),
        sa.CheckConstraint(
            "state IN ('pending', 'confirmed', 'returned', 'cancelled')", name=op.f("ck_bookings_state")
        ),
        sa.CheckConstraint("since < until", name=op.f("ck_bookings_time")),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_bookings_agency_id_agencies")),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_bookings_draw_id_draws")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bookings")),
        sa.UniqueConstraint("draw_id", name=op.f("uq_bookings_draw_id")),
    )
    op.create_table(
        "seat_equipment",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("seat_id", sa.String(length=64), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("condition", sa.String(length=16), nullable=False),
        sa.Column("checked_at", sa.String(length=20), nullable=True),
        sa.CheckConstraint(
            "(condition = 'unchecked') = (checked_at IS NULL)", name=op.f("ck_seat_equipment_checked")
        ),
        sa.CheckConstraint(
            "condition IN ('ok', 'faulty', 'unchecked')", name=op.f("ck_seat_equipment_condition")
        ),
        sa.CheckConstraint(
            "part IN ('pc', 'network', 'microphone', 'speaker', 'camera')",
            name=op.f("ck_seat_equipment_part"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id", "seat_id"],
            ["venue_seats.site_id", "venue_seats.id"],
            name=op.f("fk_seat_equipment_site_id_seat_id_venue_seats"),
        ),
        sa.PrimaryKeyConstraint("site_id", "seat_id", "part", name=op.f("pk_seat_equipment")),
    )
    op.create_table(
        "seat_reports",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("seat_id", sa.String(length=64), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("condition", sa.String(length=16), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("reported_by", sa.String(length=64), nullable=False),
        sa.Column("reported_at", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id", "seat_id"],
            ["venue_seats.site_id", "venue_seats.id"],
            name=op.f("fk_seat_reports_site_id_seat_id_venue_seats"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_reports")),
    )
    with op.batch_alter_table("seat_reports", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_seat_reports_site_id_reported_at"), ["site_id", "reported_at"], unique=False
        )

    op.create_table(
        "booking_orders",
        sa.Column("booking_id", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("since", sa.String(length=20), nullable=False),
        sa.Column("until", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("ordered_by", sa.String(length=64), nullable=False),
        sa.Column("ordered_at", sa.String(length=20), nullable=False),
        sa.CheckConstraint("kind IN ('apply', 'change', 'cancel')", name=op.f("ck_booking_orders_kind")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("fk_booking_orders_booking_id_bookings")
        ),
        sa.PrimaryKeyConstraint("booking_id", "revision", name=op.f("pk_booking_orders")),
    )
    op.create_table(
        "relay_items",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("zone_id", sa.String(length=64), nullable=False),
        sa.Column("booking_id", sa.String(length=64), nullable=False),
        sa.Column("direction", sa.String(length=4), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sealed_name", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_content", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_relay_items_direction")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("fk_relay_items_booking_id_bookings")
        ),
        sa.ForeignKeyConstraint(
            ["site_id", "zone_id"],
            ["venue_zones.site_id", "venue_zones.id"],
            name=op.f("fk_relay_items_site_id_zone_id_venue_zones"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relay_items")),
    )
    with op.batch_alter_table("relay_items", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_relay_items_site_id_booking_id"), ["site_id", "booking_id"], unique=False
        )

    op.create_table(
        "seat_slots",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("seat_id", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("room_id", sa.String(length=64), nullable=False),
        sa.Column("regime", sa.String(length=64), nullable=False),
        sa.Column("booking_id", sa.String(length=64), nullable=False),
        sa.CheckConstraint("regime = 'mixed' OR regime = booking_id", name=op.f("ck_seat_slots_regime")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("fk_seat_slots_booking_id_bookings")
        ),
        sa.ForeignKeyConstraint(
            ["site_id", "room_id", "slot", "regime"],
            ["room_slots.site_id", "room_slots.room_id", "room_slots.slot", "room_slots.regime"],
            name=op.f("fk_seat_slots_site_id_room_id_slot_regime_room_slots"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id", "seat_id"],
            ["venue_seats.site_id", "venue_seats.id"],
            name=op.f("fk_seat_slots_site_id_seat_id_venue_seats"),
        ),
        sa.PrimaryKeyConstraint("site_id", "seat_id", "slot", name=op.f("pk_seat_slots")),
    )
    with op.batch_alter_table("seat_slots", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_seat_slots_booking_id"), ["booking_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_seat_slots_site_id_room_id_slot"), ["site_id", "room_id", "slot"], unique=False
        )

    op.create_table(
        "booking_centres",
        sa.Column("booking_id", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("main", sa.Boolean(), nullable=False),
        sa.Column("experts", sa.Integer(), nullable=False),
        sa.Column("seats", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "(state = 'pending') = (decided_by IS NULL)", name=op.f("ck_booking_centres_decided")
        ),
        sa.CheckConstraint(
            "state <> 'returned' OR reason IS NOT NULL", name=op.f("ck_booking_centres_reason")
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'confirmed', 'returned')", name=op.f("ck_booking_centres_state")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id", "revision"],
            ["booking_orders.booking_id", "booking_orders.revision"],
            name=op.f("fk_booking_centres_booking_id_revision_booking_orders"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["venue_sites.id"], name=op.f("fk_booking_centres_site_id_venue_sites")
        ),
        sa.PrimaryKeyConstraint("booking_id", "revision", "site_id", name=op.f("pk_booking_centres")),
        sa.UniqueConstraint(
            "booking_id", "revision", "place", name=op.f("uq_booking_centres_booking_id_revision_place")
        ),
    )
    with op.batch_alter_table("booking_centres", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_booking_centres_site_id_state"), ["site_id", "state"], unique=False
        )

    op.create_table(
        "relay_signatures",
        sa.Column("item_id", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=4), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.Column("signed_at", sa.String(length=20), nullable=False),
        sa.CheckConstraint("act IN ('put', 'take')", name=op.f("ck_relay_signatures_act")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["relay_items.id"], name=op.f("fk_relay_signatures_item_id_relay_items")
        ),
        sa.ForeignKeyConstraint(
            ["key_id"], ["staff_keys.id"], name=op.f("fk_relay_signatures_key_id_staff_keys")
        ),
        sa.PrimaryKeyConstraint("item_id", "act", name=op.f("pk_relay_signatures")),
    )


def downgrade() -> None:
    op.drop_table("relay_signatures")
    with op.batch_alter_table("booking_centres", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_booking_centres_site_id_state"))

    op.drop_table("booking_centres")
    with op.batch_alter_table("seat_slots", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_seat_slots_site_id_room_id_slot"))
        batch_op.drop_index(batch_op.f("ix_seat_slots_booking_id"))

    op.drop_table("seat_slots")
    with op.batch_alter_table("relay_items", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_relay_items_site_id_booking_id"))

    op.drop_table("relay_items")
    op.drop_table("booking_orders")
    with op.batch_alter_table("seat_reports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_seat_reports_site_id_reported_at"))

    op.drop_table("seat_reports")
    op.drop_table("seat_equipment")
    op.drop_table("bookings")
    op.drop_table("venue_seats")
    op.drop_table("room_slots")
    op.drop_table("venue_rooms")
    op.drop_table("venue_zones")
    with op.batch_alter_table("staff_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_staff_keys_site_id"))

    op.drop_table("staff_keys")
    op.drop_table("venue_sites")
