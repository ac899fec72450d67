"""Tables of the draw: parties, keys, projects, pools, draws, the log. Other areas have modules of their
own; all of them are in `app.store.schema`.

Times are text `YYYY-MM-DDTHH:MM:SSZ` (UTC): they compare as strings on both engines. Columns called
`sealed…` hold AES-256-GCM ciphertext (`app.store.field_cipher`). In clear there is never a drawn name, a
position, a cell size, a cell key, nor a name, phone or id of an expert; the outcome of a draw is not stored
at all but recomputed at its opening.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from app.store.columns import HEX32, ID, METADATA, SERIAL, TEXT, TIME

parties = Table(
    "parties",
    METADATA,
    Column("public", HEX32, primary_key=True),
    Column("role", String(16), nullable=False),
    Column("name", String(200), nullable=False),
    Column("vrf", HEX32),
    Column("seal", HEX32),
    Column("url", String(500)),
    Column("entry_index", BigInteger, nullable=False, unique=True),
    CheckConstraint("role IN ('platform', 'agency', 'supervisor', 'cosigner')", name="role"),
    UniqueConstraint("role", "name"),
)

agencies = Table(
    "agencies",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("org", String(82), nullable=False, unique=True),
    Column("party", HEX32, ForeignKey("parties.public")),
    Column("created_at", TIME, nullable=False),
)

api_keys = Table(
    "api_keys",
    METADATA,
    Column("id", ID, primary_key=True),
    # The accountable human behind the key; separation of duties compares this, not the key (R71).
    Column("person", ID, nullable=False),
    Column("role", String(16), nullable=False),
    Column("agency_id", ID, ForeignKey("agencies.id")),
    # The one venue site that a site's or a witness's key sees.
    Column("site_id", ID),
    Column("hash", LargeBinary(32), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("mode", String(4), nullable=False),
    Column("signing_key", HEX32),
    Column("created_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Column("revoked_at", TIME),
    # What the key is for, and why it was ended, as said by whoever issued and ended it.
    Column("label", TEXT),
    Column("revoked_reason", TEXT),
    CheckConstraint("mode IN ('live', 'test')", name="mode"),
    CheckConstraint("role IN ('agency', 'operator', 'supervisor', 'site', 'witness')", name="role"),
    CheckConstraint("(role = 'agency') = (agency_id IS NOT NULL)", name="agency"),
    CheckConstraint("(role IN ('site', 'witness')) = (site_id IS NOT NULL)", name="site"),
)

signature_nonces = Table(
    "signature_nonces",
    METADATA,
    Column("key_id", ID, ForeignKey("api_keys.id"), primary_key=True),
    Column("nonce", String(128), primary_key=True),
    Column("expires_at", TIME, nullable=False, index=True),
)

projects = Table(
    "projects",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("section", ID, primary_key=True),
    Column("agency_id", ID, ForeignKey("agencies.id"), nullable=False, index=True),
    # 服务责任人: nothing proceeds without one (R74).
    Column("owner", String(200), nullable=False),
    Column("mode", String(4), nullable=False),
    Column("document", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    CheckConstraint("mode IN ('live', 'test')", name="mode"),
    CheckConstraint("length(owner) > 0", name="owner"),
)

# Each hand-over of a section's responsible person: `version` is the project's that it made.
project_owners = Table(
    "project_owners",
    METADATA,
    Column("project_id", ID, primary_key=True),
    Column("section", ID, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", TIME, nullable=False),
    Column("person", ID, nullable=False),
    Column("former", TEXT, nullable=False),
    Column("owner", TEXT, nullable=False),
    Column("reason", TEXT, nullable=False),
    ForeignKeyConstraint(["project_id", "section"], ["projects.id", "projects.section"]),
    CheckConstraint("length(owner) > 0 AND length(reason) > 0", name="told"),
)

pools = Table(
    "pools",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("mode", String(4), nullable=False),
    Column("size", Integer, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("basis", String(200), nullable=False),
    Column("entry_index", BigInteger, nullable=False, unique=True),
    Column("frozen_at", TIME, nullable=False),
    Column("sealed_salt_key", LargeBinary, nullable=False),
    CheckConstraint("mode IN ('live', 'test')", name="mode"),
)

pool_experts = Table(
    "pool_experts",
    METADATA,
    Column("pool_id", ID, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    ForeignKeyConstraint(["pool_id", "version"], ["pools.id", "pools.version"]),
)

pool_changes = Table(
    "pool_changes",
    METADATA,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("pool_id", ID, nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", TIME, nullable=False),
    # A keyed hash of the expert's id: it joins the changes of one expert and names nobody.
    Column("expert_tag", HEX32, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("fields", JSON, nullable=False),
    ForeignKeyConstraint(["pool_id", "version"], ["pools.id", "pools.version"]),
    Index(None, "pool_id", "version"),
    CheckConstraint("kind IN ('added', 'changed', 'removed')", name="kind"),
)

draws = Table(
    "draws",
    METADATA,
    Column("id", ID, primary_key=True),
    # The log index of the request entry.
    Column("k", BigInteger, unique=True),
    Column("project_id", ID, nullable=False),
    Column("section", ID, nullable=False),
    # From 1 for draws, as the log counts them; from -1 downwards for appointments, which are no draws.
    Column("round", Integer, nullable=False),
    Column("previous", BigInteger),
    Column("agency_id", ID, ForeignKey("agencies.id"), nullable=False, index=True),
    Column("requested_by", ID, nullable=False),
    Column("mode", String(4), nullable=False),
    Column("state", String(16), nullable=False),
    Column("live", Boolean, nullable=False),
    Column("request", JSON, nullable=False),
    Column("sealed_secrets", LargeBinary),
    Column("sdr", JSON),
    Column("sdr_hash", HEX32, unique=True),
    Column("code", String(12), unique=True),
    Column("abort_reason", String(32)),
    # When its experts will be busy (K14), as the project said at the request.
    Column("evaluation_from", TIME, index=True),
    Column("evaluation_to", TIME),
    # Compare-and-swap: every step raises it by one.
    Column("state_version", Integer, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    ForeignKeyConstraint(["project_id", "section"], ["projects.id", "projects.section"]),
    UniqueConstraint("project_id", "section", "round"),
    CheckConstraint("mode IN ('live', 'test')", name="mode"),
    # A second draw is never free: while one is under way the section has no other.
    Index(
        "uq_draws_one_live",
        "project_id",
        "section",
        unique=True,
        sqlite_where=text("live"),
        postgresql_where=text("live"),
    ),
)

draw_entries = Table(
    "draw_entries",
    METADATA,
    Column("draw_id", ID, ForeignKey("draws.id"), primary_key=True),
    Column("log_index", BigInteger, primary_key=True),
    Column("type", String(16), nullable=False),
)

draw_duties = Table(
    "draw_duties",
    METADATA,
    # Separation of duties by the key itself: a person has at most one duty in one draw (R71).
    Column("draw_id", ID, ForeignKey("draws.id"), primary_key=True),
    Column("person", ID, primary_key=True),
    Column("duty", String(16), nullable=False),
    Column("at", TIME, nullable=False),
    CheckConstraint("duty IN ('request', 'supervise', 'operate')", name="duty"),
)

draw_events = Table(
    "draw_events",
    METADATA,
    Column("draw_id", ID, ForeignKey("draws.id"), primary_key=True),
    Column("t", Integer, primary_key=True),
    # Seat, class, mode and evidence of one replacement event.
    Column("sealed", LargeBinary, nullable=False),
    Column("event_index", BigInteger, nullable=False),
    Column("answer_index", BigInteger),
    Column("created_at", TIME, nullable=False),
)

draw_invites = Table(
    "draw_invites",
    METADATA,
    Column("draw_id", ID, ForeignKey("draws.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    # The seat, four bytes before sealing: one length for all of them.
    Column("sealed", LargeBinary, nullable=False),
    Column("entry_index", BigInteger, nullable=False),
    Column("created_at", TIME, nullable=False),
)

log_entries = Table(
    "log_entries",
    METADATA,
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("entry", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary(32), nullable=False),
)

log_nodes = Table(
    "log_nodes",
    METADATA,
    Column("level", Integer, primary_key=True),
    Column("index", BigInteger, primary_key=True),
    Column("hash", LargeBinary(32), nullable=False),
)

log_head = Table(
    "log_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("published_size", BigInteger, nullable=False),
    Column("published_note", Text),
    CheckConstraint("id = 1", name="single"),
    CheckConstraint("published_size <= size", name="published"),
)

log_checkpoints = Table(
    "log_checkpoints",
    METADATA,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("published_at", TIME, nullable=False),
)

idempotency = Table(
    "idempotency",
    METADATA,
    Column("principal", ID, primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request_digest", LargeBinary(32), nullable=False),
    # While `status` is null the request runs, until the lease ends.
    Column("lease_until", TIME, nullable=False),
    Column("status", Integer),
    Column("headers", JSON),
    Column("response", LargeBinary),
    # The answer counts only once a checkpoint covers the log up to this size.
    Column("log_size", BigInteger),
    Column("created_at", TIME, nullable=False),
)

operation_log = Table(
    "operation_log",
    METADATA,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("time", TIME, nullable=False, index=True),
    Column("address", String(64), nullable=False),
    Column("operator", ID, nullable=False),
    Column("source", String(32), nullable=False),
    Column("action", String(64), nullable=False),
    Column("target", String(200), nullable=False),
    # R50: no record without time, address, operator and source.
    CheckConstraint(
        "length(time) > 0 AND length(address) > 0 AND length(operator) > 0 AND length(source) > 0",
        name="complete",
    ),
)
