"""Letters by SMTP (RFC 5321), each with its message id as Message-ID (RFC 5322).

SMTP itself forgets: a mark per message in an owner-only folder keeps what a server has taken from being sent
again. Between a server's yes and the mark a crash may still send one twice; mail systems that know the
Message-ID drop the second.
"""

import ssl
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Final

import aiosmtplib

from app.gateways.messages import (
    TIMEOUT_SECONDS,
    GatewayPermanentError,
    GatewayTemporaryError,
    Outcome,
    Outgoing,
)
from app.private_files import write_private

FOLDER_MODE: Final = 0o700
_PERMANENT: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where letters go out. `tls`: ``starttls``, ``tls`` or, on this machine only, ``none``."""

    host: str
    port: int
    tls: str
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)


class Smtp:
    """A mail server. It does not report what became of a letter."""

    def __init__(self, *, name: str, server: MailServer, marks: Path) -> None:
        """`marks` is the folder of what was taken already."""
        self.name = name
        self._server = server
        self._marks = marks

    async def send(self, outgoing: Outgoing) -> Outcome:
        """See `app.gateways.messages.Gateway`."""
        mark = self._marks / outgoing.id
        if not mark.exists():
            await self._hand_over(self._letter(outgoing))
            self._marks.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
            write_private(mark, b"")
        return "handed"

    async def _hand_over(self, letter: EmailMessage) -> None:
        server = self._server
        try:
            await aiosmtplib.send(
                letter,
                hostname=server.host,
                port=server.port,
                use_tls=server.tls == "tls",
                start_tls=server.tls == "starttls",
                tls_context=None if server.tls == "none" else ssl.create_default_context(),
                username=server.user or None,
                password=server.password or None,
                timeout=TIMEOUT_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            if all(one.code >= _PERMANENT for one in error.recipients):
                raise GatewayPermanentError("gateway.invalid-number") from None
            raise GatewayTemporaryError("gateway.busy") from None
        except aiosmtplib.SMTPAuthenticationError:
            raise GatewayTemporaryError("gateway.busy") from None
        except aiosmtplib.SMTPResponseException as error:
            if error.code >= _PERMANENT:
                raise GatewayPermanentError("gateway.refused") from None
            raise GatewayTemporaryError("gateway.busy") from None
        except (aiosmtplib.SMTPException, OSError):
            raise GatewayTemporaryError("gateway.unreachable") from None

    def _letter(self, outgoing: Outgoing) -> EmailMessage:
        letter = EmailMessage(policy=SMTP)
        try:
            letter["To"] = Address(addr_spec=outgoing.to)
        except (ValueError, IndexError):
            raise GatewayPermanentError("gateway.invalid-number") from None
        letter["From"] = self._server.sender
        letter["Subject"] = outgoing.subject
        letter["Message-ID"] = f"<{outgoing.id}@{self._server.sender.rpartition('@')[2]}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(outgoing.text)
        return letter
