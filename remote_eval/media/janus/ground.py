"""What all parts of one Janus room share: the link, the room's name and secrets there, clock, events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from remote_eval.media.janus.link import JanusLink, Json

Emit = Callable[[str, Mapping[str, object]], None]


@dataclass(slots=True, kw_only=True)
class Ground:
    """`name` is what Janus calls the room, unguessable; `observer` is the adapter's own handle in it.

    `private` is what a subscription must show (``require_pvtid``); `key` opens RTP forwarding. `clock` gives
    milliseconds of the room's clock, `fresh` that many random bytes.
    """

    link: JanusLink
    key: str = field(repr=False)
    tap_host: str
    clock: Callable[[], float]
    fresh: Callable[[int], bytes]
    emit: Emit = lambda _kind, _data: None
    name: str = ""
    secret: str = field(default="", repr=False)
    pin: str = field(default="", repr=False)
    observer: int = 0
    private: int = 0

    async def manage(self, request: str, **words: object) -> Json:
        """One of the room owner's requests, on the adapter's own handle."""
        body = {"request": request, "room": self.name, "secret": self.secret, **words}
        data, _ = await self.link.message(self.observer, body)
        return data

    async def ticket(self) -> str:
        """A word that lets one handle join, until `spend`."""
        word = self.fresh(16).hex()
        await self.manage("allowed", action="add", allowed=[word])
        return word

    async def spend(self, word: str) -> None:
        """The word opens nothing any more."""
        await self.manage("allowed", action="remove", allowed=[word])


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One stream in Janus: a publisher's id there, and the mid of its m-line."""

    publisher: str
    mid: str
