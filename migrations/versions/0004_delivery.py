"""Outbox, timers, reports and notices."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delivery_reports",
        sa.Column("gateway", sa.String(length=32), nullable=False),
        sa.Column("report_id", sa.String(length=128), nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.String(length=20), nullable=False),
        sa.Column("sealed_detail", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.String(length=20), nullable=False),
        sa.Column("handled_at", sa.String(length=20), nullable=True),
        sa.Column("next_at", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.String(length=20), nullable=True),
        sa.Column("leased_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("gateway", "report_id", name=op.f("pk_delivery_reports")),
    )
    with op.batch_alter_table("delivery_reports", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_delivery_reports_handled_at_next_at"), ["handled_at", "next_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_delivery_reports_leased_by"), ["leased_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_delivery_reports_message_id"), ["message_id"], unique=False)

    op.create_table(
        "notices",
        sa.Column("change_id", sa.String(length=128), nullable=False),
        sa.Column("recipient_tag", sa.String(length=64), nullable=False),
        sa.Column("audience", sa.String(length=16), nullable=False),
        sa.Column("draw_id", sa.String(length=64), nullable=True),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("change_id", "recipient_tag", name=op.f("pk_notices")),
        sa.UniqueConstraint("message_id", name=op.f("uq_notices_message_id")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notices_draw_id"), ["draw_id"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("template", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("sealed_payload", sa.LargeBinary(), nullable=True),
        sa.Column("dedupe", sa.String(length=200), nullable=False),
        sa.Column("draw_k", sa.BigInteger(), nullable=True),
        sa.Column("invitation_n", sa.BigInteger(), nullable=True),
        sa.Column("not_before", sa.String(length=20), nullable=False),
        sa.Column("expires_at", sa.String(length=20), nullable=False),
        sa.Column("next_at", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.String(length=20), nullable=True),
        sa.Column("leased_by", sa.String(length=64), nullable=True),
        sa.Column("log_size", sa.BigInteger(), nullable=True),
        sa.Column("gateway", sa.String(length=32), nullable=True),
        sa.Column("failure", sa.String(length=64), nullable=True),
        sa.Column("last_kind", sa.String(length=16), nullable=True),
        sa.Column("last_at", sa.String(length=20), nullable=True),
        sa.CheckConstraint("channel IN ('sms', 'voice', 'email', 'letter')", name=op.f("ck_outbox_channel")),
        sa.CheckConstraint(
            "sealed_payload IS NULL OR state IN ('queued', 'sending', 'sent')", name=op.f("ck_outbox_erased")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'delivered', 'failed', 'expired')",
            name=op.f("ck_outbox_state"),
        ),
        sa.CheckConstraint("(draw_k IS NULL) = (invitation_n IS NULL)", name=op.f("ck_outbox_reference")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("dedupe", name=op.f("uq_outbox_dedupe")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_outbox_draw_k_invitation_n"), ["draw_k", "invitation_n"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_outbox_leased_by"), ["leased_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_state_next_at"), ["state", "next_at"], unique=False)

    op.create_table(
        "timers",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("due_at", sa.String(length=20), nullable=False),
        sa.Column("next_at", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.String(length=20), nullable=True),
        sa.Column("leased_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_timers")),
    )
    with op.batch_alter_table("timers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_timers_leased_by"), ["leased_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_timers_next_at"), ["next_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("timers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_timers_next_at"))
        batch_op.drop_index(batch_op.f("ix_timers_leased_by"))

    op.drop_table("timers")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_state_next_at"))
        batch_op.drop_index(batch_op.f("ix_outbox_leased_by"))
        batch_op.drop_index(batch_op.f("ix_outbox_draw_k_invitation_n"))

    op.drop_table("outbox")
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notices_draw_id"))

    op.drop_table("notices")
    with op.batch_alter_table("delivery_reports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delivery_reports_message_id"))
        batch_op.drop_index(batch_op.f("ix_delivery_reports_leased_by"))
        batch_op.drop_index(batch_op.f("ix_delivery_reports_handled_at_next_at"))

    op.drop_table("delivery_reports")
