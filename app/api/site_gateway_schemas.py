"""Wire shapes of site gateways: their keys, and by whose word they are believed."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.api.schemas import Hex32, Id, Wire


class SiteGatewayIn(Wire):
    """A gateway to be known by its key, as `qiantong gateway key` prints it at the site."""

    site: Id
    name: Annotated[str, Field(min_length=1, max_length=200, examples=["北门机房"])]
    key: Hex32


class GatewayApprovalIn(Wire):
    """The key that the gateway itself shows: who approves has compared it."""

    key: Hex32


class SiteGatewayOut(BaseModel):
    """A gateway; `hub_key` is what it has to know this platform by."""

    gateway: str
    site: str
    name: str
    key: str
    state: Literal["proposed", "enrolled", "revoked"]
    proposed_by: str
    proposed_at: str
    approved_by: str | None
    revoked_by: str | None
    here: bool = Field(description="whether its channel ends in this process, now")
    hub_key: str


class SiteGatewayPage(BaseModel):
    """The gateways of a site, or of all."""

    items: list[SiteGatewayOut]
