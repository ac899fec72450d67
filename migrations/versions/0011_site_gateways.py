"""Gateways at the edges of sites."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "site_gateways",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("public", sa.String(length=64), nullable=False),
        sa.Column("registered_at", sa.String(length=20), nullable=False),
        sa.Column("registered_by", sa.String(length=64), nullable=False),
        sa.Column("revoked_at", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["site"], ["venue_sites.id"], name=op.f("fk_site_gateways_site_venue_sites")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_gateways")),
        sa.UniqueConstraint("public", name=op.f("uq_site_gateways_public")),
    )
    op.create_index(op.f("ix_site_gateways_site"), "site_gateways", ["site"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_site_gateways_site"), table_name="site_gateways")
    op.drop_table("site_gateways")
