"""Masked voices of a Janus room: a remote publisher of the VideoRoom, fed with plain RTP over loopback.

Janus 1.1.2 does not give back the ports of a remote publisher that ends (fixed in 1.2.2), so one that is not
needed any more is kept for the next call and the next name. Its port is bound to the loopback interface;
Janus checks nothing but the SSRC there, which is why the hub's machine must have no users but its own.
"""

import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Final

from remote_eval.errors import MediaError
from remote_eval.media.engine import MASKED, MaskProfile, MemberId, TrackId, track_id
from remote_eval.media.janus.ground import Feed, Ground
from remote_eval.media.janus.listening import Listeners
from remote_eval.media.janus.threads import on_loop
from remote_eval.media.lite.plugs import MakeMask, Mask, MaskOrder
from remote_eval.media.raw_voices import RawVoices
from remote_eval.media.sink_faults import VOICE

# Janus knows the m-line of a remote publisher's packet by this SSRC, and Opus by this payload type.
SSRC: Final = 1_000
OPUS: Final = 111
LOOPBACK: Final = "127.0.0.1"
FRAME_TICKS: Final = 960
_HEADER: Final = struct.Struct("!BBHLL")
_MARKER: Final = 0x80


class Slot:
    """One remote publisher: takes RTP packets and numbers them on, whichever masker made them."""

    def __init__(self, feed: Feed, port: int, start: int) -> None:
        self.feed = feed
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect((LOOPBACK, port))
        self._socket.setblocking(False)  # noqa: FBT003 - the library's signature
        self._sequence = start & 0xFFFF
        self._timestamp = start

    def send(self, packet: bytes) -> bytes:
        """Send a packet on; gives it as sent. After `close` nothing happens."""
        first, second, _, _, _ = _HEADER.unpack_from(packet)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + FRAME_TICKS) & 0xFFFFFFFF
        head = _HEADER.pack(first, second & _MARKER | OPUS, self._sequence, self._timestamp, SSRC)
        sent = head + packet[_HEADER.size :]
        with contextlib.suppress(OSError):
            self._socket.send(sent)
        return sent

    def close(self) -> None:
        """Send no more."""
        self._socket.close()


class Voice:
    """A running masked voice: where it goes and who makes it."""

    def __init__(self, slot: Slot, profile: MaskProfile) -> None:
        self.slot = slot
        self.profile = profile
        self.mask: Mask | None = None


class Voices:
    """All masked voices of a room; `hear` gets each sent packet, on the event loop."""

    def __init__(
        self,
        ground: Ground,
        listeners: Listeners,
        make_mask: MakeMask | None,
        hear: Callable[[TrackId, bytes], None],
        raw: RawVoices,
    ) -> None:
        self._ground = ground
        self._listeners = listeners
        self._make_mask = make_mask
        self._hear = hear
        self._raw = raw
        self._running: dict[TrackId, Voice] = {}
        self._idle: list[Slot] = []
        self._count = 0

    async def start(self, voices: frozenset[TrackId], profile: MaskProfile) -> TrackId:
        """Begin a masked voice. Raises ``media.unsupported`` without a masker, ``media.secret``,
        ``media.no-raw-key``."""
        if self._make_mask is None:
            raise MediaError("media.unsupported")
        self._raw.require_key()
        slot = self._idle.pop() if self._idle else await self._open()
        self._count += 1
        track = track_id(MemberId(f"mask_{self._count}"), MASKED)
        self._running[track] = Voice(slot, profile)
        try:
            await self.let(track, voices)
        except MediaError:
            await self.stop(track)
            raise
        return track

    async def let(self, track: TrackId, voices: frozenset[TrackId]) -> None:
        """Let these voices in and no other: a fresh masker, which has heard nothing before. Raises
        ``media.unknown``."""
        voice = self._running.get(track)
        if voice is None or self._make_mask is None:
            raise MediaError("media.unknown")
        self._raw.widen(track, voices)
        await self._end_mask(voice)
        voice.mask = self._make_mask(
            MaskOrder(
                track=track,
                voices=voices,
                profile=voice.profile,
                clock=self._ground.clock,
                send=on_loop(lambda packet: self._hear(track, voice.slot.send(packet))),
                emit=on_loop(self._ground.emit),
                chance=self._ground.fresh,
            )
        )
        self._listeners.add(voice.mask, voices, VOICE)
        self._raw.narrow(track, voices)

    async def stop(self, track: TrackId) -> bool:
        """End a masked voice; tells whether there was one."""
        voice = self._running.pop(track, None)
        if voice is None:
            return False
        await self._end_mask(voice)
        self._raw.narrow(track)
        self._idle.append(voice.slot)
        return True

    def feeds(self) -> dict[TrackId, Feed]:
        """What can be viewed."""
        return {track: voice.slot.feed for track, voice in self._running.items()}

    async def close(self) -> None:
        """End all; the room goes."""
        for track in list(self._running):
            await self.stop(track)
        for slot in self._idle:
            slot.close()
        self._idle = []

    async def rebuild(self) -> None:
        """Janus began anew: every running voice gets a new remote publisher."""
        for slot in self._idle:
            slot.close()
        self._idle = []
        for voice in self._running.values():
            old, voice.slot = voice.slot, await self._open()
            old.close()

    async def _open(self) -> Slot:
        ground = self._ground
        name = f"voice~{ground.fresh(6).hex()}"
        streams = [{"mid": "0", "mindex": 0, "type": "audio", "codec": "opus", "fec": True}]
        data = await ground.manage("add_remote_publisher", id=name, iface=LOOPBACK, streams=streams)
        start = int.from_bytes(ground.fresh(4), "big")
        return Slot(Feed(publisher=name, mid="0"), int(data["port"]), start)

    async def _end_mask(self, voice: Voice) -> None:
        mask, voice.mask = voice.mask, None
        if mask is not None:
            self._listeners.remove(mask)
            await mask.aclose()
