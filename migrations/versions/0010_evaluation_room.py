"""The evaluation room: rooms, members, events, calls, recordings."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rooms",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("engine", sa.String(length=16), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.String(length=24), nullable=False),
        sa.Column("opened_by", sa.String(length=64), nullable=False),
        sa.Column("closed_at", sa.String(length=24), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("leader", sa.String(length=64), nullable=True),
        sa.Column("leased_until", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_rooms_draw_id_draws")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rooms")),
    )
    op.create_index(op.f("ix_rooms_draw_id"), "rooms", ["draw_id"], unique=False)
    op.create_index(
        "uq_rooms_open_draw",
        "rooms",
        ["draw_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "recording_anchors",
        sa.Column("room_id", sa.String(length=64), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=20), nullable=False),
        sa.Column("final", sa.Integer(), nullable=False),
        sa.CheckConstraint("final IN (0, 1)", name=op.f("ck_recording_anchors_final")),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_recording_anchors_room_id_rooms")),
        sa.PrimaryKeyConstraint("room_id", "part", "number", name=op.f("pk_recording_anchors")),
    )
    op.create_table(
        "recording_views",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("room_id", sa.String(length=64), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("track", sa.String(length=140), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("at", sa.String(length=20), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.String(length=20), nullable=False),
        sa.Column("opened_at", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_recording_views_room_id_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_views")),
    )
    op.create_index(op.f("ix_recording_views_room_id"), "recording_views", ["room_id"], unique=False)
    op.create_index("uq_recording_views_token_hash", "recording_views", ["token_hash"], unique=True)
    op.create_table(
        "room_anchors",
        sa.Column("room_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_room_anchors_room_id_rooms")),
        sa.PrimaryKeyConstraint("room_id", "seq", name=op.f("pk_room_anchors")),
    )
    op.create_table(
        "room_call_tokens",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("room_id", sa.String(length=64), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("bidder", sa.String(length=64), nullable=False),
        sa.Column("issued_at", sa.String(length=24), nullable=False),
        sa.Column("expires_at", sa.String(length=24), nullable=False),
        sa.Column("ended_at", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_room_call_tokens_room_id_rooms")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_room_call_tokens")),
    )
    op.create_index(op.f("ix_room_call_tokens_room_id"), "room_call_tokens", ["room_id"], unique=False)
    op.create_table(
        "room_events",
        sa.Column("room_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("member", sa.String(length=64), nullable=True),
        sa.Column("sealed_body", sa.LargeBinary(), nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_room_events_room_id_rooms")),
        sa.PrimaryKeyConstraint("room_id", "seq", name=op.f("pk_room_events")),
    )
    op.create_table(
        "room_members",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("room_id", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=True),
        sa.Column("zone", sa.String(length=16), nullable=False),
        sa.Column("identity", sa.String(length=140), nullable=False),
        sa.Column("seat", sa.String(length=64), nullable=True),
        sa.Column("admitted_at", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_room_members_room_id_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_members")),
    )
    op.create_index("uq_room_members_identity", "room_members", ["room_id", "identity"], unique=True)
    op.create_table(
        "witness_reports",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("room_id", sa.String(length=64), nullable=False),
        sa.Column("witness", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=True),
        sa.Column("sealed_document", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("signed_at", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_witness_reports_room_id_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_witness_reports")),
    )
    op.create_index("uq_witness_reports_witness", "witness_reports", ["room_id", "witness"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_witness_reports_witness", table_name="witness_reports")
    op.drop_table("witness_reports")
    op.drop_index("uq_room_members_identity", table_name="room_members")
    op.drop_table("room_members")
    op.drop_table("room_events")
    op.drop_index(op.f("ix_room_call_tokens_room_id"), table_name="room_call_tokens")
    op.drop_table("room_call_tokens")
    op.drop_table("room_anchors")
    op.drop_index("uq_recording_views_token_hash", table_name="recording_views")
    op.drop_index(op.f("ix_recording_views_room_id"), table_name="recording_views")
    op.drop_table("recording_views")
    op.drop_table("recording_anchors")
    op.drop_index(
        "uq_rooms_open_draw",
        table_name="rooms",
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_index(op.f("ix_rooms_draw_id"), table_name="rooms")
    op.drop_table("rooms")
