"""The sealed roster: versions, and wishes to open one."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rosters",
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("record_index", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_rosters_draw_id_draws")),
        sa.PrimaryKeyConstraint("draw_id", "version", name=op.f("pk_rosters")),
    )
    op.create_table(
        "roster_openings",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("record_index", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.String(length=20), nullable=False),
        sa.Column("opened_at", sa.String(length=20), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(opened_at IS NULL) = (sealed IS NULL)", name=op.f("ck_roster_openings_opened")),
        sa.ForeignKeyConstraint(
            ["draw_id", "version"],
            ["rosters.draw_id", "rosters.version"],
            name=op.f("fk_roster_openings_draw_id_version_rosters"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_openings")),
        sa.UniqueConstraint(
            "draw_id", "version", "tier", name=op.f("uq_roster_openings_draw_id_version_tier")
        ),
    )


def downgrade() -> None:
    op.drop_table("roster_openings")
    op.drop_table("rosters")
