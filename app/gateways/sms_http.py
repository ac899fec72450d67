"""Short messages through a provider's HTTP interface, in the form that its TOML section describes."""

from typing import Any, Final

import httpx

from app.gateways.http_template import HttpForm, post
from app.gateways.messages import Outcome, Outgoing

PLACES: Final = frozenset({"id", "to", "text", "expires_at", "secret"})


class SmsHttp:
    """A provider of short messages; reports come back signed."""

    def __init__(self, *, name: str, form: HttpForm, client: httpx.AsyncClient) -> None:
        """The client is closed by whoever made it."""
        self.name = name
        self._form = form
        self._client = client

    async def send(self, outgoing: Outgoing) -> Outcome:
        """See `app.gateways.messages.Gateway`; that ids count once is the provider's promise."""
        values: dict[str, Any] = {
            "id": outgoing.id,
            "to": outgoing.to,
            "text": outgoing.text,
            "expires_at": outgoing.expires_at,
        }
        return await post(self._client, self._form, values)
