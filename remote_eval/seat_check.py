"""What is known of each part of a seat, and by whom: the seat's own check, or its site's staff (R22, R75).

A fault stands until it was mended: what the staff found broken is not made good by a browser that sees
nothing wrong, and what the seat found broken is not made good by a word over the whole seat. Keeps nothing
and asks nobody.
"""

from dataclasses import dataclass
from typing import Final

from remote_eval.venue import FAULTY, OK, UNCHECKED

# Who found it: the seat's own browser, staff who looked at this part, staff who declared the whole seat good.
SEAT: Final = "seat"
STAFF: Final = "staff"
STATEMENT: Final = "statement"
SOURCES: Final = (SEAT, STAFF, STATEMENT)

# A page with pictures of a committee needs these; a browser that does not tell is not held against the seat.
LEAST_CORES: Final = 2
LEAST_MEMORY_MB: Final = 2048
# Round trip to the server in milliseconds, and the share of questions that may stay without an answer.
MOST_RTT_MS: Final = 400
MOST_LOST: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A part as it stands. `own_fault`: the seat's own check found a fault that nobody has mended since."""

    condition: str = UNCHECKED
    source: str | None = None
    own_fault: bool = False


def follow(before: Standing, *, source: str, condition: str) -> Standing | None:
    """How a part stands after a finding; None: it changes nothing, and is kept as a report only."""
    if source == STATEMENT:
        return None if before.own_fault else Standing(condition=condition, source=STATEMENT)
    if source == STAFF:
        return Standing(condition=condition, source=STAFF, own_fault=before.own_fault and condition != OK)
    own_fault = condition == FAULTY
    if before.condition == FAULTY and before.source != SEAT:
        return Standing(condition=FAULTY, source=before.source, own_fault=own_fault)
    return Standing(condition=condition, source=SEAT, own_fault=own_fault)


def pc_condition(cores: int | None, memory_mb: int | None) -> str:
    """Whether a computer carries the room, by what its browser tells."""
    weak = (cores is not None and cores < LEAST_CORES) or (
        memory_mb is not None and memory_mb < LEAST_MEMORY_MB
    )
    return FAULTY if weak else OK


def network_condition(answered: int, lost: int, rtt_ms: int | None) -> str:
    """Whether a network carries the room, by a probe: median round trip and unanswered questions."""
    if answered + lost == 0:
        return UNCHECKED
    late = rtt_ms is None or rtt_ms > MOST_RTT_MS
    return FAULTY if late or lost > MOST_LOST * (answered + lost) else OK
