"""Acts that a local discipline scale may count."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conduct_records",
        sa.Column("invitation_id", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("sealed_expert", sa.LargeBinary(), nullable=False),
        sa.Column("person_tag", sa.String(length=64), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.Column("layer", sa.String(length=64), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("at", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "act IN ('late', 'leave_late', 'leave_early', 'no_show')", name=op.f("ck_conduct_records_act")
        ),
        sa.CheckConstraint(
            "points IS NULL OR (layer IS NOT NULL AND source IS NOT NULL)",
            name=op.f("ck_conduct_records_points"),
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitations.id"], name=op.f("fk_conduct_records_invitation_id_invitations")
        ),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_conduct_records_draw_id_draws")),
        sa.PrimaryKeyConstraint("invitation_id", "act", name=op.f("pk_conduct_records")),
    )
    op.create_index(op.f("ix_conduct_records_draw_id"), "conduct_records", ["draw_id"])
    op.create_index(op.f("ix_conduct_records_person_tag"), "conduct_records", ["person_tag"])


def downgrade() -> None:
    op.drop_index(op.f("ix_conduct_records_person_tag"), table_name="conduct_records")
    op.drop_index(op.f("ix_conduct_records_draw_id"), table_name="conduct_records")
    op.drop_table("conduct_records")
