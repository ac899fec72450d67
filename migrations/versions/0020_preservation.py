"""What becomes of recordings: acts on them, their custodians, a first check of rooms closed before."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recording_acts",
        sa.Column("room_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sealed_words", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('hold', 'release', 'check', 'incident', 'closure', 'proposal', 'refusal', 'approval', "
            "'deletion')",
            name=op.f("ck_recording_acts_kind"),
        ),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_recording_acts_room_id_rooms")),
        sa.PrimaryKeyConstraint("room_id", "number", name=op.f("pk_recording_acts")),
    )
    op.create_table(
        "recording_custodians",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("named_by", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_recording_custodians_user_id_users")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_recording_custodians")),
    )
    op.execute(
        "INSERT INTO timers (kind, subject, due_at, next_at, attempts, version) "
        "SELECT 'recording-check', id, closed, closed, 0, 1 FROM "
        "(SELECT id, substr(closed_at, 1, 19) || 'Z' AS closed FROM rooms WHERE closed_at IS NOT NULL) AS old"
    )


def downgrade() -> None:
    op.execute("DELETE FROM timers WHERE kind IN ('recording-check', 'recording-deletion')")
    op.drop_table("recording_custodians")
    op.drop_table("recording_acts")
