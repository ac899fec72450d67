"""A track that is made in this process: RTP packets of a masker go the way of any published packet."""

from collections.abc import Callable

from remote_eval.media.engine import Kind, TrackId
from remote_eval.media.lite.hall import Hall
from remote_eval.media.lite.rtp import read_packet
from remote_eval.media.lite.track import Track


class LocalTrack:
    """See the module. The packets' SSRC does not matter: every leg has its own."""

    def __init__(
        self, room: Hall, name: TrackId, kind: Kind, types: dict[int, str], clock: Callable[[], float]
    ) -> None:
        self._room = room
        self._types = types
        self._clock = clock
        self._ssrc: int | None = None
        self._track: Track | None = room.raise_track(name, kind, types, "local")

    def send(self, data: bytes) -> None:
        """Take a plain packet; after `close` nothing happens."""
        packet = read_packet(data)
        codec = None if packet is None else self._types.get(packet.payload_type)
        if self._track is None or packet is None or codec is None:
            return
        if packet.ssrc != self._ssrc:
            self._ssrc = packet.ssrc
            self._track.renew()
        now = self._clock()
        kept, _ = self._track.take(packet, codec, None, now)
        if kept is not None:
            for leg in self._track.legs:
                leg.forward(kept, now)
        self._room.sinks.packet(self._track, data, self._room.now(now))

    def close(self, cause: str) -> None:
        """The track ends. Idempotent."""
        if self._track is not None:
            track, self._track = self._track, None
            self._room.lower_track(track, cause)
