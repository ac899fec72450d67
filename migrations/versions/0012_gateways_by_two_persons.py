"""Gateways by two persons: whoever was registered by one person waits for another one's approval."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("site_gateways") as batch_op:
        batch_op.alter_column("registered_at", new_column_name="proposed_at")
        batch_op.alter_column("registered_by", new_column_name="proposed_by")
        batch_op.add_column(sa.Column("approved_at", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("approved_by", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("revoked_by", sa.String(length=64), nullable=True))
        batch_op.create_check_constraint(
            op.f("ck_site_gateways_approved"), "(approved_at IS NULL) = (approved_by IS NULL)"
        )
        batch_op.create_check_constraint(
            op.f("ck_site_gateways_two_persons"), "approved_by IS NULL OR approved_by <> proposed_by"
        )


def downgrade() -> None:
    with op.batch_alter_table("site_gateways") as batch_op:
        batch_op.drop_constraint(op.f("ck_site_gateways_two_persons"), type_="check")
        batch_op.drop_constraint(op.f("ck_site_gateways_approved"), type_="check")
        batch_op.drop_column("revoked_by")
        batch_op.drop_column("approved_by")
        batch_op.drop_column("approved_at")
        batch_op.alter_column("proposed_by", new_column_name="registered_by")
        batch_op.alter_column("proposed_at", new_column_name="registered_at")
