"""One m-line that sends to the engine: its track, and what was counted of it for reports."""

from dataclasses import dataclass, field

from remote_eval.media.lite.codecs import LEVEL, Choice
from remote_eval.media.lite.speaking import Speaking
from remote_eval.media.lite.track import Track


@dataclass(slots=True)
class Inlet:
    """One m-line that sends: its track while it is granted, and how to read its packets."""

    mid: str
    source: str
    choice: Choice
    ssrc: int | None = None
    track: Track | None = None
    speaking: Speaking = field(default_factory=Speaking)
    received: int = 0
    # The newest timestamp, counted on past its wrap.
    ticks: int = 0
    last_report: int = 0
    reported_at: float = 0.0
    expected_before: int = 0
    received_before: int = 0
    # What each packet asks of the choice.
    names: dict[int, str] = field(init=False)
    level_id: int = field(init=False)

    def __post_init__(self) -> None:
        """Read the choice once."""
        self.names = self.choice.names
        self.level_id = self.choice.extensions.get(LEVEL, 0)
