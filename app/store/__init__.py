"""Durable state: tables, repositories and the unit of work, on SQLite and on PostgreSQL."""
