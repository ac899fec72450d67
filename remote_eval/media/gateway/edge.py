"""The engine at a site's edge: the embedded one, which dials the hub as it is told and records its own seats.

Links have names that the hub gives; each is one connection, up or down, whose tracks change as the hub says
(`carry`, then `carried` with the hub's answer). Recordings of a room lie in a folder of the gateway's own,
whatever folder the hub names, in parts that the gateway counts.
"""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from crypto.hashing import sha256
from remote_eval.errors import MediaError
from remote_eval.media.engine import AskKeyframe, Kind, MemberId, RoomId, RoomSpec, TrackId
from remote_eval.media.gateway.calls import Kept, LinkOffer, Piece, Way
from remote_eval.media.lite.connecting import Connector
from remote_eval.media.lite.dialing import Dial, Downlink, Uplink
from remote_eval.media.lite.dtls import make_context
from remote_eval.media.lite.engine import LiteEngine
from remote_eval.media.lite.identity import Identity
from remote_eval.media.lite.masking import make_voice_mask
from remote_eval.media.lite.peer import PeerState
from remote_eval.media.lite.plugs import Emit, MakeSink, RoomSink
from remote_eval.media.lite.port import Port
from remote_eval.media.recording.names import INDEX_FILE, place_of
from remote_eval.media.recording.recorder import recorder_for

MAX_PIECE_BYTES: Final = 256 * 1024
MAX_LINKS: Final = 128
_ROOM: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class EdgeEngine(LiteEngine):
    """See the module. `folder` is where recordings are kept, a folder for each room."""

    def __init__(
        self,
        *,
        identity: Identity,
        host: str,
        port: int,
        addresses: Sequence[str],
        folder: Path,
        make_sink: MakeSink = recorder_for,
    ) -> None:
        super().__init__(
            identity=identity,
            host=host,
            port=port,
            addresses=addresses,
            make_sink=self._own_sink,
            make_mask=make_voice_mask,
        )
        self._folder = folder
        self._record = make_sink
        self._context = make_context(identity)
        self._links: dict[RoomId, dict[str, Dial]] = {}
        self._ports: dict[tuple[RoomId, str], Port] = {}
        # Tracks that come from the hub, which records them itself.
        self._foreign: dict[RoomId, set[TrackId]] = {}

    def _own_sink(
        self, room: RoomId, spec: RoomSpec, ask_keyframe: AskKeyframe, emit: Emit
    ) -> RoomSink | None:
        sink = self._record(room, spec, ask_keyframe, emit)
        return None if sink is None else OwnTracks(sink, self._foreign[room])

    async def open_room(self, room: RoomId, spec: RoomSpec) -> None:
        """As `LiteEngine.open_room`; a recording becomes the next part of this gateway's folder."""
        folder = self.recordings(room)
        if spec.record is not None:
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
            part = await asyncio.to_thread(next_part, folder)
            spec = replace(spec, record=replace(spec.record, folder=folder, part=part))
        self._foreign.setdefault(room, set())
        self._links.setdefault(room, {})
        await super().open_room(room, spec)

    async def close_room(self, room: RoomId) -> None:
        """As `LiteEngine.close_room`."""
        await super().close_room(room)
        for link in self._links.pop(room, {}):
            self._hung_up(room, link)
        self._foreign.pop(room, None)

    # Links.

    async def carry(
        self, room: RoomId, link: str, way: Way, tracks: Sequence[TrackId], pinned: str
    ) -> LinkOffer:
        """Let a link carry these tracks; a link that is not there begins. Raises ``media.sdp``,
        ``media.unknown``, ``media.full``."""
        self._room(room)
        links = self._links[room]
        dial = links.get(link)
        foreign = self._foreign[room]
        if way == "down":
            foreign.update(tracks)
        if dial is None:
            if len(links) >= MAX_LINKS:
                raise MediaError("media.full")
            dial = links[link] = self._dial(room, link, way, tracks, pinned)
        else:
            dial.carry(tracks)
        downs = [one for one in links.values() if isinstance(one, Downlink)]
        foreign.intersection_update({track for one in downs for track in one.mids.values()})
        return LinkOffer(sdp=dial.offer(), mids=dict(dial.mids))

    def _dial(
        self, room: RoomId, link: str, way: Way, tracks: Sequence[TrackId], pinned: str
    ) -> Uplink | Downlink:
        """A link has a port of its own: the hub tells connections of one address apart by nothing else."""
        port = self.make_port()
        self._ports[room, link] = port
        make = Uplink if way == "up" else Downlink
        try:
            return make(
                self._room(room),
                Connector(port, self._context, self._chance),
                tracks,
                own=self.fingerprint,
                pinned=pinned,
                told=lambda state: self._told(room, link, state),
            )
        except MediaError:
            self._ports.pop((room, link)).close()
            raise

    def make_port(self) -> Port:
        """An open port for one link."""
        port = Port(self._clock)
        port.open(self._host, 0, asyncio.get_running_loop())
        return port

    def _hung_up(self, room: RoomId, link: str) -> None:
        port = self._ports.pop((room, link), None)
        if port is not None:
            # The goodbye goes out first.
            asyncio.get_running_loop().call_soon(port.close)

    async def carried(self, room: RoomId, link: str, answer: str) -> None:
        """Take the hub's answer to the newest `carry`. Raises ``media.fingerprint``, ``media.no-offer``."""
        self._room(room)
        dial = self._links[room].get(link)
        if dial is None:
            raise MediaError("media.no-offer")
        dial.answered(answer)

    async def drop(self, room: RoomId, link: str) -> None:
        """Hang up a link. Idempotent."""
        self._room(room)
        dial = self._links[room].pop(link, None)
        if dial is not None:
            dial.close()
        self._hung_up(room, link)

    async def drop_all(self, room: RoomId) -> None:
        """Hang up every link of a room."""
        self._room(room)
        for link in list(self._links[room]):
            await self.drop(room, link)

    async def retain(self, room: RoomId, members: Collection[MemberId]) -> None:
        """Expel whoever is not among these: a member who went while the hub was not reached."""
        for member in self._room(room).members.keys() - set(members):
            await self.expel(room, member)

    def _told(self, room: RoomId, link: str, state: PeerState) -> None:
        if state == "closed":
            self._links.get(room, {}).pop(link, None)
            self._hung_up(room, link)
        if room in self._rooms:
            self.tell(room, "link", {"link": link, "state": state})

    # What was recorded.

    def recordings(self, room: RoomId) -> Path:
        """Where the recordings of a room are. Raises ``media.unknown`` for what can be no room's name."""
        if _ROOM.fullmatch(room) is None:
            raise MediaError("media.unknown")
        return self._folder / room

    async def kept(self, room: RoomId) -> list[Kept]:
        """Indexes and recordings of a room, open or not."""
        return await asyncio.to_thread(_kept, self.recordings(room))

    async def piece(self, room: RoomId, name: str, offset: int, length: int) -> Piece:
        """At most 256 KiB of one file. Raises ``media.unknown``."""
        path = self.recordings(room) / name
        if not is_recorded(name) or offset < 0 or not 0 < length <= MAX_PIECE_BYTES:
            raise MediaError("media.unknown")
        data = await asyncio.to_thread(_read, path, offset, length)
        return Piece(data=data, digest=sha256(data))


