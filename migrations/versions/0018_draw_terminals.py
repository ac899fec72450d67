"""Draw terminals with their keys, and draws started at one by two persons."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "draw_terminals",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("thumbprint", sa.String(length=43), nullable=False),
        sa.Column("jwk", sa.JSON(), nullable=False),
        sa.Column("proposed_by", sa.String(length=64), nullable=False),
        sa.Column("proposed_at", sa.String(length=20), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("approved_at", sa.String(length=20), nullable=True),
        sa.Column("revoked_by", sa.String(length=64), nullable=True),
        sa.Column("revoked_at", sa.String(length=20), nullable=True),
        sa.CheckConstraint(
            "(approved_at IS NULL) = (approved_by IS NULL)", name=op.f("ck_draw_terminals_approved")
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> proposed_by", name=op.f("ck_draw_terminals_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["site", "zone"],
            ["venue_zones.site_id", "venue_zones.id"],
            name=op.f("fk_draw_terminals_site_venue_zones"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw_terminals")),
        sa.UniqueConstraint("thumbprint", name=op.f("uq_draw_terminals_thumbprint")),
    )
    op.create_table(
        "draw_starts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("terminal_id", sa.String(length=64), nullable=False),
        sa.Column("challenge", sa.LargeBinary(length=32), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.String(length=20), nullable=False),
        sa.Column("expires_at", sa.String(length=20), nullable=False),
        sa.Column("supervisor", sa.String(length=64), nullable=True),
        sa.Column("supervised_at", sa.String(length=20), nullable=True),
        sa.Column("begun_at", sa.String(length=20), nullable=True),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=True),
        sa.CheckConstraint(
            "supervisor IS NULL OR supervisor <> operator", name=op.f("ck_draw_starts_two_persons")
        ),
        sa.CheckConstraint(
            "begun_at IS NULL OR (supervisor IS NOT NULL AND signature IS NOT NULL)",
            name=op.f("ck_draw_starts_begun"),
        ),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_draw_starts_draw_id_draws")),
        sa.ForeignKeyConstraint(
            ["terminal_id"], ["draw_terminals.id"], name=op.f("fk_draw_starts_terminal_id_draw_terminals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw_starts")),
    )
    with op.batch_alter_table("draw_starts") as batch_op:
        batch_op.create_index(
            "uq_draw_starts_begun",
            ["draw_id"],
            unique=True,
            sqlite_where=sa.text("begun_at IS NOT NULL"),
            postgresql_where=sa.text("begun_at IS NOT NULL"),
        )


def downgrade() -> None:
    op.drop_table("draw_starts")
    op.drop_table("draw_terminals")
