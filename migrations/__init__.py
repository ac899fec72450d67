"""Alembic migrations; `migrations.upgrade` runs them from the program, without a configuration file."""
