"""Passkeys of experts, challenges that letters give out, and who has shown at a letter that it is they."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "letter_sessions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("invitation_id", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitations.id"], name=op.f("fk_letter_sessions_invitation_id_invitations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_sessions")),
    )
    op.create_index(op.f("ix_letter_sessions_expires_at"), "letter_sessions", ["expires_at"], unique=False)
    op.create_table(
        "letter_challenges",
        sa.Column("invitation_id", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("handle", sa.LargeBinary(length=32), nullable=True),
        sa.Column("expires_at", sa.String(length=20), nullable=False),
        sa.CheckConstraint("purpose IN ('register', 'sign-in')", name=op.f("ck_letter_challenges_purpose")),
        sa.CheckConstraint(
            "(purpose = 'register') = (handle IS NOT NULL)", name=op.f("ck_letter_challenges_handle")
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_letter_challenges_invitation_id_invitations"),
        ),
        sa.PrimaryKeyConstraint("invitation_id", "purpose", name=op.f("pk_letter_challenges")),
    )
    op.create_index(
        op.f("ix_letter_challenges_expires_at"), "letter_challenges", ["expires_at"], unique=False
    )
    op.create_table(
        "expert_passkeys",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("owner_tag", sa.String(length=64), nullable=False),
        sa.Column("credential", sa.String(length=400), nullable=False),
        sa.Column("handle", sa.LargeBinary(length=32), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_on", sa.String(length=10), nullable=False),
        sa.Column("used_on", sa.String(length=10), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert_passkeys")),
        sa.UniqueConstraint("credential", name=op.f("uq_expert_passkeys_credential")),
    )
    op.create_index(op.f("ix_expert_passkeys_owner_tag"), "expert_passkeys", ["owner_tag"], unique=False)


def downgrade() -> None:
    op.drop_table("expert_passkeys")
    op.drop_table("letter_challenges")
    op.drop_table("letter_sessions")
