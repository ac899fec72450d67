"""Accounts, credentials, sessions and one-time codes; API keys of sites and witnesses."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_OLD_ROLES = "role IN ('agency', 'operator', 'supervisor')"
_ROLES = "role IN ('agency', 'operator', 'supervisor', 'site', 'witness')"
_SITE = "(role IN ('site', 'witness')) = (site_id IS NOT NULL)"


def upgrade() -> None:
    _add_accounts()
    _add_credentials()
    _add_codes()
    with _Nonces(), op.batch_alter_table("api_keys", copy_from=_keys(with_sites=False)) as batch_op:
        batch_op.add_column(sa.Column("site_id", sa.String(length=64), nullable=True))
        batch_op.drop_constraint(op.f("ck_api_keys_role"), type_="check")
        batch_op.create_check_constraint(op.f("ck_api_keys_role"), _ROLES)
        batch_op.create_check_constraint(op.f("ck_api_keys_site"), _SITE)


def downgrade() -> None:
    op.execute(
        "DELETE FROM signature_nonces WHERE key_id IN "
        "(SELECT id FROM api_keys WHERE role IN ('site', 'witness'))"
    )
    op.execute("DELETE FROM api_keys WHERE role IN ('site', 'witness')")
    with _Nonces(), op.batch_alter_table("api_keys", copy_from=_keys(with_sites=True)) as batch_op:
        batch_op.drop_constraint(op.f("ck_api_keys_site"), type_="check")
        batch_op.drop_constraint(op.f("ck_api_keys_role"), type_="check")
        batch_op.create_check_constraint(op.f("ck_api_keys_role"), _OLD_ROLES)
        batch_op.drop_column("site_id")
    for name in (
        "one_time_codes",
        "sign_in_guards",
        "user_sessions",
        "passkey_challenges",
        "passkeys",
        "users",
    ):
        op.drop_table(name)


class _Nonces:
    """SQLite alters a table by making it anew, and the nonces point at it: they step aside meanwhile."""

    def __enter__(self) -> None:
        op.execute("CREATE TEMPORARY TABLE kept_nonces AS SELECT * FROM signature_nonces")
        op.execute("DELETE FROM signature_nonces")

    def __exit__(self, *raised: object) -> None:
        op.execute("INSERT INTO signature_nonces SELECT * FROM kept_nonces")
        op.execute("DROP TABLE kept_nonces")


def _keys(*, with_sites: bool) -> sa.Table:
    site = (sa.Column("site_id", sa.String(length=64), nullable=True),) if with_sites else ()
    bound = (sa.CheckConstraint(_SITE, name=op.f("ck_api_keys_site")),) if with_sites else ()
    return sa.Table(
        "api_keys",
        sa.MetaData(),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("agency_id", sa.String(length=64), nullable=True),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("signing_key", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.String(length=20), nullable=False),
        sa.Column("expires_at", sa.String(length=20), nullable=False),
        sa.Column("revoked_at", sa.String(length=20), nullable=True),
        *site,
        sa.CheckConstraint("(role = 'agency') = (agency_id IS NOT NULL)", name=op.f("ck_api_keys_agency")),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_api_keys_mode")),
        sa.CheckConstraint(_ROLES if with_sites else _OLD_ROLES, name=op.f("ck_api_keys_role")),
        *bound,
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_api_keys_agency_id_agencies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )


def _add_accounts() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("agency_id", sa.String(length=64), nullable=True),
        sa.Column("site_id", sa.String(length=64), nullable=True),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("sealed_name", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_password", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("enrolment", sa.LargeBinary(length=32), nullable=True),
        sa.Column("enrolment_until", sa.String(length=20), nullable=True),
        sa.Column("password_at", sa.String(length=20), nullable=True),
        sa.Column("created_at", sa.String(length=20), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("seen_at", sa.String(length=20), nullable=True),
        sa.Column("disabled_at", sa.String(length=20), nullable=True),
        sa.CheckConstraint("(role = 'agency') = (agency_id IS NOT NULL)", name=op.f("ck_users_agency")),
        sa.CheckConstraint(
            "(role IN ('site', 'witness')) = (site_id IS NOT NULL)", name=op.f("ck_users_site")
        ),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_users_mode")),
        sa.CheckConstraint(
            "role IN ('agency', 'operator', 'supervisor', 'site', 'witness')", name=op.f("ck_users_role")
        ),
        sa.CheckConstraint(
            "(enrolment IS NULL) = (enrolment_until IS NULL)", name=op.f("ck_users_enrolment")
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> created_by", name=op.f("ck_users_approved")
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_users_agency_id_agencies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("login", name=op.f("uq_users_login")),
        sa.UniqueConstraint("person", name=op.f("uq_users_person")),
    )


def _add_credentials() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(length=400), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.String(length=20), nullable=False),
        sa.Column("used_at", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_passkeys_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
    )
    op.create_index(op.f("ix_passkeys_user_id"), "passkeys", ["user_id"], unique=False)
    op.create_table(
        "passkey_challenges",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=True),
        sa.Column("expires_at", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "(purpose = 'register') = (user_id IS NOT NULL)", name=op.f("ck_passkey_challenges_user")
        ),
        sa.CheckConstraint("purpose IN ('register', 'sign-in')", name=op.f("ck_passkey_challenges_purpose")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_passkey_challenges_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey_challenges")),
    )
    op.create_index(
        op.f("ix_passkey_challenges_expires_at"), "passkey_challenges", ["expires_at"], unique=False
    )
    op.create_table(
        "user_sessions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.String(length=20), nullable=False),
        sa.Column("seen_at", sa.String(length=20), nullable=False),
        sa.Column("expires_at", sa.String(length=20), nullable=False),
        sa.CheckConstraint("method IN ('passkey', 'password')", name=op.f("ck_user_sessions_method")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_sessions_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_sessions")),
    )
    op.create_index(op.f("ix_user_sessions_expires_at"), "user_sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_user_sessions_user_id"), "user_sessions", ["user_id"], unique=False)
    op.create_table(
        "sign_in_guards",
        sa.Column("login_tag", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("until", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("login_tag", name=op.f("pk_sign_in_guards")),
    )
    op.create_index(op.f("ix_sign_in_guards_until"), "sign_in_guards", ["until"], unique=False)


def _add_codes() -> None:
    op.create_table(
        "one_time_codes",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("subject_tag", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("code_tag", sa.String(length=64), nullable=False),
        sa.Column("issued_at", sa.String(length=20), nullable=False),
        sa.Column("expires_at", sa.String(length=20), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.String(length=20), nullable=True),
        sa.CheckConstraint("tries >= 0 AND tries <= 5", name=op.f("ck_one_time_codes_tries")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_codes")),
    )
    op.create_index(
        op.f("ix_one_time_codes_subject_tag_number"), "one_time_codes", ["subject_tag", "number"], unique=True
    )
