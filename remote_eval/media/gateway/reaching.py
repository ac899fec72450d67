"""A gateway as the hub reaches it: a media engine behind a channel, with the calls of a gateway."""

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from remote_eval.media.control.calls import Call
from remote_eval.media.control.client import RemoteEngine
from remote_eval.media.engine import MemberId, RoomId, TrackId
from remote_eval.media.gateway.calls import GATEWAY_CALLS, Kept, LinkOffer, Piece, Way


class RemoteGateway(RemoteEngine):
    """See `EdgeEngine` for what each call does."""

    calls: ClassVar[Mapping[str, Call]] = GATEWAY_CALLS

    async def carry(
        self, room: RoomId, link: str, way: Way, tracks: Sequence[TrackId], pinned: str
    ) -> LinkOffer:
        """Let a link carry these tracks."""
        offer: LinkOffer = await self._call("carry", room, link, way, tracks, pinned)
        return offer

    async def carried(self, room: RoomId, link: str, answer: str) -> None:
        """The answer to the newest `carry`."""
        await self._call("carried", room, link, answer)

    async def drop(self, room: RoomId, link: str) -> None:
        """Hang up a link."""
        await self._call("drop", room, link)

    async def drop_all(self, room: RoomId) -> None:
        """Hang up every link of a room."""
        await self._call("drop_all", room)

    async def retain(self, room: RoomId, members: Collection[MemberId]) -> None:
        """Whoever else is there is out."""
        await self._call("retain", room, members)

    async def raw_voices(self, room: RoomId, mask: TrackId, voices: frozenset[TrackId]) -> None:
        """What a mask at the hub is made of, to be recorded as raw."""
        await self._call("raw_voices", room, mask, voices)

    async def kept(self, room: RoomId) -> list[Kept]:
        """What is recorded there."""
        kept: list[Kept] = await self._call("kept", room)
        return kept

    async def piece(self, room: RoomId, name: str, offset: int, length: int) -> Piece:
        """Some bytes of a file."""
        piece: Piece = await self._call("piece", room, name, offset, length)
        return piece
