"""Seats of logged invitations."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "draw_invites",
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("entry_index", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_draw_invites_draw_id_draws")),
        sa.PrimaryKeyConstraint("draw_id", "n", name=op.f("pk_draw_invites")),
    )


def downgrade() -> None:
    op.drop_table("draw_invites")
