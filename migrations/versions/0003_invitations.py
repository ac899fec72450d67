"""Campaigns, letters and answers."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contacts",
        sa.Column("pool_id", sa.String(length=64), nullable=False),
        sa.Column("expert_tag", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("pool_id", "expert_tag", name=op.f("pk_contacts")),
    )
    op.create_table(
        "campaigns",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("agency_id", sa.String(length=64), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("begins", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("state_version", sa.Integer(), nullable=False),
        sa.Column("moves", sa.Integer(), nullable=False),
        sa.Column("own_order_reason", sa.String(length=200), nullable=True),
        sa.Column("released_at", sa.String(length=20), nullable=True),
        sa.Column("proposed_by", sa.String(length=64), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.String(length=20), nullable=False),
        sa.Column("updated_at", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "approved_by IS NOT NULL OR state IN ('proposed', 'cancelled')",
            name=op.f("ck_campaigns_approved"),
        ),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_campaigns_mode")),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> proposed_by", name=op.f("ck_campaigns_two_persons")
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_campaigns_agency_id_agencies")),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_campaigns_draw_id_draws")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("draw_id", name=op.f("uq_campaigns_draw_id")),
    )
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_campaigns_state_begins"), ["state", "begins"], unique=False)
    op.create_table(
        "invitations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("campaign_id", sa.String(length=64), nullable=False),
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("sealed_holder", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_content", sa.LargeBinary(), nullable=False),
        sa.Column("letter", sa.LargeBinary(), nullable=False),
        sa.Column("auth_hash", sa.String(length=64), nullable=False),
        sa.Column("reply_key", sa.String(length=64), nullable=False),
        sa.Column("arrival_tag", sa.String(length=64), nullable=False),
        sa.Column("arrival_code_tag", sa.String(length=64), nullable=False),
        sa.Column("venue_site", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("state_version", sa.Integer(), nullable=False),
        sa.Column("begins", sa.String(length=20), nullable=False),
        sa.Column("reply_by", sa.String(length=20), nullable=False),
        sa.Column("cut_off", sa.String(length=20), nullable=False),
        sa.Column("arrive_by", sa.String(length=20), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.String(length=16), nullable=True),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.String(length=20), nullable=False),
        sa.Column("updated_at", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "pending IN ('decline', 'timeout', 'no_show', 'leave', 'conflict', 'recusal', 'venue')",
            name=op.f("ck_invitations_pending"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_invitations_campaign_id_campaigns")
        ),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_invitations_draw_id_draws")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("draw_id", "n", name=op.f("uq_invitations_draw_id_n")),
    )
    with op.batch_alter_table("invitations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitations_arrival_tag"), ["arrival_tag"], unique=False)
        batch_op.create_index(batch_op.f("ix_invitations_campaign_id_n"), ["campaign_id", "n"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_invitations_venue_site_state"), ["venue_site", "state"], unique=False
        )
    op.create_table(
        "ladder_steps",
        sa.Column("campaign_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("reason_zh", sa.Text(), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.Column("taken_by", sa.String(length=64), nullable=False),
        sa.Column("taken_at", sa.String(length=20), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_ladder_steps_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "number", name=op.f("pk_ladder_steps")),
        sa.UniqueConstraint("campaign_id", "step", name=op.f("uq_ladder_steps_campaign_id_step")),
    )
    op.create_table(
        "invitation_replies",
        sa.Column("invitation_id", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.String(length=8), nullable=False),
        sa.Column("at", sa.String(length=20), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("sealed_record", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "answer IN ('accept', 'decline', 'leave')", name=op.f("ck_invitation_replies_answer")
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_invitation_replies_invitation_id_invitations"),
        ),
        sa.PrimaryKeyConstraint("invitation_id", "answer", name=op.f("pk_invitation_replies")),
    )


def downgrade() -> None:
    op.drop_table("invitation_replies")
    op.drop_table("ladder_steps")
    with op.batch_alter_table("invitations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invitations_venue_site_state"))
        batch_op.drop_index(batch_op.f("ix_invitations_campaign_id_n"))
        batch_op.drop_index(batch_op.f("ix_invitations_arrival_tag"))
    op.drop_table("invitations")
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_campaigns_state_begins"))
    op.drop_table("campaigns")
    op.drop_table("contacts")
