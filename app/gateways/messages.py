"""The port to whoever carries messages: what is handed over, what comes back, and how it fails.

Carriers by HTTP, SMTP and folder are in `sms_http`, `voice_http`, `smtp` and `spool`; which one serves which
channel says `gateway_file`. When something is sent, and again, is decided in `app.usecases.delivery.outbox`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, TypeAlias

from app.errors import AppError

# ``accepted``: a report follows; ``delivered``: it has arrived; ``handed``: the carrier never reports.
Outcome: TypeAlias = Literal["accepted", "delivered", "handed"]
TIMEOUT_SECONDS: Final = 10.0


class GatewayError(AppError):
    """A message was not taken. The code is all that is kept of it."""


class GatewayTemporaryError(GatewayError):
    """Perhaps later: ``gateway.unreachable``, ``.busy``, ``.malformed``. It may have been taken even so."""


class GatewayPermanentError(GatewayError):
    """Never: ``gateway.invalid-number`` or ``gateway.refused``. It was not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message to be carried. `reference` are draw and invitation of a call that asks for keys; `menu`
    says what keys answer.
    """

    id: str
    channel: str
    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    expires_at: str
    reference: tuple[int, int] | None = None
    menu: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredGateway:
    """A gateway that may report: its channels and its Ed25519 key, 32 bytes."""

    name: str
    channels: frozenset[str]
    public: bytes


class Gateway(Protocol):
    """A carrier of messages.

    Contract: `send` is idempotent by message id, over restarts of either side: however often a message is
    handed over, its recipient gets it once, and the answer to a repetition says how it stands. When `send`
    returns, the message is safe with the carrier and will be tried at least once; order is not kept. Raises
    GatewayTemporaryError when the message may be handed over again, and was perhaps taken,
    GatewayPermanentError when it was not taken and never will be. Nothing else comes out, and no error shows
    the recipient or the text. A carrier that reports repeats each report until it is answered.
    """

    @property
    def name(self) -> str:
        """Its name in reports."""

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand a message over; see the contract."""
