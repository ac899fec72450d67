"""What a recorder is given once, and whom it shows samples of media (docs/spec/recording.md §4 and §8)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from crypto.errors import SealError
from crypto.sealing import seal
from remote_eval.errors import RecordingError
from remote_eval.media.engine import RAW_CLASS, ROOM_CLASS, AskKeyframe, RecordPlan
from remote_eval.media.recording.alarms import Emit
from remote_eval.media.recording.disk import Disk
from remote_eval.media.recording.limits import Limits
from remote_eval.media.recording.names import MAX_ROOM_CHARS
from remote_eval.media.recording.writer import KEY_SEED_BYTES, Keys


class Probe(Protocol):
    """Looks at media now and then, on a thread of its own; never blocks the caller."""

    def picture(self, track: str, frame: bytes, at: float) -> None:
        """A keyframe was recorded."""

    def sound(self, track: str, packet: bytes, at: float) -> None:
        """A packet of sound was recorded."""

    def forget(self, track: str) -> None:
        """The track ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a recorder is given once. `opened_at`: wall clock at room time 0, ms since 1970."""

    plan: RecordPlan
    opened_at: float
    disk: Disk
    emit: Emit
    ask_keyframe: AskKeyframe
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Raises RecordingError ``recording.plan``."""
        plan = self.plan
        if not _keys_fit(plan.keys) or len(plan.seed) < KEY_SEED_BYTES:
            raise RecordingError("recording.plan")
        if not 0 < len(plan.room) <= MAX_ROOM_CHARS:
            raise RecordingError("recording.plan")

    def keys_of(self, klass: str) -> Keys:
        """Seed, class and public key for a file of a class that the plan has a key for."""
        return Keys(self.plan.seed, klass, self.plan.keys[klass])


def _keys_fit(keys: Mapping[str, bytes]) -> bool:
    """A key for the room, perhaps one for what is raw, each usable and no two the same: whoever opens the
    room's recordings must not open the raw ones."""
    if not {ROOM_CLASS} <= set(keys) <= {ROOM_CLASS, RAW_CLASS} or len(set(keys.values())) < len(keys):
        return False
    try:
        for key in keys.values():
            seal(key, b"", b"")
    except SealError:
        return False
    return True
