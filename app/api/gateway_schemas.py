"""What gateways report: the two signed forms, told apart by `format`."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas import Time, Wire

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,31}$", examples=["voice.example"])]
MessageId = Annotated[str, Field(pattern=r"^msg_[0-9a-f]{32}$", examples=["msg_" + "5d2f0c1b" * 4])]
ReportId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,100}$", examples=["r-20261123-0001"])]
Keys = Annotated[str, Field(pattern=r"^[0-9*#]{1,32}$", examples=["11"])]
Hex64 = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$", examples=["5d" * 64])]
LogNumber = Annotated[int, Field(ge=0, le=2**53 - 1, examples=[214])]


class ReportIn(Wire):
    """How a message stands. Signed with purpose ``gateway-report``; `keys` with kind ``keys`` only."""

    format: Literal["qt/1 gateway-report"]
    gateway: Name
    report: ReportId
    message: MessageId
    kind: Literal["delivered", "failed", "heard", "invalid_number", "keys"] = Field(examples=["delivered"])
    keys: Keys | None = None
    at: Time
    signature: Hex64


class RecordIn(Wire):
    """A keypad answer (draw-proof §8.2). Signed with purpose ``gateway-record``."""

    format: Literal["qt/1 gateway-record"]
    gateway: Name
    message: MessageId
    draw: LogNumber
    n: LogNumber
    answer: Literal["accept", "decline", "leave"] = Field(examples=["accept"])
    at: Time
    keys: Keys
    signature: Hex64


GatewayIn = Annotated[ReportIn | RecordIn, Field(discriminator="format")]


class StoredOut(Wire):
    """Whether the report was there already; either way it counts once."""

    message: str = Field(examples=["msg_" + "5d2f0c1b" * 4])
    repeated: bool = Field(examples=[False])
