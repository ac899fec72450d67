"""Wire shapes of what stays on record: hand-overs of sections, changes of pools, the operation log."""

from typing import Literal

from pydantic import BaseModel, Field

from app.api.schemas import Id, Text, Wire


class OwnerIn(Wire):
    """Who is responsible for a section from now on, and why that changes."""

    section: Id = Field(examples=["s1"])
    owner: Text = Field(examples=["李工"], description="服务责任人, the person in charge")
    reason: Text = Field(examples=["王工调离"])


class HandOverOut(BaseModel):
    """A section handed over; `version` is the section's that it made, `by` who did it."""

    version: int
    at: str
    former: str
    owner: str
    reason: str
    by: str


class HandOverPage(BaseModel):
    """A page of hand-overs, newest first; `next` is null on the last."""

    items: list[HandOverOut]
    next: str | None


class PoolChangeOut(BaseModel):
    """Which fields of one record moved; `record` is a keyed hash, one expert's in every version."""

    record: str
    kind: Literal["added", "changed", "removed"]
    fields: list[str]
    at: str


class PoolChangesPage(BaseModel):
    """A page of what one version changed against the one before; `next` is null on the last."""

    pool: str
    version: int
    root: str
    size: int
    frozen_at: str
    log_index: int = Field(description="of the version's entry in the public log")
    items: list[PoolChangeOut]
    next: str | None


class OperationOut(BaseModel):
    """One act: `operator` is the accountable person, a device, a seat or the platform itself."""

    number: int
    time: str
    operator: str
    address: str
    source: str
    action: str
    target: str


class OperationPage(BaseModel):
    """A page of the operation log, newest first; `next` is null on the last."""

    items: list[OperationOut]
    next: str | None
