"""Draw terminals, and draws started at one by two persons. Conventions: `app.store.tables`."""

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Table,
    text,
)

from app.store.columns import HEX32, ID, METADATA, TIME

draw_terminals = Table(
    "draw_terminals",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("site", ID, nullable=False),
    Column("zone", ID, nullable=False),
    # The RFC 7638 thumbprint and the public P-256 key itself.
    Column("thumbprint", String(43), nullable=False, unique=True),
    Column("jwk", JSON, nullable=False),
    Column("proposed_by", ID, nullable=False),
    Column("proposed_at", TIME, nullable=False),
    Column("approved_by", ID),
    Column("approved_at", TIME),
    Column("revoked_by", ID),
    Column("revoked_at", TIME),
    ForeignKeyConstraint(["site", "zone"], ["venue_zones.site_id", "venue_zones.id"]),
    CheckConstraint("(approved_at IS NULL) = (approved_by IS NULL)", name="approved"),
    CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="two_persons"),
)

draw_starts = Table(
    "draw_starts",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("draw_id", ID, ForeignKey("draws.id"), nullable=False),
    Column("terminal_id", ID, ForeignKey("draw_terminals.id"), nullable=False),
    Column("challenge", LargeBinary(32), nullable=False),
    Column("origin", String(200), nullable=False),
    # Digest of what was asked for: the request's log entry and order.
    Column("request", HEX32, nullable=False),
    Column("operator", ID, nullable=False),
    Column("asked_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Column("supervisor", ID),
    Column("supervised_at", TIME),
    Column("begun_at", TIME),
    Column("signature", LargeBinary(64)),
    CheckConstraint("supervisor IS NULL OR supervisor <> operator", name="two_persons"),
    CheckConstraint(
        "begun_at IS NULL OR (supervisor IS NOT NULL AND signature IS NOT NULL)",
        name="begun",
    ),
    Index(
        "uq_draw_starts_begun",
        "draw_id",
        unique=True,
        sqlite_where=text("begun_at IS NOT NULL"),
        postgresql_where=text("begun_at IS NOT NULL"),
    ),
)
