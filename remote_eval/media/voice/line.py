"""From packets of several microphones to packets of the committee's voice, without a clock of its own.

`MaskingLine` is called each 20 ms and answers each time with one RTP packet, come what may: a microphone that
fails is left out, a vocoder or encoder that fails gives silence. No received payload and no decoded sample
is reachable from what is sent but through `Committee`; there is no way around it.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from remote_eval.errors import MediaError
from remote_eval.media.engine import MaskProfile, TrackId
from remote_eval.media.voice import rtp
from remote_eval.media.voice.bands import HOP, Samples
from remote_eval.media.voice.codec import FRAME, SILENCE, Encoder
from remote_eval.media.voice.playout import Playout
from remote_eval.media.voice.vocoder import Committee

MOST_MICROPHONES: Final = 32
# Whole frames until a failure counts as over: 1 s.
WELL_AGAIN: Final = 50

# Called with the kind of event and the track, or None for the voice as a whole.
Alarm = Callable[[Literal["alarm", "clear"], TrackId | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """How the masked stream is numbered; all but `payload_type` are chosen at random by whoever opens it."""

    ssrc: int
    payload_type: int
    sequence: int
    timestamp: int


@dataclass(slots=True)
class _Source:
    """A microphone: its encodings, its buffer and how long it has been well."""

    encodings: Mapping[int, str]
    playout: Playout = field(default_factory=Playout)
    ill_for: int = 0


class MaskingLine:
    """See the module. Single-threaded; times are milliseconds of one clock."""

    def __init__(self, profile: MaskProfile, outgoing: Outgoing, alarm: Alarm) -> None:
        """Raises MediaError ``media.secret`` or ``media.codec``."""
        self._profile = profile
        self._outgoing = outgoing
        self._alarm = alarm
        self._sources: dict[TrackId, _Source] = {}
        self._committee = Committee(profile.secret)
        self._encoder = Encoder()
        self._sent = 0
        self._skipped = 0
        self._ill_for = 0
        self.refused = 0

    def open_track(self, track: TrackId, encodings: Mapping[int, str]) -> None:
        """A microphone begins, or begins anew. Raises MediaError ``media.full`` beyond 32."""
        if track not in self._sources and len(self._sources) >= MOST_MICROPHONES:
            raise MediaError("media.full", most=MOST_MICROPHONES)
        self._sources[track] = _Source(dict(encodings))

    def close_track(self, track: TrackId) -> None:
        """A microphone ended. Idempotent."""
        self._sources.pop(track, None)

    def packet(self, track: TrackId, data: bytes, arrived: float) -> None:
        """One RTP packet of a microphone; what is no voice of an open track is counted in `refused`."""
        source = self._sources.get(track)
        if source is None:
            self.refused += 1
            return
        try:
            found = rtp.read(data, source.encodings)
        except MediaError:
            self.refused += 1
            return
        for one in found:
            source.playout.put(one, arrived)

    def tick(self, now: float) -> bytes:
        """The next RTP packet: 20 ms of the committee's voice. Never raises."""
        try:
            payload = self._encoder.encode(self._mixed(now))
            self._ill_for = self._better(self._ill_for, None)
        except Exception:  # noqa: BLE001 - whatever broke, the bidder gets silence and no voice
            payload = SILENCE
            self._fail()
        return self._wrapped(payload)

    def skip(self, frames: int) -> None:
        """Let 20 ms pieces pass unsent: the receiver sees a hole in time instead of a voice that lags."""
        self._skipped += frames

    def tell(self, kind: Literal["alarm", "clear"], track: TrackId | None) -> None:
        """Pass an event on; a listener that fails does not stop the voice."""
        with contextlib.suppress(Exception):
            self._alarm(kind, track)

    def _mixed(self, now: float) -> Samples:
        sounds = {track: self._sound(track, source, now) for track, source in self._sources.items()}
        hops = [
            self._committee.hop({track: sound[at : at + HOP] for track, sound in sounds.items()})
            for at in range(0, FRAME, HOP)
        ]
        return np.concatenate(hops)

    def _sound(self, track: TrackId, source: _Source, now: float) -> Samples:
        """20 ms of one microphone; silence and an alarm in place of one that fails."""
        broken = source.playout.broken
        try:
            sound = source.playout.take(now)
        except Exception:  # noqa: BLE001 - one bad sender must not take the voice from the others
            source.playout = Playout()
            sound = np.zeros(FRAME, dtype=np.float32)
            broken = -1
        if source.playout.broken == broken:
            source.ill_for = self._better(source.ill_for, track)
            return sound
        if not source.ill_for:
            self.tell("alarm", track)
        source.ill_for = WELL_AGAIN
        return sound

    def _better(self, ill_for: int, track: TrackId | None) -> int:
        if ill_for == 1:
            self.tell("clear", track)
        return max(0, ill_for - 1)

    def _fail(self) -> None:
        """Drop all state that may be spoilt; a start anew that fails leaves silence."""
        if not self._ill_for:
            self.tell("alarm", None)
        self._ill_for = WELL_AGAIN
        try:
            self._committee = Committee(self._profile.secret)
            self._encoder = Encoder()
        except Exception:  # noqa: BLE001 - the old parts fail again next time, into silence again
            return

    def _wrapped(self, payload: bytes) -> bytes:
        sent, self._sent = self._sent, self._sent + 1
        return rtp.write(
            payload,
            payload_type=self._outgoing.payload_type,
            sequence=self._outgoing.sequence + sent,
            timestamp=self._outgoing.timestamp + (sent + self._skipped) * rtp.TICKS_PER_FRAME,
            ssrc=self._outgoing.ssrc,
            first=sent == 0,
        )
