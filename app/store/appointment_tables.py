"""The table of appointments: members of a committee who were not drawn. Conventions: `app.store.tables`.

In clear there is nobody: who was chosen is sealed, here until it is decided and then with the row of `draws`
that carries invitations and seats.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from app.store.columns import HEX32, ID, METADATA, STATE, TEXT, TIME

appointments = Table(
    "appointments",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("project_id", ID, nullable=False),
    Column("section", ID, nullable=False),
    Column("agency_id", ID, ForeignKey("agencies.id"), nullable=False, index=True),
    Column("mode", String(4), nullable=False),
    Column("way", String(16), nullable=False),
    # The draw whose vacant seats are filled; none where nobody was drawn at all.
    Column("fills", ID, ForeignKey("draws.id")),
    # The row of `draws` that carries it once it is approved.
    Column("draw_id", ID, ForeignKey("draws.id"), unique=True),
    Column("state", STATE, nullable=False),
    Column("pool_id", ID, nullable=False),
    Column("pool_version", Integer, nullable=False),
    Column("seats", Integer, nullable=False),
    Column("outside", Integer, nullable=False),
    Column("opens_at", TIME, nullable=False),
    # Reason, approval file, seats; of the people a commitment. Its digest is what supervisor and log name.
    Column("document", LargeBinary, nullable=False),
    Column("digest", HEX32, nullable=False, unique=True),
    Column("sealed_chosen", LargeBinary),
    Column("proposed_by", ID, nullable=False),
    Column("proposer", String(16), nullable=False),
    Column("decided_by", ID),
    Column("decided_at", TIME),
    # Why it was refused.
    Column("decision", TEXT),
    Column("log_index", BigInteger, unique=True),
    Column("created_at", TIME, nullable=False),
    ForeignKeyConstraint(["project_id", "section"], ["projects.id", "projects.section"]),
    CheckConstraint("mode IN ('live', 'test')", name="mode"),
    CheckConstraint("way IN ('self_selected', 'direct')", name="way"),
    CheckConstraint("(way = 'direct') = (fills IS NULL)", name="fills"),
    CheckConstraint("state IN ('proposed', 'approved', 'refused')", name="state"),
    CheckConstraint("proposer IN ('agency', 'operator')", name="proposer"),
    CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="two_persons"),
    CheckConstraint("(state = 'proposed') = (decided_by IS NULL)", name="decided"),
    CheckConstraint("(state = 'approved') = (draw_id IS NOT NULL)", name="carried"),
    CheckConstraint("state <> 'refused' OR decision IS NOT NULL", name="told"),
    Index(None, "project_id", "section"),
)
