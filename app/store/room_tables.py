"""Tables of the evaluation room: rooms, their members, their ledger of events, calls, recordings, playback.

Conventions: `app.store.tables`. What an event tells is sealed with a salt; the chain holds its digest. The
database holds by itself: a draw has one open room, a room has one event of each number, a person or seat is
one member of a room, a recording's part has one manifest.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from app.store.columns import HEX32, ID, METADATA, TEXT, TIME

# `YYYY-MM-DDTHH:MM:SS.mmmZ`: a room's own time is finer than the log's.
MOMENT = String(24)

rooms = Table(
    "rooms",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("draw_id", ID, ForeignKey("draws.id"), nullable=False, index=True),
    Column("engine", String(16), nullable=False),
    # Recordings of one run of the engine are one part; each start of the engine raises it.
    Column("part", Integer, nullable=False),
    Column("opened_at", MOMENT, nullable=False),
    Column("opened_by", ID, nullable=False),
    Column("closed_at", MOMENT),
    # The head of the events: their number, and the hash of the last one.
    Column("seq", Integer, nullable=False),
    Column("head", LargeBinary, nullable=False),
    # One process leads a room; another may take it over when the lease has passed.
    Column("leader", String(64)),
    Column("leased_until", MOMENT),
    Index(
        "uq_rooms_open_draw",
        "draw_id",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
)

room_members = Table(
    "room_members",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("room_id", ID, ForeignKey("rooms.id"), nullable=False),
    Column("role", String(16), nullable=False),
    Column("site", ID),
    Column("zone", String(16), nullable=False),
    # What makes this the same member: an arrival, an account, a call, a camera; never a name.
    Column("identity", String(140), nullable=False),
    Column("seat", ID),
    Column("admitted_at", MOMENT, nullable=False),
    Index("uq_room_members_identity", "room_id", "identity", unique=True),
)

room_events = Table(
    "room_events",
    METADATA,
    Column("room_id", ID, ForeignKey("rooms.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", MOMENT, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("member", ID),
    Column("sealed_body", LargeBinary, nullable=False),
    Column("detail", LargeBinary, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

# Heads of the events that stand in the log of the draw.
room_anchors = Table(
    "room_anchors",
    METADATA,
    Column("room_id", ID, ForeignKey("rooms.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("log_index", Integer, nullable=False),
    Column("at", TIME, nullable=False),
)

# Tokens with which a bidder joins a released clarification call; only the hash is kept.
room_call_tokens = Table(
    "room_call_tokens",
    METADATA,
    Column("token_hash", HEX32, primary_key=True),
    Column("room_id", ID, ForeignKey("rooms.id"), nullable=False, index=True),
    Column("call_id", ID, nullable=False),
    Column("bidder", String(64), nullable=False),
    Column("issued_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("ended_at", MOMENT),
)

# What a run of the recorder wrote: its manifest once it ended, anchored while it runs.
recording_anchors = Table(
    "recording_anchors",
    METADATA,
    Column("room_id", ID, ForeignKey("rooms.id"), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("log_index", Integer, nullable=False),
    Column("at", TIME, nullable=False),
    # The last anchor of a part holds the manifest itself.
    Column("final", Integer, nullable=False),
    CheckConstraint("final IN (0, 1)", name="final"),
)

# Each look at a recording: who, what, from when to when, and why.
recording_views = Table(
    "recording_views",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("room_id", ID, ForeignKey("rooms.id"), nullable=False, index=True),
    Column("part", Integer, nullable=False),
    Column("track", String(140), nullable=False),
    Column("actor", ID, nullable=False),
    Column("reason", TEXT, nullable=False),
    Column("at", TIME, nullable=False),
    # The secret that opens it once, until then; only its hash is kept.
    Column("token_hash", HEX32, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Column("opened_at", TIME),
    Index("uq_recording_views_token_hash", "token_hash", unique=True),
)

# The witness's report, signed when no node of the checklist is open.
witness_reports = Table(
    "witness_reports",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("room_id", ID, ForeignKey("rooms.id"), nullable=False),
    Column("witness", ID, nullable=False),
    Column("site", ID),
    Column("sealed_document", LargeBinary, nullable=False),
    Column("digest", HEX32, nullable=False),
    Column("signed_at", MOMENT, nullable=False),
    Index("uq_witness_reports_witness", "room_id", "witness", unique=True),
)
