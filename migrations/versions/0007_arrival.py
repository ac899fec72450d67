"""Check-ins, lockers, gates, seat keys, devices and the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# In the order in which they can go.
_TABLES = (
    "seat_sessions",
    "seat_challenges",
    "seat_keys",
    "seatings",
    "gate_passages",
    "locker_deposits",
    "arrivals",
    "site_ledger_anchors",
    "site_ledger_heads",
    "site_ledger",
    "site_alerts",
    "device_nonces",
    "devices",
    "arrival_attestations",
    "arrival_tries",
)


def upgrade() -> None:
    _add_devices()
    _add_arrivals()
    _add_seats()
    _add_ledger()


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)


def _add_devices() -> None:
    op.create_table(
        "arrival_attestations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("given_by", sa.String(length=64), nullable=False),
        sa.Column("given_at", sa.String(length=20), nullable=False),
        sa.Column("expires_at", sa.String(length=20), nullable=False),
        sa.Column("used_at", sa.String(length=20), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrival_attestations")),
    )
    op.create_table(
        "arrival_tries",
        sa.Column("tag", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.String(length=20), nullable=False),
        sa.Column("released_at", sa.String(length=20), nullable=True),
        sa.Column("released_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_arrival_tries")),
        sa.UniqueConstraint("id", name=op.f("uq_arrival_tries_id")),
    )
    op.create_table(
        "devices",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("public", sa.String(length=64), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=True),
        sa.Column("gate", sa.String(length=64), nullable=True),
        sa.Column("registered_at", sa.String(length=20), nullable=False),
        sa.Column("registered_by", sa.String(length=64), nullable=False),
        sa.Column("last_heartbeat", sa.String(length=20), nullable=True),
        sa.Column("clock_offset", sa.Integer(), nullable=True),
        sa.Column("lost_at", sa.String(length=20), nullable=True),
        sa.Column("revoked_at", sa.String(length=20), nullable=True),
        sa.CheckConstraint("gate IS NULL OR kind = 'detector'", name=op.f("ck_devices_gate")),
        sa.CheckConstraint(
            "kind IN ('gate', 'detector', 'locker', 'id_reader', 'jammer')", name=op.f("ck_devices_kind")
        ),
        sa.ForeignKeyConstraint(["gate"], ["devices.id"], name=op.f("fk_devices_gate_devices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("public", name=op.f("uq_devices_public")),
    )
    op.create_index(op.f("ix_devices_site"), "devices", ["site"], unique=False)
    op.create_table(
        "device_nonces",
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=128), nullable=False),
        sa.Column("expires_at", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_nonces_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("device_id", "nonce", name=op.f("pk_device_nonces")),
    )
    op.create_index(op.f("ix_device_nonces_expires_at"), "device_nonces", ["expires_at"], unique=False)
    op.create_table(
        "site_alerts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("gate", sa.String(length=64), nullable=True),
        sa.Column("opened_at", sa.String(length=20), nullable=False),
        sa.Column("closed_at", sa.String(length=20), nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("level IN ('yellow', 'red')", name=op.f("ck_site_alerts_level")),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name=op.f("ck_site_alerts_closed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_alerts")),
    )
    op.create_index(
        "uq_site_alerts_open",
        "site_alerts",
        ["kind", "subject"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(op.f("ix_site_alerts_site_opened_at"), "site_alerts", ["site", "opened_at"], unique=False)


def _add_arrivals() -> None:
    op.create_table(
        "arrivals",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("letter", sa.String(length=64), nullable=False),
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("presence_tag", sa.String(length=64), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("pass_tag", sa.String(length=64), nullable=True),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("arrived_at", sa.String(length=20), nullable=False),
        sa.Column("minutes_late", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=False),
        sa.Column("released_at", sa.String(length=20), nullable=True),
        sa.Column("released_by", sa.String(length=64), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.String(length=20), nullable=False),
        sa.CheckConstraint("verdict IN ('in-time', 'late', 'too-late')", name=op.f("ck_arrivals_verdict")),
        sa.CheckConstraint(
            "(released_at IS NULL) = (released_by IS NULL)", name=op.f("ck_arrivals_released")
        ),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_arrivals_draw_id_draws")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrivals")),
        sa.UniqueConstraint("letter", name=op.f("uq_arrivals_letter")),
        sa.UniqueConstraint("pass_tag", name=op.f("uq_arrivals_pass_tag")),
        sa.UniqueConstraint("site", "day", "code", name=op.f("uq_arrivals_site_day_code")),
    )
    op.create_index(
        "uq_arrivals_present",
        "arrivals",
        ["presence_tag"],
        unique=True,
        sqlite_where=sa.text("present"),
        postgresql_where=sa.text("present"),
    )
    op.create_index(op.f("ix_arrivals_draw_id"), "arrivals", ["draw_id"], unique=False)
    op.create_index(op.f("ix_arrivals_site_day"), "arrivals", ["site", "day"], unique=False)
    op.create_table(
        "locker_deposits",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("locker", sa.String(length=32), nullable=False),
        sa.Column("arrival_id", sa.String(length=64), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("deposited_at", sa.String(length=20), nullable=False),
        sa.Column("deposited_by", sa.String(length=64), nullable=False),
        sa.Column("sealed_deposit", sa.LargeBinary(), nullable=False),
        sa.Column("returned_at", sa.String(length=20), nullable=True),
        sa.Column("returned_by", sa.String(length=64), nullable=True),
        sa.Column("sealed_return", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(returned_at IS NULL) = (sealed_return IS NULL)", name=op.f("ck_locker_deposits_returned")
        ),
        sa.ForeignKeyConstraint(
            ["arrival_id"], ["arrivals.id"], name=op.f("fk_locker_deposits_arrival_id_arrivals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locker_deposits")),
    )
    op.create_index(
        "uq_locker_deposits_arrival",
        "locker_deposits",
        ["arrival_id"],
        unique=True,
        sqlite_where=sa.text("returned_at IS NULL"),
        postgresql_where=sa.text("returned_at IS NULL"),
    )
    op.create_index(
        "uq_locker_deposits_locker",
        "locker_deposits",
        ["site", "locker"],
        unique=True,
        sqlite_where=sa.text("returned_at IS NULL"),
        postgresql_where=sa.text("returned_at IS NULL"),
    )
    op.create_index(op.f("ix_locker_deposits_arrival_id"), "locker_deposits", ["arrival_id"], unique=False)
    op.create_table(
        "gate_passages",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("gate", sa.String(length=64), nullable=False),
        sa.Column("arrival_id", sa.String(length=64), nullable=False),
        sa.Column("direction", sa.String(length=4), nullable=False),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        sa.Column("opened", sa.Boolean(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("asked_at", sa.String(length=20), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("ended", sa.String(length=8), nullable=True),
        sa.Column("ended_at", sa.String(length=20), nullable=True),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_gate_passages_direction")),
        sa.CheckConstraint("ended IN ('passed', 'shut', 'held')", name=op.f("ck_gate_passages_ended")),
        sa.ForeignKeyConstraint(
            ["arrival_id"], ["arrivals.id"], name=op.f("fk_gate_passages_arrival_id_arrivals")
        ),
        sa.ForeignKeyConstraint(["gate"], ["devices.id"], name=op.f("fk_gate_passages_gate_devices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_passages")),
    )
    op.create_index(op.f("ix_gate_passages_arrival_id"), "gate_passages", ["arrival_id"], unique=False)
    op.create_index(op.f("ix_gate_passages_gate"), "gate_passages", ["gate"], unique=False)


def _add_seats() -> None:
    op.create_table(
        "seatings",
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("seat", sa.String(length=64), nullable=False),
        sa.Column("arrival_id", sa.String(length=64), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("code_tag", sa.String(length=64), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("assigned_at", sa.String(length=20), nullable=False),
        sa.Column("closed_at", sa.String(length=20), nullable=True),
        sa.Column("sealed_declaration", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["arrival_id"], ["arrivals.id"], name=op.f("fk_seatings_arrival_id_arrivals")
        ),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_seatings_draw_id_draws")),
        sa.PrimaryKeyConstraint("draw_id", "site", "position", name=op.f("pk_seatings")),
        sa.UniqueConstraint("arrival_id", name=op.f("uq_seatings_arrival_id")),
    )
    op.create_index(
        "uq_seatings_open",
        "seatings",
        ["site", "seat", "draw_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "seat_keys",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("seat", sa.String(length=64), nullable=False),
        sa.Column("thumbprint", sa.String(length=43), nullable=False),
        sa.Column("jwk", sa.JSON(), nullable=False),
        sa.Column("proposed_by", sa.String(length=64), nullable=False),
        sa.Column("proposed_at", sa.String(length=20), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("approved_at", sa.String(length=20), nullable=True),
        sa.Column("revoked_at", sa.String(length=20), nullable=True),
        sa.Column("revoked_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "(approved_at IS NULL) = (approved_by IS NULL)", name=op.f("ck_seat_keys_approved")
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> proposed_by", name=op.f("ck_seat_keys_two_persons")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_keys")),
        sa.UniqueConstraint("thumbprint", name=op.f("uq_seat_keys_thumbprint")),
    )
    op.create_index(
        "uq_seat_keys_live",
        "seat_keys",
        ["site", "seat"],
        unique=True,
        sqlite_where=sa.text("approved_at IS NOT NULL AND revoked_at IS NULL"),
        postgresql_where=sa.text("approved_at IS NOT NULL AND revoked_at IS NULL"),
    )
    op.create_table(
        "seat_challenges",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("challenge", sa.LargeBinary(length=32), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("expires_at", sa.String(length=20), nullable=False),
        sa.Column("used_at", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(
            ["key_id"], ["seat_keys.id"], name=op.f("fk_seat_challenges_key_id_seat_keys")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_challenges")),
    )
    op.create_index(op.f("ix_seat_challenges_expires_at"), "seat_challenges", ["expires_at"], unique=False)
    op.create_index(op.f("ix_seat_challenges_key_id"), "seat_challenges", ["key_id"], unique=False)
    op.create_table(
        "seat_sessions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("seat", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("arrival_id", sa.String(length=64), nullable=False),
        sa.Column("began_at", sa.String(length=20), nullable=False),
        sa.Column("expires_at", sa.String(length=20), nullable=False),
        sa.Column("ended_at", sa.String(length=20), nullable=True),
        sa.Column("end_reason", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["arrival_id"], ["arrivals.id"], name=op.f("fk_seat_sessions_arrival_id_arrivals")
        ),
        sa.ForeignKeyConstraint(["key_id"], ["seat_keys.id"], name=op.f("fk_seat_sessions_key_id_seat_keys")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_sessions")),
        sa.UniqueConstraint("hash", name=op.f("uq_seat_sessions_hash")),
    )
    op.create_index(
        "uq_seat_sessions_arrival",
        "seat_sessions",
        ["arrival_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "uq_seat_sessions_seat",
        "seat_sessions",
        ["site", "seat"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _add_ledger() -> None:
    op.create_table(
        "site_ledger",
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("sealed_detail", sa.LargeBinary(), nullable=False),
        sa.Column("detail", sa.LargeBinary(length=32), nullable=False),
        sa.Column("previous", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("site", "day", "number", name=op.f("pk_site_ledger")),
    )
    op.create_table(
        "site_ledger_heads",
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("site", "day", name=op.f("pk_site_ledger_heads")),
    )
    op.create_table(
        "site_ledger_anchors",
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_site_ledger_anchors_draw_id_draws")),
        sa.PrimaryKeyConstraint("draw_id", "site", "day", "number", name=op.f("pk_site_ledger_anchors")),
    )
