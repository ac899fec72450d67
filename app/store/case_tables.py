"""Tables of cases: what was opened about a breach in an evaluation, and each step with its document.

Conventions: `app.store.tables`. A document names seats, devices and accounts and stands as it is; its digest
is in the log of the draw. Words may name people: they are sealed with a salt, the document holds the digest.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from app.store.columns import ID, METADATA, STATE, TIME

cases = Table(
    "cases",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("draw_id", ID, ForeignKey("draws.id"), nullable=False, index=True),
    Column("reason", String(32), nullable=False),
    # A seat of the draw, from 1; what else it is about stands in the first document.
    Column("seat", Integer),
    Column("state", STATE, nullable=False),
    Column("outcome", STATE),
    Column("steps", Integer, nullable=False),
    CheckConstraint("state IN ('opened', 'decided', 'transferred', 'closed')", name="state"),
    CheckConstraint("outcome IN ('vacated', 'stays')", name="outcome"),
    CheckConstraint("(outcome IS NULL) = (state = 'opened')", name="decided"),
)

case_steps = Table(
    "case_steps",
    METADATA,
    Column("case_id", ID, ForeignKey("cases.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("state", STATE, nullable=False),
    Column("at", TIME, nullable=False),
    Column("actor", ID, nullable=False),
    Column("document", Text, nullable=False),
    Column("sealed_words", LargeBinary, nullable=False),
    Column("log_index", Integer, nullable=False),
)
