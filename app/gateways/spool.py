"""The carrier that needs no provider: one owner-only file per message in a folder, for whoever fetches it.

It is what an installation has until an operator names providers, and the way of printed letters. A message is
in clear there, with the link that it may hold: whoever fetches removes it, and what nobody fetched while it
was of use is erased when another message comes.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from app.gateways.messages import GatewayTemporaryError, Outcome, Outgoing
from app.private_files import create_private
from app.times import to_text
from crypto.canonical import canonical

FOLDER_MODE: Final = 0o700
_EVERY: Final = timedelta(minutes=1)
_MAX_BYTES: Final = 64 * 1024
_NEVER: Final = "9999-12-31T23:59:59Z"


class Spool:
    """Messages as files ``<message id>.json``; whoever fetches one removes it."""

    def __init__(self, *, name: str, folder: Path, clock: Callable[[], datetime] | None = None) -> None:
        """The folder is made when the first message comes; without a clock nothing in it grows old."""
        self.name = name
        self._folder = folder
        self._clock = clock
        self._swept: datetime | None = None

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
            self._sweep()
        except OSError as error:
            raise GatewayTemporaryError("gateway.unreachable") from error
        return "handed"

    def _sweep(self) -> None:
        """Erase what ran out of time, once in a while."""
        now = None if self._clock is None else self._clock()
        if now is None or (self._swept is not None and now < self._swept + _EVERY):
            return
        self._swept = now
        for file in self._folder.glob("msg_*.json"):
            if _expires_at(file) <= to_text(now):
                file.unlink(missing_ok=True)


def _expires_at(file: Path) -> str:
    """When a message ends; what cannot be read, or was fetched meanwhile, is left as it is."""
    try:
        with file.open("rb") as stream:
            value = json.loads(stream.read(_MAX_BYTES))
        return str(value["expires_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return _NEVER
