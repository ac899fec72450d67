"""Tables of the sealed roster: versions, and wishes to open one. Conventions: `app.store.tables`.

The ciphertext of a version is under a key that two of three custodians hold together; it stands nowhere.
What was opened is kept sealed by the field cipher, so that the entitled read it without asking the
custodians again.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)

from app.store.columns import ID, METADATA, TIME

rosters = Table(
    "rosters",
    METADATA,
    Column("draw_id", ID, ForeignKey("draws.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    # Replacement events that were settled when it was sealed: one more, and it is stale.
    Column("events", Integer, nullable=False),
    Column("manifest", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("record_index", BigInteger, nullable=False),
    Column("sealed_at", TIME, nullable=False),
)

roster_openings = Table(
    "roster_openings",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("draw_id", ID, nullable=False),
    Column("version", Integer, nullable=False),
    Column("tier", Integer, nullable=False),
    Column("person", ID, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("record_index", BigInteger, nullable=False),
    Column("asked_at", TIME, nullable=False),
    # Both null until the custodians gave their shares.
    Column("opened_at", TIME),
    Column("sealed", LargeBinary),
    ForeignKeyConstraint(["draw_id", "version"], ["rosters.draw_id", "rosters.version"]),
    UniqueConstraint("draw_id", "version", "tier"),
    CheckConstraint("(opened_at IS NULL) = (sealed IS NULL)", name="opened"),
)
