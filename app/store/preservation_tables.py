"""Tables of what becomes of recordings: acts on a closed room's recordings, and who is their custodian.

Conventions: `app.store.tables`. Acts are appended by number and never changed. Words may name people: they
are sealed with a salt; what a certificate tells of them is the digest.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from app.store.columns import ID, METADATA, TIME

recording_acts = Table(
    "recording_acts",
    METADATA,
    Column("room_id", ID, ForeignKey("rooms.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("at", TIME, nullable=False),
    Column("actor", ID, nullable=False),
    Column("subject", ID),
    Column("body", Text, nullable=False),
    Column("sealed_words", LargeBinary),
    CheckConstraint(
        "kind IN ('hold', 'release', 'check', 'incident', 'closure', 'proposal', 'refusal', 'approval', "
        "'deletion')",
        name="kind",
    ),
)

# The newest row is the custodian of the installation's recordings.
recording_custodians = Table(
    "recording_custodians",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("user_id", ID, ForeignKey("users.id"), nullable=False),
    Column("named_by", ID, nullable=False),
    Column("at", TIME, nullable=False),
)
