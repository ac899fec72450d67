"""The embedded engine: `MediaEngine` in this process, on one UDP port, for any number of rooms.

It answers what clients offer (ICE-lite, so a browser checks and it replies) and forwards without decoding.
Recorder and masker plug in by factories. What it cannot do: transport-wide congestion control, simulcast.
"""

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, ParamSpec

from remote_eval.errors import MediaError
from remote_eval.media.engine import (
    CASCADE,
    ICE_RESTART,
    KIND_OF,
    MASKED,
    RED,
    SINGLE_PORT,
    Answered,
    Grants,
    MaskProfile,
    MemberId,
    Offered,
    Purpose,
    RoomId,
    RoomSpec,
    RoomStats,
    TrackId,
    track_id,
)
from remote_eval.media.lite.answer import Transport, write_description
from remote_eval.media.lite.connecting import Connector
from remote_eval.media.lite.dialing import Downlink, Uplink
from remote_eval.media.lite.dtls import make_context
from remote_eval.media.lite.events import EventStream
from remote_eval.media.lite.identity import Identity
from remote_eval.media.lite.lag import Lag
from remote_eval.media.lite.local import LocalTrack
from remote_eval.media.lite.negotiation import Plan, plan_publish, plan_view
from remote_eval.media.lite.peer import Peer, PeerState
from remote_eval.media.lite.plugs import MASK_TYPES, MakeMask, MakeSink, MaskOrder
from remote_eval.media.lite.port import Port
from remote_eval.media.lite.publishing import Publisher
from remote_eval.media.lite.room import Room
from remote_eval.media.lite.sdp import Description, read_description
from remote_eval.media.lite.viewing import Viewer
from remote_eval.media.sink_faults import RECORDER, VOICE

_log = logging.getLogger(__name__)
TICK_MS: Final = 20.0
P = ParamSpec("P")


def _monotonic_ms() -> float:
    return time.monotonic() * 1000


