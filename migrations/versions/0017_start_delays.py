"""Starts that were put off: from when to when, why, by whom, and where the log has it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "start_delays",
        sa.Column("campaign_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("before", sa.String(length=20), nullable=False),
        sa.Column("begins", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("words", sa.String(length=80), nullable=True),
        sa.Column("extended", sa.Boolean(), nullable=False),
        sa.Column("put_off_by", sa.String(length=64), nullable=False),
        sa.Column("put_off_at", sa.String(length=20), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("begins > before", name=op.f("ck_start_delays_later")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_start_delays_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "number", name=op.f("pk_start_delays")),
    )


def downgrade() -> None:
    op.drop_table("start_delays")
