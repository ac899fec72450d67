"""The voice masker as a mask of the embedded engine; `remote_eval.media.voice` does the work."""

import asyncio
from collections.abc import Mapping
from typing import Literal

from remote_eval.media.engine import Kind, TrackId
from remote_eval.media.lite.plugs import MASK_TYPES, Mask, MaskOrder
from remote_eval.media.voice.line import Outgoing
from remote_eval.media.voice.masker import VoiceMasker


def make_voice_mask(order: MaskOrder) -> Mask:
    """Start to mask. Raises MediaError ``media.secret`` or ``media.codec``."""

    def alarm(kind: Literal["alarm", "clear"], track: TrackId | None) -> None:
        order.emit(kind, {"code": "silent", "track": track or order.track} | _value(kind))

    drawn = order.chance(10)
    outgoing = Outgoing(
        ssrc=int.from_bytes(drawn[:4], "big"),
        payload_type=next(iter(MASK_TYPES)),
        sequence=int.from_bytes(drawn[4:6], "big"),
        timestamp=int.from_bytes(drawn[6:], "big"),
    )
    masker = VoiceMasker(
        voices=order.voices,
        profile=order.profile,
        outgoing=outgoing,
        clock=order.clock,
        emit=order.send,
        alarm=alarm,
    )
    masker.start()
    return _Running(masker)


def _value(kind: Literal["alarm", "clear"]) -> dict[str, object]:
    return {"value": 0} if kind == "alarm" else {}


class _Running:
    """A masker with its thread."""

    def __init__(self, masker: VoiceMasker) -> None:
        self._masker = masker

    def open_track(self, track: TrackId, kind: Kind, payload_types: Mapping[int, str]) -> None:
        self._masker.open_track(track, kind, payload_types)

    def packet(self, track: TrackId, data: bytes, arrived: float) -> None:
        self._masker.packet(track, data, arrived)

    def report(self, track: TrackId, data: bytes, arrived: float) -> None:
        self._masker.report(track, data, arrived)

    def round_trip(self, track: TrackId, rtt_ms: float) -> None:
        self._masker.round_trip(track, rtt_ms)

    def close_track(self, track: TrackId, cause: str) -> None:
        self._masker.close_track(track, cause)

    def set_voices(self, voices: frozenset[TrackId]) -> None:
        self._masker.set_voices(voices)

    async def aclose(self) -> None:
        """The masker's thread ends within a frame; the loop does not wait for it meanwhile."""
        await asyncio.to_thread(self._masker.stop)
