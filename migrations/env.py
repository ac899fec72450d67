"""Alembic's entry: runs on the connection that `migrations.upgrade` hands over, and on no other."""

from alembic import context
from sqlalchemy import Connection

from app.store.schema import METADATA


def run(connection: Connection) -> None:
    """Run the migrations inside the transaction that is already open on `connection`."""
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
