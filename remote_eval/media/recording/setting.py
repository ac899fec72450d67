"""What a recorder is given once, and whom it shows samples of media (docs/spec/recording.md §4 and §8)."""

from dataclasses import dataclass, field
from typing import Final, Protocol

from remote_eval.errors import RecordingError
from remote_eval.media.engine import AskKeyframe, RecordPlan
from remote_eval.media.recording.alarms import Emit
from remote_eval.media.recording.disk import Disk
from remote_eval.media.recording.limits import Limits
from remote_eval.media.recording.names import MAX_ROOM_CHARS
from remote_eval.media.recording.writer import KEY_SEED_BYTES, Keys

ROOM_CLASS: Final = "room"
RAW_CLASS: Final = "raw"
_CLASS_KEY_BYTES: Final = 32


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
        needed = {ROOM_CLASS} | ({RAW_CLASS} if plan.raw_members else set())
        keys_fit = all(len(plan.keys.get(name, b"")) == _CLASS_KEY_BYTES for name in needed)
        if not keys_fit or len(plan.seed) < KEY_SEED_BYTES or not 0 < len(plan.room) <= MAX_ROOM_CHARS:
            raise RecordingError("recording.plan")

    def keys_of(self, member: str) -> Keys:
        """Seed, class and public key for what a member publishes."""
        klass = RAW_CLASS if member in self.plan.raw_members else ROOM_CLASS
        return Keys(self.plan.seed, klass, self.plan.keys[klass])