class OwnTracks:
    """A sink that hears every track but the foreign ones."""

    def __init__(self, sink: RoomSink, foreign: set[TrackId]) -> None:
        self._sink = sink
        self._foreign = foreign
        self._open: set[TrackId] = set()

    def open_track(self, track: TrackId, kind: Kind, payload_types: Mapping[int, str]) -> None:
        """See `PacketSink`."""
        if track not in self._foreign:
            self._open.add(track)
            self._sink.open_track(track, kind, payload_types)

    def packet(self, track: TrackId, data: bytes, arrived: float) -> None:
        """See `PacketSink`."""
        if track in self._open:
            self._sink.packet(track, data, arrived)

    def report(self, track: TrackId, data: bytes, arrived: float) -> None:
        """See `PacketSink`."""
        if track in self._open:
            self._sink.report(track, data, arrived)

    def round_trip(self, track: TrackId, rtt_ms: float) -> None:
        """See `PacketSink`."""
        if track in self._open:
            self._sink.round_trip(track, rtt_ms)

    def close_track(self, track: TrackId, cause: str) -> None:
        """See `PacketSink`."""
        if track in self._open:
            self._open.discard(track)
            self._sink.close_track(track, cause)

    def seal(self, track: TrackId, klass: str) -> None:
        """See `RoomSink`; a track that is foreign now may be this site's own later."""
        self._sink.seal(track, klass)

    def recorded_ms(self, track: TrackId) -> float | None:
        """See `RoomSink`."""
        return self._sink.recorded_ms(track)

    async def aclose(self) -> None:
        """See `RoomSink`."""
        await self._sink.aclose()


def is_recorded(name: str) -> bool:
    """Whether this is the name of an index or of a recording."""
    return INDEX_FILE.fullmatch(name) is not None or place_of(name) is not None


def next_part(folder: Path) -> int:
    """The number behind the newest part in a folder."""
    parts = [int(named[1]) for path in folder.iterdir() if (named := INDEX_FILE.fullmatch(path.name))]
    return max(parts, default=0) + 1


def _kept(folder: Path) -> list[Kept]:
    if not folder.is_dir():
        return []
    # Indexes first: what one lists is on the disk before, so its recordings are at least as long.
    found = [path for path in folder.iterdir() if is_recorded(path.name)]
    found.sort(key=lambda path: (INDEX_FILE.fullmatch(path.name) is None, path.name))
    return [Kept(name=path.name, size=path.stat().st_size) for path in found]


def _read(path: Path, offset: int, length: int) -> bytes:
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            return stream.read(length)
    except FileNotFoundError as error:
        raise MediaError("media.unknown") from error
