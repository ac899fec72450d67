"""Tables of people: accounts, passkeys, sessions, one-time codes. Conventions: `app.store.tables`.

No secret stands here in clear: passwords are argon2id under the field cipher, tokens and codes keyed or plain
hashes, what the caller named at sign-in only a keyed tag. An account that was disabled keeps its row, because
acts on record name its person.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from app.store.columns import HEX32, ID, METADATA, TIME

users = Table(
    "users",
    METADATA,
    Column("id", ID, primary_key=True),
    # Whom duties and acts on record name; one human has one account.
    Column("person", ID, nullable=False, unique=True),
    Column("login", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("agency_id", ID, ForeignKey("agencies.id")),
    # A venue site; who is bound to it sees nothing else.
    Column("site_id", ID),
    Column("mode", String(4), nullable=False),
    Column("sealed_name", LargeBinary, nullable=False),
    Column("sealed_password", LargeBinary),
    Column("sealed_totp", LargeBinary),
    # The newest time step whose code was used: an older or equal one is a replay.
    Column("totp_step", BigInteger),
    # While an enrolment stands open: hash of its token, and until when.
    Column("enrolment", LargeBinary(32)),
    Column("enrolment_until", TIME),
    Column("password_at", TIME),
    Column("created_at", TIME, nullable=False),
    Column("created_by", ID, nullable=False),
    Column("approved_by", ID),
    Column("seen_at", TIME),
    Column("disabled_at", TIME),
    CheckConstraint("mode IN ('live', 'test')", name="mode"),
    CheckConstraint("role IN ('agency', 'operator', 'supervisor', 'site', 'witness')", name="role"),
    CheckConstraint("(role = 'agency') = (agency_id IS NOT NULL)", name="agency"),
    CheckConstraint("(role IN ('site', 'witness')) = (site_id IS NOT NULL)", name="site"),
    CheckConstraint("approved_by IS NULL OR approved_by <> created_by", name="approved"),
    CheckConstraint("(enrolment IS NULL) = (enrolment_until IS NULL)", name="enrolment"),
)

passkeys = Table(
    "passkeys",
    METADATA,
    # The credential id in base64url.
    Column("id", String(400), primary_key=True),
    Column("user_id", ID, ForeignKey("users.id"), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("label", String(60), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("used_at", TIME),
)

passkey_challenges = Table(
    "passkey_challenges",
    METADATA,
    # SHA-256 of the challenge: the row goes when an answer names it, right or wrong.
    Column("id", HEX32, primary_key=True),
    Column("purpose", String(8), nullable=False),
    Column("user_id", ID, ForeignKey("users.id")),
    Column("expires_at", TIME, nullable=False, index=True),
    CheckConstraint("purpose IN ('register', 'sign-in')", name="purpose"),
    CheckConstraint("(purpose = 'register') = (user_id IS NOT NULL)", name="user"),
)

user_sessions = Table(
    "user_sessions",
    METADATA,
    # SHA-256 of the token in the cookie.
    Column("id", HEX32, primary_key=True),
    Column("user_id", ID, ForeignKey("users.id"), nullable=False, index=True),
    Column("method", String(16), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("seen_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False, index=True),
    CheckConstraint("method IN ('passkey', 'password')", name="method"),
)

sign_in_guards = Table(
    "sign_in_guards",
    METADATA,
    # A keyed tag of the name that was typed, whether an account has it or not.
    Column("login_tag", HEX32, primary_key=True),
    Column("failures", Integer, nullable=False),
    # Failures count within a window; once they are too many, the name stays locked until its end.
    Column("until", TIME, nullable=False, index=True),
)

one_time_codes = Table(
    "one_time_codes",
    METADATA,
    Column("id", ID, primary_key=True),
    # Keyed tag of purpose and subject.
    Column("subject_tag", HEX32, nullable=False),
    # The how-manieth code of this subject: two issued at once collide here.
    Column("number", BigInteger, nullable=False),
    # Keyed hash of the six digits, bound to this row.
    Column("code_tag", HEX32, nullable=False),
    Column("issued_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("used_at", TIME),
    Index(None, "subject_tag", "number", unique=True),
    CheckConstraint("tries >= 0 AND tries <= 5", name="tries"),
)
