"""Tables of delivery: outbox, timers, reports, notices. Conventions: `app.store.tables`.

A row that a worker holds carries `leased_by` and `lease_until`; a killed worker's lease runs out. In clear
there is no recipient, no number, no text and no link: those are in `sealed_payload`, which is erased once the
message is delivered, refused for good or expired.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from app.store.columns import ID, METADATA, TIME

outbox = Table(
    "outbox",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("channel", String(8), nullable=False),
    Column("template", String(40), nullable=False),
    Column("state", String(10), nullable=False),
    Column("urgent", Boolean, nullable=False),
    # Recipient, language and fields.
    Column("sealed_payload", LargeBinary),
    Column("dedupe", String(200), nullable=False, unique=True),
    # The invitation that a keypad answer is about: numbers of public log entries, no person.
    Column("draw_k", BigInteger),
    Column("invitation_n", BigInteger),
    Column("not_before", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Column("next_at", TIME, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", TIME),
    Column("leased_by", ID),
    # Not sent before a published checkpoint covers the log up to this size.
    Column("log_size", BigInteger),
    Column("gateway", String(32)),
    # The newest failure's code.
    Column("failure", String(64)),
    # The newest report, for whoever watches.
    Column("last_kind", String(16)),
    Column("last_at", TIME),
    Index(None, "state", "next_at"),
    Index(None, "draw_k", "invitation_n"),
    Index(None, "leased_by"),
    CheckConstraint("channel IN ('sms', 'voice', 'email', 'letter')", name="channel"),
    CheckConstraint("state IN ('queued', 'sending', 'sent', 'delivered', 'failed', 'expired')", name="state"),
    CheckConstraint("sealed_payload IS NULL OR state IN ('queued', 'sending', 'sent')", name="erased"),
    CheckConstraint("(draw_k IS NULL) = (invitation_n IS NULL)", name="reference"),
)

timers = Table(
    "timers",
    METADATA,
    Column("kind", String(40), primary_key=True),
    Column("subject", String(128), primary_key=True),
    Column("due_at", TIME, nullable=False),
    Column("next_at", TIME, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    # Raised whenever the timer is set again: a handler ends only the setting that it saw.
    Column("version", Integer, nullable=False),
    Column("lease_until", TIME),
    Column("leased_by", ID, index=True),
)

delivery_reports = Table(
    "delivery_reports",
    METADATA,
    Column("gateway", String(32), primary_key=True),
    Column("report_id", String(128), primary_key=True),
    Column("message_id", ID, nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("at", TIME, nullable=False),
    # Keys pressed and the gateway's signed record.
    Column("sealed_detail", LargeBinary),
    Column("received_at", TIME, nullable=False),
    Column("handled_at", TIME),
    Column("next_at", TIME, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", TIME),
    Column("leased_by", ID, index=True),
    Index(None, "handled_at", "next_at"),
)

notices = Table(
    "notices",
    METADATA,
    Column("change_id", String(128), primary_key=True),
    # A keyed hash of who is told: it keeps a person from being told twice and names nobody.
    Column("recipient_tag", String(64), primary_key=True),
    Column("audience", String(16), nullable=False),
    Column("draw_id", ID, index=True),
    Column("message_id", ID, nullable=False),
    Column("created_at", TIME, nullable=False),
    UniqueConstraint("message_id"),
)
