"""The carrier that needs no provider: one owner-only file per message in a folder, for whoever fetches it.

It is what an installation has until an operator names providers, and the way of printed letters.
"""

from contextlib import suppress
from pathlib import Path
from typing import Final

from app.gateways.messages import GatewayTemporaryError, Outcome, Outgoing
from app.private_files import create_private
from crypto.canonical import canonical

FOLDER_MODE: Final = 0o700


class Spool:
    """Messages as files ``<message id>.json``; whoever fetches one removes it."""

    def __init__(self, *, name: str, folder: Path) -> None:
        """The folder is made when the first message comes."""
        self.name = name
        self._folder = folder

    async def send(self, outgoing: Outgoing) -> Outcome:
        """See `app.gateways.messages.Gateway`. A fetched file handed over again is written again: whoever
        fetches keeps the ids.
        """
        members = ("id", "channel", "to", "subject", "text", "expires_at")
        content = canonical({name: getattr(outgoing, name) for name in members})
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
            # A file of this name is this message, handed over before.
            with suppress(FileExistsError):
                create_private(self._folder / f"{outgoing.id}.json", content)
        except OSError as error:
            raise GatewayTemporaryError("gateway.unreachable") from error
        return "handed"
