"""Wire shapes of draw terminals and of starts at them."""

from typing import Literal

from pydantic import BaseModel, Field

from app.api.desk_schemas import JwkIn, Signature, Thumbprint
from app.api.schemas import Id, Wire


class TerminalIn(Wire):
    """The key of a draw terminal, with proof that the browser has its private half."""

    zone: Id = Field(description="the draw room, by its id in the plan of the site")
    key: JwkIn
    signature: Signature


class TerminalApprovalIn(Wire):
    """The thumbprint that the second person saw on the terminal's screen."""

    thumbprint: Thumbprint


class TerminalOut(BaseModel):
    """A draw terminal: waiting for a second person, enrolled or revoked."""

    terminal: str = Field(examples=["dtm_5f0c1d2e3a4b5c6d7e8f"])
    site: str
    zone: str
    thumbprint: str
    state: Literal["proposed", "enrolled", "revoked"]
    proposed_by: str
    approved_by: str | None
    revoked_by: str | None


class TerminalPage(BaseModel):
    """The draw terminals of a site, or of every site."""

    items: list[TerminalOut]


class StartIn(Wire):
    """Which draw an operator wants to start at which terminal."""

    terminal: Id
    thumbprint: Thumbprint
    draw: Id


class StartOut(BaseModel):
    """A start: `statement` is what the terminal signs, once a supervisor has signed in."""

    start: str = Field(examples=["dst_5f0c1d2e3a4b5c6d7e8f"])
    draw: str
    terminal: str
    operator: str
    supervisor: str | None
    expires_at: str
    statement: str | None
    beacon: str | None = Field(description="the public beacon that the draw waits for")


class StartSignatureIn(Wire):
    """The terminal's signature under the statement."""

    signature: Signature


class BegunOut(BaseModel):
    """Who started a draw, where and when; `digest` stands for the signed statement in the site's ledger."""

    draw: str
    site: str
    zone: str
    terminal: str
    operator: str
    supervisor: str
    begun_at: str
    digest: str
    statement: str
    signature: str
