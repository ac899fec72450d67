"""The first schema: parties, agencies, keys, projects, pools, draws, the log, idempotent answers, operations.

Runs on SQLite and PostgreSQL. The log starts empty: its one head row is made here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency",
        sa.Column("principal", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("lease_until", sa.String(length=20), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("response", sa.LargeBinary(), nullable=True),
        sa.Column("log_size", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("principal", "key", name=op.f("pk_idempotency")),
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("published_at", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_checkpoints")),
    )
    op.create_table(
        "log_entries",
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_log_entries")),
    )
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("published_size", sa.BigInteger(), nullable=False),
        sa.Column("published_note", sa.Text(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_log_head_single")),
        sa.CheckConstraint("published_size <= size", name=op.f("ck_log_head_published")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_head")),
    )
    op.create_table(
        "log_nodes",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("level", "index", name=op.f("pk_log_nodes")),
    )
    op.create_table(
        "operation_log",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("time", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "length(time) > 0 AND length(address) > 0 AND length(operator) > 0 AND length(source) > 0",
            name=op.f("ck_operation_log_complete"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation_log")),
    )
    with op.batch_alter_table("operation_log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_operation_log_time"), ["time"], unique=False)

    op.create_table(
        "parties",
        sa.Column("public", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("vrf", sa.String(length=64), nullable=True),
        sa.Column("seal", sa.String(length=64), nullable=True),
        sa.Column("url", sa.String(length=500), nullable=True),
        sa.Column("entry_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "role IN ('platform', 'agency', 'supervisor', 'cosigner')", name=op.f("ck_parties_role")
        ),
        sa.PrimaryKeyConstraint("public", name=op.f("pk_parties")),
        sa.UniqueConstraint("entry_index", name=op.f("uq_parties_entry_index")),
        sa.UniqueConstraint("role", "name", name=op.f("uq_parties_role_name")),
    )
    op.create_table(
        "pools",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("basis", sa.String(length=200), nullable=False),
        sa.Column("entry_index", sa.BigInteger(), nullable=False),
        sa.Column("frozen_at", sa.String(length=20), nullable=False),
        sa.Column("sealed_salt_key", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_pools_mode")),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_pools")),
        sa.UniqueConstraint("entry_index", name=op.f("uq_pools_entry_index")),
    )
    op.create_table(
        "agencies",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("org", sa.String(length=82), nullable=False),
        sa.Column("party", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["party"], ["parties.public"], name=op.f("fk_agencies_party_parties")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agencies")),
        sa.UniqueConstraint("org", name=op.f("uq_agencies_org")),
    )
    op.create_table(
        "pool_changes",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("pool_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=20), nullable=False),
        sa.Column("expert_tag", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.CheckConstraint("kind IN ('added', 'changed', 'removed')", name=op.f("ck_pool_changes_kind")),
        sa.ForeignKeyConstraint(
            ["pool_id", "version"],
            ["pools.id", "pools.version"],
            name=op.f("fk_pool_changes_pool_id_version_pools"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_changes")),
    )
    with op.batch_alter_table("pool_changes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pool_changes_pool_id_version"), ["pool_id", "version"], unique=False
        )

    op.create_table(
        "pool_experts",
        sa.Column("pool_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id", "version"],
            ["pools.id", "pools.version"],
            name=op.f("fk_pool_experts_pool_id_version_pools"),
        ),
        sa.PrimaryKeyConstraint("pool_id", "version", "row", name=op.f("pk_pool_experts")),
    )
    op.create_table(
        "api_keys",
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
        sa.CheckConstraint("(role = 'agency') = (agency_id IS NOT NULL)", name=op.f("ck_api_keys_agency")),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_api_keys_mode")),
        sa.CheckConstraint("role IN ('agency', 'operator', 'supervisor')", name=op.f("ck_api_keys_role")),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_api_keys_agency_id_agencies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("section", sa.String(length=64), nullable=False),
        sa.Column("agency_id", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(length=20), nullable=False),
        sa.Column("updated_at", sa.String(length=20), nullable=False),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_projects_mode")),
        sa.CheckConstraint("length(owner) > 0", name=op.f("ck_projects_owner")),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_projects_agency_id_agencies")),
        sa.PrimaryKeyConstraint("id", "section", name=op.f("pk_projects")),
    )
    with op.batch_alter_table("projects", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_projects_agency_id"), ["agency_id"], unique=False)

    op.create_table(
        "draws",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("k", sa.BigInteger(), nullable=True),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("section", sa.String(length=64), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("previous", sa.BigInteger(), nullable=True),
        sa.Column("agency_id", sa.String(length=64), nullable=False),
        sa.Column("requested_by", sa.String(length=64), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("sealed_secrets", sa.LargeBinary(), nullable=True),
        sa.Column("sdr", sa.JSON(), nullable=True),
        sa.Column("sdr_hash", sa.String(length=64), nullable=True),
        sa.Column("code", sa.String(length=12), nullable=True),
        sa.Column("abort_reason", sa.String(length=32), nullable=True),
        sa.Column("evaluation_from", sa.String(length=20), nullable=True),
        sa.Column("evaluation_to", sa.String(length=20), nullable=True),
        sa.Column("state_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(length=20), nullable=False),
        sa.Column("updated_at", sa.String(length=20), nullable=False),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_draws_mode")),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_draws_agency_id_agencies")),
        sa.ForeignKeyConstraint(
            ["project_id", "section"],
            ["projects.id", "projects.section"],
            name=op.f("fk_draws_project_id_section_projects"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draws")),
        sa.UniqueConstraint("code", name=op.f("uq_draws_code")),
        sa.UniqueConstraint("k", name=op.f("uq_draws_k")),
        sa.UniqueConstraint("project_id", "section", "round", name=op.f("uq_draws_project_id_section_round")),
        sa.UniqueConstraint("sdr_hash", name=op.f("uq_draws_sdr_hash")),
    )
    with op.batch_alter_table("draws", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_draws_agency_id"), ["agency_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_draws_evaluation_from"), ["evaluation_from"], unique=False)
        batch_op.create_index(
            "uq_draws_one_live",
            ["project_id", "section"],
            unique=True,
            sqlite_where=sa.text("live"),
            postgresql_where=sa.text("live"),
        )

    op.create_table(
        "signature_nonces",
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=128), nullable=False),
        sa.Column("expires_at", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["key_id"], ["api_keys.id"], name=op.f("fk_signature_nonces_key_id_api_keys")
        ),
        sa.PrimaryKeyConstraint("key_id", "nonce", name=op.f("pk_signature_nonces")),
    )
    with op.batch_alter_table("signature_nonces", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signature_nonces_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "draw_duties",
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("duty", sa.String(length=16), nullable=False),
        sa.Column("at", sa.String(length=20), nullable=False),
        sa.CheckConstraint("duty IN ('request', 'supervise', 'operate')", name=op.f("ck_draw_duties_duty")),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_draw_duties_draw_id_draws")),
        sa.PrimaryKeyConstraint("draw_id", "person", name=op.f("pk_draw_duties")),
    )
    op.create_table(
        "draw_entries",
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_draw_entries_draw_id_draws")),
        sa.PrimaryKeyConstraint("draw_id", "log_index", name=op.f("pk_draw_entries")),
    )
    op.create_table(
        "draw_events",
        sa.Column("draw_id", sa.String(length=64), nullable=False),
        sa.Column("t", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("event_index", sa.BigInteger(), nullable=False),
        sa.Column("answer_index", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["draw_id"], ["draws.id"], name=op.f("fk_draw_events_draw_id_draws")),
        sa.PrimaryKeyConstraint("draw_id", "t", name=op.f("pk_draw_events")),
    )
    head = sa.table(
        "log_head",
        sa.column("id", sa.Integer),
        sa.column("size", sa.BigInteger),
        sa.column("published_size", sa.BigInteger),
    )
    op.bulk_insert(head, [{"id": 1, "size": 0, "published_size": 0}])


def downgrade() -> None:
    op.drop_table("draw_events")
    op.drop_table("draw_entries")
    op.drop_table("draw_duties")
    with op.batch_alter_table("signature_nonces", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_signature_nonces_expires_at"))

    op.drop_table("signature_nonces")
    with op.batch_alter_table("draws", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_draws_one_live", sqlite_where=sa.text("live"), postgresql_where=sa.text("live")
        )
        batch_op.drop_index(batch_op.f("ix_draws_evaluation_from"))
        batch_op.drop_index(batch_op.f("ix_draws_agency_id"))

    op.drop_table("draws")
    with op.batch_alter_table("projects", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_projects_agency_id"))

    op.drop_table("projects")
    op.drop_table("api_keys")
    op.drop_table("pool_experts")
    with op.batch_alter_table("pool_changes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pool_changes_pool_id_version"))

    op.drop_table("pool_changes")
    op.drop_table("agencies")
    op.drop_table("pools")
    op.drop_table("parties")
    with op.batch_alter_table("operation_log", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_operation_log_time"))

    op.drop_table("operation_log")
    op.drop_table("log_nodes")
    op.drop_table("log_head")
    op.drop_table("log_entries")
    op.drop_table("log_checkpoints")
    op.drop_table("idempotency")
