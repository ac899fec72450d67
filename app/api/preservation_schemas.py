"""Wire shapes of what becomes of recordings, strict. Meaning is checked by `app.usecases.room`."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.api.people_schemas import Login
from app.api.schemas import Text, Wire

Class = Literal["evaluation", "public"]
Subject = Annotated[str, Field(examples=["rhd_0a1b2c3d4e5f60718293"])]
Time = Annotated[str, Field(examples=["2026-11-24T02:10:00Z"])]
Kind = Literal[
    "hold", "release", "check", "incident", "closure", "proposal", "refusal", "approval", "deletion"
]


class PreservationReasonIn(Wire):
    """Why something is held, released, refused, approved, or what was found about an incident."""

    reason: Text = Field(examples=["投诉调查期间不得销毁"])


class DeletionIn(Wire):
    """A deletion of everything of a class that is left."""

    klass: Class = Field(alias="class")
    reason: Text = Field(examples=["保存期限届满"])


class CustodianIn(Wire):
    """An operator's account, by its login."""

    login: Login


class CustodianOut(BaseModel):
    """Whoever keeps the recordings, since when, and who said so; null while nobody was named."""

    login: str | None
    named_by: str | None
    at: str | None


class ActMadeOut(BaseModel):
    """An act that was written down; `subject` is the hold, incident or deletion that it is about."""

    room: str
    subject: Subject


class CheckMadeOut(BaseModel):
    """A check that was written down."""

    room: str
    number: int
    ok: bool
    faulty: int


class TermOut(BaseModel):
    """Until when a class is kept at least, by which rule; `status`: whether the text was read (room pack)."""

    klass: Class = Field(serialization_alias="class")
    months: int
    until: str | None
    source: str
    status: Literal["read", "excerpt", "unchecked", "policy"]
    zh: str
    en: str
    files: int = Field(description="files that were recorded and not deleted")
    obstacles: list[str] = Field(description="what forbids a deletion now, as codes of faults")


class ActOut(BaseModel):
    """One act. `body` are its facts: the verdict of a check, a deletion's class, files and certificate."""

    number: int
    kind: Kind
    at: Time
    by: str
    subject: str | None
    words: str | None
    body: dict[str, Any]


class PreservationOut(BaseModel):
    """What becomes of a room's recordings: terms, when the next check is due, every act in its order."""

    room: str
    closed_at: str | None
    custodian: CustodianOut
    next_check: str | None
    terms: list[TermOut]
    holds: list[str]
    incidents: list[str]
    proposals: list[str]
    approved: list[str] = Field(description="deletions that were approved and are not carried out yet")
    acts: list[ActOut]
