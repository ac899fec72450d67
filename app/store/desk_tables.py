"""Tables of arrival: check-ins, lockers, gates, seats by chance, seat keys and sessions, devices, the ledger.

Conventions: `app.store.tables`. Nobody's name or document number is in any column: an expert is the letter
that was sent and keyed tags (`…_tag`). What the database holds by itself: a locker has one deposit at a time,
a person is present at one site at a time, a seat has one live key, one live session and one arrival of a
draw, a ledger has one entry of each number.
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
    text,
)

from app.store.columns import DAY, HEX32, ID, METADATA, TIME

arrivals = Table(
    "arrivals",
    METADATA,
    Column("id", ID, primary_key=True),
    # The invitation that led here; its id is no name.
    Column("letter", ID, nullable=False, unique=True),
    Column("draw_id", ID, ForeignKey("draws.id"), nullable=False, index=True),
    Column("site", ID, nullable=False),
    Column("day", DAY, nullable=False),
    # The keyed hash of the person on that day, whatever the site.
    Column("presence_tag", HEX32, nullable=False),
    Column("present", Boolean, nullable=False),
    # What the gate reads from the printed pass, keyed.
    Column("pass_tag", HEX32, unique=True),
    # The short code by which staff speak of an arrival.
    Column("code", String(8), nullable=False),
    Column("state", String(16), nullable=False),
    Column("arrived_at", TIME, nullable=False),
    Column("minutes_late", Integer, nullable=False),
    Column("verdict", String(8), nullable=False),
    Column("released_at", TIME),
    Column("released_by", ID),
    # Compare-and-swap: every step raises it by one.
    Column("version", Integer, nullable=False),
    Column("updated_at", TIME, nullable=False),
    Index(None, "site", "day"),
    UniqueConstraint("site", "day", "code"),
    Index(
        "uq_arrivals_present",
        "presence_tag",
        unique=True,
        sqlite_where=text("present"),
        postgresql_where=text("present"),
    ),
    CheckConstraint("verdict IN ('in-time', 'late', 'too-late')", name="verdict"),
    CheckConstraint("(released_at IS NULL) = (released_by IS NULL)", name="released"),
)

# Wrong tries by the tag of site, day and person, whether anybody is invited under it or not.
arrival_tries = Table(
    "arrival_tries",
    METADATA,
    Column("tag", HEX32, primary_key=True),
    Column("id", ID, nullable=False, unique=True),
    Column("site", ID, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("last_at", TIME, nullable=False),
    Column("released_at", TIME),
    Column("released_by", ID),
)

# A supervisor's word for one person without an identity card: used once, for a few minutes.
arrival_attestations = Table(
    "arrival_attestations",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("site", ID, nullable=False),
    Column("given_by", ID, nullable=False),
    Column("given_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Column("used_at", TIME),
)

locker_deposits = Table(
    "locker_deposits",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("site", ID, nullable=False),
    Column("locker", String(32), nullable=False),
    Column("arrival_id", ID, ForeignKey("arrivals.id"), nullable=False, index=True),
    Column("items", JSON, nullable=False),
    Column("deposited_at", TIME, nullable=False),
    Column("deposited_by", ID, nullable=False),
    # Both signatures of each act, as drawn on the desk's screen: handwriting is a name.
    Column("sealed_deposit", LargeBinary, nullable=False),
    Column("returned_at", TIME),
    Column("returned_by", ID),
    Column("sealed_return", LargeBinary),
    Index(
        "uq_locker_deposits_locker",
        "site",
        "locker",
        unique=True,
        sqlite_where=text("returned_at IS NULL"),
        postgresql_where=text("returned_at IS NULL"),
    ),
    Index(
        "uq_locker_deposits_arrival",
        "arrival_id",
        unique=True,
        sqlite_where=text("returned_at IS NULL"),
        postgresql_where=text("returned_at IS NULL"),
    ),
    CheckConstraint("(returned_at IS NULL) = (sealed_return IS NULL)", name="returned"),
)

devices = Table(
    "devices",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("site", ID, nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(200), nullable=False),
    Column("public", HEX32, nullable=False, unique=True),
    # Where commands go; only gates and lockers have one.
    Column("url", String(500)),
    # The gate that a detector stands before.
    Column("gate", ID, ForeignKey("devices.id")),
    Column("registered_at", TIME, nullable=False),
    Column("registered_by", ID, nullable=False),
    Column("last_heartbeat", TIME),
    # Seconds by which the device's clock is ahead, when it was last heard.
    Column("clock_offset", Integer),
    Column("lost_at", TIME),
    Column("revoked_at", TIME),
    CheckConstraint("kind IN ('gate', 'detector', 'locker', 'id_reader', 'jammer')", name="kind"),
    CheckConstraint("gate IS NULL OR kind = 'detector'", name="gate"),
)

device_nonces = Table(
    "device_nonces",
    METADATA,
    Column("device_id", ID, ForeignKey("devices.id"), primary_key=True),
    Column("nonce", String(128), primary_key=True),
    Column("expires_at", TIME, nullable=False, index=True),
)

gate_passages = Table(
    "gate_passages",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("site", ID, nullable=False),
    Column("gate", ID, ForeignKey("devices.id"), nullable=False, index=True),
    Column("arrival_id", ID, ForeignKey("arrivals.id"), nullable=False, index=True),
    Column("direction", String(4), nullable=False),
    Column("emergency", Boolean, nullable=False),
    Column("opened", Boolean, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("asked_at", TIME, nullable=False),
    Column("asked_by", ID, nullable=False),
    Column("ended", String(8)),
    Column("ended_at", TIME),
    CheckConstraint("direction IN ('in', 'out')", name="direction"),
    CheckConstraint("ended IN ('passed', 'shut', 'held')", name="ended"),
)

# What needs somebody's eye until it is closed with name and note; alarms of detectors hold their gate.
site_alerts = Table(
    "site_alerts",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("site", ID, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("level", String(8), nullable=False),
    # What it is about: a device, an arrival's id; never a person.
    Column("subject", ID, nullable=False),
    Column("gate", ID),
    Column("opened_at", TIME, nullable=False),
    Column("closed_at", TIME),
    Column("closed_by", ID),
    Column("sealed_note", LargeBinary),
    Index(
        "uq_site_alerts_open",
        "kind",
        "subject",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index(None, "site", "opened_at"),
    CheckConstraint("level IN ('yellow', 'red')", name="level"),
    CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="closed"),
)

seatings = Table(
    "seatings",
    METADATA,
    Column("draw_id", ID, ForeignKey("draws.id"), primary_key=True),
    Column("site", ID, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("seat", ID, nullable=False),
    Column("arrival_id", ID, ForeignKey("arrivals.id"), nullable=False, unique=True),
    # The document whose digest is in the log; it names seats, no people.
    Column("document", LargeBinary, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    # The one-time code on the printed slip, keyed; null once it was used.
    Column("code_tag", HEX32),
    Column("tries", Integer, nullable=False),
    Column("assigned_at", TIME, nullable=False),
    Column("closed_at", TIME),
    # What the person declared when the seat was closed to them, and the signature of the seat's browser.
    Column("sealed_declaration", LargeBinary),
    # A seat that was closed to its person is given to the successor.
    Index(
        "uq_seatings_open",
        "site",
        "seat",
        "draw_id",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
)

seat_keys = Table(
    "seat_keys",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("site", ID, nullable=False),
    Column("seat", ID, nullable=False),
    # The RFC 7638 thumbprint and the public P-256 key itself.
    Column("thumbprint", String(43), nullable=False, unique=True),
    Column("jwk", JSON, nullable=False),
    Column("proposed_by", ID, nullable=False),
    Column("proposed_at", TIME, nullable=False),
    Column("approved_by", ID),
    Column("approved_at", TIME),
    Column("revoked_at", TIME),
    Column("revoked_by", ID),
    CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="two_persons"),
    CheckConstraint("(approved_at IS NULL) = (approved_by IS NULL)", name="approved"),
    Index(
        "uq_seat_keys_live",
        "site",
        "seat",
        unique=True,
        sqlite_where=text("approved_at IS NOT NULL AND revoked_at IS NULL"),
        postgresql_where=text("approved_at IS NOT NULL AND revoked_at IS NULL"),
    ),
)

seat_challenges = Table(
    "seat_challenges",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("key_id", ID, ForeignKey("seat_keys.id"), nullable=False, index=True),
    Column("challenge", LargeBinary(32), nullable=False),
    Column("origin", String(200), nullable=False),
    Column("expires_at", TIME, nullable=False, index=True),
    Column("used_at", TIME),
)

seat_sessions = Table(
    "seat_sessions",
    METADATA,
    Column("id", ID, primary_key=True),
    # SHA-256 of the token that only the seat's browser has.
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("site", ID, nullable=False),
    Column("seat", ID, nullable=False),
    Column("key_id", ID, ForeignKey("seat_keys.id"), nullable=False),
    Column("arrival_id", ID, ForeignKey("arrivals.id"), nullable=False),
    Column("began_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Column("ended_at", TIME),
    Column("end_reason", String(32)),
    Index(
        "uq_seat_sessions_seat",
        "site",
        "seat",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index(
        "uq_seat_sessions_arrival",
        "arrival_id",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

site_ledger = Table(
    "site_ledger",
    METADATA,
    Column("site", ID, primary_key=True),
    Column("day", DAY, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("time", TIME, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("actor", ID, nullable=False),
    # Salt and detail; `detail` is their digest, which the chain holds.
    Column("sealed_detail", LargeBinary, nullable=False),
    Column("detail", LargeBinary(32), nullable=False),
    Column("previous", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

site_ledger_heads = Table(
    "site_ledger_heads",
    METADATA,
    Column("site", ID, primary_key=True),
    Column("day", DAY, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

site_ledger_anchors = Table(
    "site_ledger_anchors",
    METADATA,
    Column("draw_id", ID, ForeignKey("draws.id"), primary_key=True),
    Column("site", ID, primary_key=True),
    Column("day", DAY, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    Column("at", TIME, nullable=False),
)
