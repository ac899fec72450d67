"""What a key is for and why it was ended; hand-overs of a section's responsible person."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("api_keys") as batch_op:
        batch_op.add_column(sa.Column("label", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("revoked_reason", sa.String(length=200), nullable=True))
    op.create_table(
        "project_owners",
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("section", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=20), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("former", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.CheckConstraint("length(owner) > 0 AND length(reason) > 0", name=op.f("ck_project_owners_told")),
        sa.ForeignKeyConstraint(
            ["project_id", "section"],
            ["projects.id", "projects.section"],
            name=op.f("fk_project_owners_project_id_section_projects"),
        ),
        sa.PrimaryKeyConstraint("project_id", "section", "version", name=op.f("pk_project_owners")),
    )


def downgrade() -> None:
    op.drop_table("project_owners")
    # In place: a table made anew would have to be dropped while nonces refer to it.
    op.drop_column("api_keys", "revoked_reason")
    op.drop_column("api_keys", "label")
