"""Appointments: members of a committee who were not drawn, proposed by one person and decided by another."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "appointments",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("section", sa.String(length=64), nullable=False),
        sa.Column("agency_id", sa.String(length=64), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("fills", sa.String(length=64), nullable=True),
        sa.Column("draw_id", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("pool_id", sa.String(length=64), nullable=False),
        sa.Column("pool_version", sa.Integer(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("outside", sa.Integer(), nullable=False),
        sa.Column("opens_at", sa.String(length=20), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sealed_chosen", sa.LargeBinary(), nullable=True),
        sa.Column("proposed_by", sa.String(length=64), nullable=False),
        sa.Column("proposer", sa.String(length=16), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.String(length=20), nullable=True),
        sa.Column("decision", sa.String(length=200), nullable=True),
        sa.Column("log_index", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.String(length=20), nullable=False),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_appointments_mode")),
        sa.CheckConstraint("way IN ('self_selected', 'direct')", name=op.f("ck_appointments_way")),
        sa.CheckConstraint("(way = 'direct') = (fills IS NULL)", name=op.f("ck_appointments_fills")),
        sa.CheckConstraint(
            "state IN ('proposed', 'approved', 'refused')", name=op.f("ck_appointments_state")
        ),
        sa.CheckConstraint("proposer IN ('agency', 'operator')", name=op.f("ck_appointments_proposer")),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> proposed_by", name=op.f("ck_appointments_two_persons")
        ),
        sa.CheckConstraint(
            "(state = 'proposed') = (decided_by IS NULL)", name=op.f("ck_appointments_decided")
        ),
        sa.CheckConstraint(
            "(state = 'approved') = (draw_id IS NOT NULL)", name=op.f("ck_appointments_carried")
        ),
        sa.CheckConstraint("state <> 'refused' OR decision IS NOT NULL", name=op.f("ck_appointments_told")),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.id"], name=op.f("fk_appointments_agency_id_agencies")
        ),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_appointments_draw_id_draws")),
        sa.ForeignKeyConstraint(["fills"], ["draws.id"], name=op.f("fk_appointments_fills_draws")),
        sa.ForeignKeyConstraint(
            ["project_id", "section"],
            ["projects.id", "projects.section"],
            name=op.f("fk_appointments_project_id_section_projects"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
        sa.UniqueConstraint("digest", name=op.f("uq_appointments_digest")),
        sa.UniqueConstraint("draw_id", name=op.f("uq_appointments_draw_id")),
        sa.UniqueConstraint("log_index", name=op.f("uq_appointments_log_index")),
    )
    op.create_index(op.f("ix_appointments_agency_id"), "appointments", ["agency_id"])
    op.create_index(op.f("ix_appointments_project_id_section"), "appointments", ["project_id", "section"])


def downgrade() -> None:
    op.drop_index(op.f("ix_appointments_project_id_section"), table_name="appointments")
    op.drop_index(op.f("ix_appointments_agency_id"), table_name="appointments")
    op.drop_table("appointments")
