"""Cases: what was opened about a breach in an evaluation, and each step with its document."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('opened', 'decided', 'transferred', 'closed')", name=op.f("ck_cases_state")
        ),
        sa.CheckConstraint("outcome IN ('vacated', 'stays')", name=op.f("ck_cases_outcome")),
        sa.CheckConstraint("(outcome IS NULL) = (state = 'opened')", name=op.f("ck_cases_decided")),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_cases_draw_id_draws")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    op.create_index(op.f("ix_cases_draw_id"), "cases", ["draw_id"], unique=False)
    op.create_table(
        "case_steps",
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("at", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sealed_words", sa.LargeBinary(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_steps_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_case_steps")),
    )


def downgrade() -> None:
    op.drop_table("case_steps")
    op.drop_index(op.f("ix_cases_draw_id"), table_name="cases")
    op.drop_table("cases")