class LiteEngine:
    """See the module. `start` binds the port; all methods are to be called on its event loop.

    `addresses` are the candidate addresses that clients are told, `clock` gives milliseconds and never steps
    back, `chance` random bytes.
    """

    name = "lite"
    capabilities = frozenset({ICE_RESTART, SINGLE_PORT, RED, CASCADE})

    def __init__(
        self,
        *,
        identity: Identity,
        host: str,
        port: int,
        addresses: Sequence[str],
        make_sink: MakeSink | None = None,
        make_mask: MakeMask | None = None,
        clock: Callable[[], float] = _monotonic_ms,
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.fingerprint = identity.fingerprint
        self._host, self._wanted_port = host, port
        self._make_sink, self._make_mask = make_sink, make_mask
        self._clock = clock
        self._chance = chance
        self._port = Port(clock)
        self._connector = Connector(self._port, make_context(identity), chance)
        self._addresses = tuple(addresses)
        self._rooms: dict[RoomId, Room] = {}
        self._lag = Lag()
        self._masks = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Bind the port and begin to serve. Raises OSError."""
        self._loop = asyncio.get_running_loop()
        self._port.open(self._host, self._wanted_port, self._loop)
        self._schedule(self._loop.time())

    @property
    def port(self) -> int:
        """The UDP port in use."""
        return self._port.number

    # Time.

    def _schedule(self, after: float) -> None:
        loop = asyncio.get_running_loop()
        due = after + TICK_MS / 1000
        self._timer = loop.call_at(due, self._tick, due)

    def _tick(self, due: float) -> None:
        began = asyncio.get_running_loop().time()
        now = self._clock()
        change = self._lag.note((began - due) * 1000, now)
        if change is not None:
            self._tell_lag(change)
        for room in list(self._rooms.values()):
            self._tick_room(room, now)
        self._schedule(began)

    def _tick_room(self, room: Room, now: float) -> None:
        """A room whose timers fail does not stop the others' clock."""
        try:
            room.tick(now)
        except Exception:  # noqa: BLE001 - counted, and looked at in every test
            room.unhandled += 1
            _log.exception("a room's timers failed")

    def _tell_lag(self, change: str) -> None:
        data = {"code": "loop-lag", "track": None}
        for room in self._rooms.values():
            room.emit(change, {**data, "value": self._lag.worst_ms} if change == "alarm" else data)

    # Rooms and members.

    async def open_room(self, room: RoomId, spec: RoomSpec) -> None:
        """See `MediaEngine.open_room`."""
        if room in self._rooms:
            raise MediaError("media.exists")
        opened = Room(room, spec, self._clock, lambda: self._lag.worst_ms)
        if self._make_sink is not None:
            opened.sink = self._make_sink(
                room, spec, self._on_loop(opened.want_keyframe), self._on_loop(opened.emit)
            )
        opened.raw.sink = opened.sink
        if opened.sink is not None:
            opened.sinks.listen(opened.sink, None, RECORDER)
        self._rooms[room] = opened
        opened.emit("engine", {"state": "up"})

    async def close_room(self, room: RoomId) -> None:
        """See `MediaEngine.close_room`."""
        closing = self._rooms.pop(room, None)
        if closing is None:
            return
        for member in list(closing.members):
            self._expel(closing, member, "closed")
        for dial in list(closing.dials):
            dial.close()
        for track in list(closing.masks):
            await self._stop_mask(closing, track)
        if closing.sink is not None:
            closing.sinks.unlisten(closing.sink)
            await closing.sink.aclose()
        closing.end_streams()

    def _room(self, room: RoomId) -> Room:
        found = self._rooms.get(room)
        if found is None:
            raise MediaError("media.unknown")
        return found

    async def admit(self, room: RoomId, member: MemberId, grants: Grants) -> None:
        """See `MediaEngine.admit`."""
        self._room(room).admit(member, grants)

    async def set_grants(self, room: RoomId, member: MemberId, grants: Grants) -> None:
        """See `MediaEngine.set_grants`."""
        self._room(room).set_grants(member, grants)

    async def expel(self, room: RoomId, member: MemberId) -> None:
        """See `MediaEngine.expel`."""
        found = self._room(room)
        if member in found.members:
            self._expel(found, member, "expelled")

    def _expel(self, room: Room, member: MemberId, cause: str) -> None:
        room.close_side(member, "publish", cause)
        room.close_side(member, "view", cause)
        del room.members[member]

    # Negotiation.

    async def publish(
        self, room: RoomId, member: MemberId, offer: str, sources: Mapping[str, str]
    ) -> Answered:
        """See `MediaEngine.publish`."""
        found = self._room(room)
        present = found.present(member)
        return self._publish(found, member, read_description(offer), sources, present.grants)

    def _publish(
        self, room: Room, member: MemberId, offer: Description, sources: Mapping[str, str], grants: Grants
    ) -> Answered:
        plan = plan_publish(offer, sources, grants)
        publisher = room.present(member).publisher
        if publisher is None or publisher.party != offer.party or publisher.peer.state == "closed":
            room.close_side(member, "publish", "replaced")
            publisher = Publisher(
                room,
                member,
                offer.party,
                session=self._connector.number(62),
                ssrc=self._connector.number(32),
            )
            publisher.peer = self._connector.connect(offer, publisher, room.tell_peer(member, "publish"))
            room.present(member).publisher = publisher
        else:
            self._renew(publisher.peer, offer)
        room.set_inlets(member, publisher, plan, offer.sections, sources)
        return self._answer(publisher, plan)

    async def view(
        self, room: RoomId, member: MemberId, offer: str, wants: Mapping[str, TrackId]
    ) -> Answered:
        """See `MediaEngine.view`."""
        found = self._room(room)
        found.present(member)
        return self._view(found, member, read_description(offer), wants)

    def _view(
        self, room: Room, member: MemberId, offer: Description, wants: Mapping[str, TrackId]
    ) -> Answered:
        present = room.present(member)
        viewer = present.viewer
        if viewer is not None and (viewer.party != offer.party or viewer.peer.state == "closed"):
            viewer = None
        plan, outlets = plan_view(
            offer,
            wants,
            present.grants,
            room.tracks,
            {} if viewer is None else viewer.legs,
            draw_ssrc=lambda: self._connector.number(32),
        )
        if viewer is None:
            room.close_side(member, "view", "replaced")
            viewer = Viewer(room, member, offer.party, self._connector.number(62))
            viewer.peer = self._connector.connect(offer, viewer, room.tell_peer(member, "view"))
            present.viewer = viewer
        else:
            self._renew(viewer.peer, offer)
        room.set_legs(viewer, outlets, wants, lambda: self._connector.number(15))
        return self._answer(viewer, plan)

    def _renew(self, peer: Peer, offer: Description) -> None:
        if (offer.ufrag, offer.password) != (peer.remote.ufrag, peer.remote.password):
            self._connector.renew(peer, offer)

    def _answer(self, side: Publisher | Viewer, plan: Plan) -> Answered:
        side.version += 1
        transport = Transport(
            addresses=self._addresses,
            port=self.port,
            ufrag=side.peer.local.ufrag,
            password=side.peer.local.password,
            fingerprint=self.fingerprint,
            setup="active" if side.peer.role == "client" else "passive",
        )
        text = write_description(side.session, side.version, transport, plan.lines)
        return Answered(sdp=text, refused=plan.refused)

    async def restart(self, room: RoomId, member: MemberId, purpose: Purpose, offer: str) -> Answered:
        """See `MediaEngine.restart`."""
        found = self._room(room)
        present = found.present(member)
        read = read_description(offer)
        side = found.side(member, purpose)
        if side is None or side.peer.state == "closed" or side.party != read.party:
            raise MediaError("media.no-connection")
        if (read.ufrag, read.password) == (side.peer.remote.ufrag, side.peer.remote.password):
            raise MediaError("media.sdp", reason="ice")
        if isinstance(side, Publisher):
            mids = {section.mid for section in read.sections}
            sources = {mid: inlet.source for mid, inlet in side.inlets.items() if mid in mids}
            return self._publish(found, member, read, sources, present.grants)
        return self._view(found, member, read, {})

    async def offer_view(
        self,
        room: RoomId,
        member: MemberId,
        wants: Sequence[TrackId],  # noqa: ARG002 - the port's signature
        *,
        restart: bool = False,  # noqa: ARG002
    ) -> Offered:
        """Clients offer here. Raises ``media.client-offers``."""
        self._room(room).present(member)
        raise MediaError("media.client-offers")

    async def answer_view(
        self,
        room: RoomId,
        member: MemberId,
        answer: str,  # noqa: ARG002 - the port's signature
    ) -> None:
        """Clients offer here. Raises ``media.no-offer``."""
        self._room(room).present(member)
        raise MediaError("media.no-offer")

    # Masks and local tracks.

    def local_track(self, room: RoomId, track: TrackId, payload_types: Mapping[int, str]) -> LocalTrack:
        """Publish from this process; the track's source tells its kind. Raises ``media.unknown``."""
        source = track.rpartition("/")[2]
        if source not in KIND_OF:
            raise MediaError("media.unknown")
        return LocalTrack(self._room(room), track, KIND_OF[source], dict(payload_types), self._clock)

    async def start_mask(self, room: RoomId, voices: frozenset[TrackId], profile: MaskProfile) -> TrackId:
        """See `MediaEngine.start_mask`."""
        found = self._room(room)
        if self._make_mask is None:
            raise MediaError("media.unsupported")
        found.raw.require_key()
        self._masks += 1
        name = track_id(MemberId(f"mask_{self._masks}"), MASKED)
        local = self.local_track(room, name, MASK_TYPES)
        order = MaskOrder(
            track=name,
            voices=voices,
            profile=profile,
            clock=lambda: found.now(self._clock()),
            send=self._on_loop(local.send),
            emit=self._on_loop(found.emit),
            chance=self._chance,
        )
        try:
            mask = self._make_mask(order)
        except MediaError:
            local.close("failed")
            raise
        found.masks[name] = (mask, local)
        found.raw.widen(name, voices)
        found.sinks.listen(mask, voices, VOICE)
        return name

    async def set_voices(self, room: RoomId, track: TrackId, voices: frozenset[TrackId]) -> None:
        """See `MediaEngine.set_voices`. Raises ``media.unknown``."""
        found = self._room(room)
        if track not in found.masks:
            raise MediaError("media.unknown")
        mask, _ = found.masks[track]
        found.raw.widen(track, voices)
        mask.set_voices(voices)
        found.sinks.relisten(mask, voices)
        found.raw.narrow(track, voices)

    async def stop_mask(self, room: RoomId, track: TrackId) -> None:
        """See `MediaEngine.stop_mask`."""
        await self._stop_mask(self._room(room), track)

    async def _stop_mask(self, room: Room, track: TrackId) -> None:
        mask, local = room.masks.pop(track, (None, None))
        if mask is not None and local is not None:
            local.close("stopped")
            room.sinks.unlisten(mask)
            room.raw.narrow(track)
            await mask.aclose()

    async def raw_voices(self, room: RoomId, mask: TrackId, voices: frozenset[TrackId]) -> None:
        """A mask at another engine hears these voices and no other, none when it ended: what is recorded of
        them here is raw, from before this returns. Raises ``media.no-raw-key``."""
        found = self._room(room)
        if voices:
            found.raw.widen(mask, voices)
        found.raw.narrow(mask, voices)

    # Another engine.

    def dial_up(
        self,
        room: RoomId,
        tracks: Sequence[TrackId],
        pinned: str,
        told: Callable[[PeerState], None] = lambda _: None,
    ) -> Uplink:
        """Begin to send local tracks to another engine, which takes them as one member's `publish`."""
        return Uplink(
            self._room(room), self._connector, tracks, own=self.fingerprint, pinned=pinned, told=told
        )

    def dial_down(
        self,
        room: RoomId,
        tracks: Sequence[TrackId],
        pinned: str,
        told: Callable[[PeerState], None] = lambda _: None,
    ) -> Downlink:
        """Begin to take tracks of another engine, which gives them as one member's `view`."""
        return Downlink(
            self._room(room), self._connector, tracks, own=self.fingerprint, pinned=pinned, told=told
        )

    def tell(self, room: RoomId, kind: str, data: Mapping[str, object]) -> None:
        """Tell a room's readers something of a role that is built on this engine."""
        self._room(room).emit(kind, data)

    # Looking.

    async def stats(self, room: RoomId) -> RoomStats:
        """See `MediaEngine.stats`; packets that were refused before they had a room count in every room."""
        return self._room(room).stats(self._port.unhandled, self._port.refused)

    def events(self, room: RoomId) -> EventStream:
        """See `MediaEngine.events`."""
        return self._room(room).stream()

    async def aclose(self) -> None:
        """See `MediaEngine.aclose`."""
        for room in list(self._rooms):
            await self.close_room(room)
        if self._timer is not None:
            self._timer.cancel()
        self._port.close()

    def _on_loop(self, call: Callable[P, None]) -> Callable[P, None]:
        """`call` from any thread: at once on the loop's own, else as soon as the loop can."""
        home = threading.get_ident()

        def later(*words: P.args, **named: P.kwargs) -> None:
            if threading.get_ident() == home:
                call(*words, **named)
            elif self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(lambda: call(*words, **named))

        return later
