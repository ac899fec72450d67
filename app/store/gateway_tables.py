"""Gateways at the edges of sites: the keys by which the hub knows them. Conventions: `app.store.tables`."""

from sqlalchemy import Column, ForeignKey, String, Table

from app.store.columns import HEX32, ID, METADATA, TIME

site_gateways = Table(
    "site_gateways",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("site", ID, ForeignKey("venue_sites.id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("public", HEX32, nullable=False, unique=True),
    Column("registered_at", TIME, nullable=False),
    Column("registered_by", ID, nullable=False),
    Column("revoked_at", TIME),
)
