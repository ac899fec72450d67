"""Who found what at a seat: the seat's own check with its figures, staff by hand, or a word over all."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

EQUIPMENT = ("source", "own_fault", "own_condition", "own_at", "own_figures")
REPORTS = ("source", "figures")


def upgrade() -> None:
    op.add_column("seat_equipment", sa.Column("source", sa.String(length=16), nullable=True))
    op.add_column(
        "seat_equipment", sa.Column("own_fault", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("seat_equipment", sa.Column("own_condition", sa.String(length=16), nullable=True))
    op.add_column("seat_equipment", sa.Column("own_at", sa.String(length=20), nullable=True))
    op.add_column("seat_equipment", sa.Column("own_figures", sa.JSON(), nullable=True))
    op.add_column(
        "seat_reports", sa.Column("source", sa.String(length=16), nullable=False, server_default="staff")
    )
    op.add_column("seat_reports", sa.Column("figures", sa.JSON(), nullable=True))


def downgrade() -> None:
    for name in REPORTS:
        op.drop_column("seat_reports", name)
    for name in EQUIPMENT:
        op.drop_column("seat_equipment", name)
