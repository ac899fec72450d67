"""Calls through a provider's HTTP interface: a text is read out, and keys may answer it.

For a keypad answer the provider signs a record with draw and invitation number, so both go along with such a
call: the provider learns that this number was called for that draw, and nothing about its project.
"""

from typing import Any, Final

import httpx

from app.gateways.http_template import HttpForm, post
from app.gateways.messages import Outcome, Outgoing

PLACES: Final = frozenset({"id", "to", "text", "expires_at", "secret", "draw", "n", "menu"})


class VoiceHttp:
    """A provider of calls; reports and keypad answers come back signed."""

    def __init__(self, *, name: str, form: HttpForm, client: httpx.AsyncClient) -> None:
        """The client is closed by whoever made it."""
        self.name = name
        self._form = form
        self._client = client

    async def send(self, outgoing: Outgoing) -> Outcome:
        """See `app.gateways.messages.Gateway`; that ids count once is the provider's promise."""
        draw, n = outgoing.reference or (None, None)
        values: dict[str, Any] = {
            "id": outgoing.id,
            "to": outgoing.to,
            "text": outgoing.text,
            "expires_at": outgoing.expires_at,
            "draw": draw,
            "n": n,
            "menu": dict(outgoing.menu),
        }
        return await post(self._client, self._form, values)
