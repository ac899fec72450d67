"""Tables of campaigns, invitations, answers, ladder steps, delays of a start and contacts; conventions as in
`app.store.tables`.

In clear there is no expert, no number, no seat and no reason of a refusal. What joins an arrival to its
invitation is a keyed hash; the secret of a letter stands nowhere but in the outbox until it is delivered.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from app.store.columns import DAY, HEX32, ID, METADATA, STATE, TIME

campaigns = Table(
    "campaigns",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("draw_id", ID, ForeignKey("draws.id"), nullable=False, unique=True),
    Column("mode", String(4), nullable=False),
    Column("agency_id", ID, ForeignKey("agencies.id"), nullable=False),
    Column("plan", JSON, nullable=False),
    # The person who answers for the service (服务责任人).
    Column("owner", String(200), nullable=False),
    Column("begins", TIME, nullable=False),
    Column("state", STATE, nullable=False),
    Column("state_version", Integer, nullable=False),
    # How often everybody was asked anew for another hour or place.
    Column("moves", Integer, nullable=False),
    # Set while an operator says that the supervisor cannot be reached; the log shows what follows from it.
    Column("own_order_reason", String(200)),
    # Seats of a draw that go to a further round of its section.
    Column("released_at", TIME),
    Column("proposed_by", ID, nullable=False),
    Column("approved_by", ID),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    CheckConstraint("mode IN ('live', 'test')", name="mode"),
    CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="two_persons"),
    CheckConstraint("approved_by IS NOT NULL OR state IN ('proposed', 'cancelled')", name="approved"),
    Index(None, "state", "begins"),
)

invitations = Table(
    "invitations",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("campaign_id", ID, ForeignKey("campaigns.id"), nullable=False),
    Column("draw_id", ID, ForeignKey("draws.id"), nullable=False),
    # The number of the log's `invite` entry.
    Column("n", Integer, nullable=False),
    # Seat, tenure, stratum, site, expert and contact.
    Column("sealed_holder", LargeBinary, nullable=False),
    # What the letter says, for calls and reminders; the letter itself opens with its own key only.
    Column("sealed_content", LargeBinary, nullable=False),
    Column("letter", LargeBinary, nullable=False),
    Column("auth_hash", HEX32, nullable=False),
    Column("reply_key", HEX32, nullable=False),
    Column("arrival_tag", HEX32, nullable=False, index=True),
    Column("arrival_code_tag", HEX32, nullable=False),
    Column("venue_site", ID, nullable=False),
    Column("state", STATE, nullable=False),
    Column("state_version", Integer, nullable=False),
    Column("begins", TIME, nullable=False),
    Column("reply_by", TIME, nullable=False),
    Column("cut_off", TIME, nullable=False),
    Column("arrive_by", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    # The class of the event that is still to be logged for its seat.
    Column("pending", String(16)),
    # Why it was declined or left; the supervisor's note to a conflict found later.
    Column("sealed_reason", LargeBinary),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    UniqueConstraint("draw_id", "n"),
    Index(None, "campaign_id", "n"),
    Index(None, "venue_site", "state"),
    CheckConstraint(
        "pending IN ('decline', 'timeout', 'no_show', 'leave', 'conflict', 'recusal', 'venue')",
        name="pending",
    ),
)

invitation_replies = Table(
    "invitation_replies",
    METADATA,
    Column("invitation_id", ID, ForeignKey("invitations.id"), primary_key=True),
    Column("answer", String(8), primary_key=True),
    Column("at", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    # The gateway's signed record of a keypad answer.
    Column("sealed_record", LargeBinary),
    CheckConstraint("answer IN ('accept', 'decline', 'leave')", name="answer"),
)

ladder_steps = Table(
    "ladder_steps",
    METADATA,
    Column("campaign_id", ID, ForeignKey("campaigns.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("step", String(32), nullable=False),
    Column("reason_zh", Text, nullable=False),
    Column("reason_en", Text, nullable=False),
    Column("taken_by", ID, nullable=False),
    Column("taken_at", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    UniqueConstraint("campaign_id", "step"),
)

start_delays = Table(
    "start_delays",
    METADATA,
    Column("campaign_id", ID, ForeignKey("campaigns.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("before", TIME, nullable=False),
    Column("begins", TIME, nullable=False),
    Column("reason", String(16), nullable=False),
    # Further words, read for whatever would tell whose evaluation it is.
    Column("words", String(80)),
    # The booking was made to end later with it.
    Column("extended", Boolean, nullable=False),
    Column("put_off_by", ID, nullable=False),
    Column("put_off_at", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    CheckConstraint("begins > before", name="later"),
)

contacts = Table(
    "contacts",
    METADATA,
    Column("pool_id", ID, primary_key=True),
    # A keyed hash of pool and expert.
    Column("expert_tag", HEX32, primary_key=True),
    # Phone, email, channels in order.
    Column("sealed", LargeBinary, nullable=False),
    Column("changed_at", TIME, nullable=False),
)

conduct_records = Table(
    "conduct_records",
    METADATA,
    Column("invitation_id", ID, ForeignKey("invitations.id"), primary_key=True),
    Column("act", String(16), primary_key=True),
    Column("draw_id", ID, ForeignKey("draws.id"), nullable=False, index=True),
    # The expert's id in the pool.
    Column("sealed_expert", LargeBinary, nullable=False),
    # A keyed hash of the person: the same in every draw and pool.
    Column("person_tag", HEX32, nullable=False, index=True),
    Column("minutes", Integer, nullable=False),
    # Null where no scale speaks of the act.
    Column("points", Integer),
    # The rule pack's layer that the scale is of, and its printed source.
    Column("layer", ID),
    Column("source", Text),
    Column("at", TIME, nullable=False),
    CheckConstraint("act IN ('late', 'leave_late', 'leave_early', 'no_show')", name="act"),
    CheckConstraint("points IS NULL OR (layer IS NOT NULL AND source IS NOT NULL)", name="points"),
)

letter_sessions = Table(
    "letter_sessions",
    METADATA,
    # SHA-256 of the token that the page made; begun by a passkey, a keyed hash of that and the passkey's id.
    Column("id", HEX32, primary_key=True),
    Column("invitation_id", ID, ForeignKey("invitations.id"), nullable=False),
    Column("expires_at", TIME, nullable=False, index=True),
)

letter_challenges = Table(
    "letter_challenges",
    METADATA,
    # A letter has one open challenge of each purpose; the row goes when an answer names it, right or wrong.
    Column("invitation_id", ID, ForeignKey("invitations.id"), primary_key=True),
    Column("purpose", String(8), primary_key=True),
    # SHA-256 of the challenge.
    Column("digest", HEX32, nullable=False),
    # The user handle that the passkey to be made will bear.
    Column("handle", LargeBinary(32)),
    Column("expires_at", TIME, nullable=False, index=True),
    CheckConstraint("purpose IN ('register', 'sign-in')", name="purpose"),
    CheckConstraint("(purpose = 'register') = (handle IS NOT NULL)", name="handle"),
)

# Days, not moments: by the second at which a passkey was made or used, the log's answers would tell whose
# it is.
expert_passkeys = Table(
    "expert_passkeys",
    METADATA,
    Column("id", ID, primary_key=True),
    # A keyed hash of the person, of this purpose only.
    Column("owner_tag", HEX32, nullable=False, index=True),
    # The credential id in base64url.
    Column("credential", String(400), nullable=False, unique=True),
    # The random user handle that all passkeys of one person share.
    Column("handle", LargeBinary(32), nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("created_on", DAY, nullable=False),
    Column("used_on", DAY),
)
