"""Gateways at the edges of sites: the keys by which the hub knows them. Conventions: `app.store.tables`."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table

from app.store.columns import HEX32, ID, METADATA, TIME

site_gateways = Table(
    "site_gateways",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("site", ID, ForeignKey("venue_sites.id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("public", HEX32, nullable=False, unique=True),
    Column("proposed_at", TIME, nullable=False),
    Column("proposed_by", ID, nullable=False),
    Column("approved_at", TIME),
    Column("approved_by", ID),
    Column("revoked_at", TIME),
    Column("revoked_by", ID),
    CheckConstraint("(approved_at IS NULL) = (approved_by IS NULL)", name="approved"),
    CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="two_persons"),
)
