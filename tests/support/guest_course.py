"""What the guests of a draw in memory do: invitations, answers, silences and events, in the order of the log.

A script is a list of labels ("invite:1", "reply:2", "event:1", "answer:1", "record:1") and of numbers: that
many seconds pass. Entries follow one another at STEP_SECONDS.
"""

from dataclasses import dataclass

# After the result of a draw in memory, and before its opening may take place.
FIRST_SECOND = 2600
STEP_SECONDS = 10
REPLY_SECONDS = 300
ARRIVE_SECONDS = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer to invitation n; `delay` seconds pass before it reaches the log."""

    n: int
    answer: str
    keypad: bool = False
    delay: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Guests:
    """`seats[n-1]` is the seat of invitation n, `said` and `topics` are the replies and records by label;
    `afterwards` are the labels of records behind the opening."""

    script: tuple[str | int, ...] = ()
    seats: tuple[int, ...] = ()
    said: tuple[Said, ...] = ()
    topics: tuple[str, ...] = ()
    afterwards: tuple[str, ...] = ()

    def labels(self) -> list[str]:
        """The labels of the script."""
        return [step for step in self.script if isinstance(step, str)]

    def moments(self) -> dict[str, int]:
        """Seconds from the start of the ceremony by label."""
        found, now = {}, FIRST_SECOND
        for step in self.script:
            if isinstance(step, int):
                now += step
            else:
                found[step] = now
                now += STEP_SECONDS
        return found | {label: 8000 + 10 * place for place, label in enumerate(self.afterwards)}

    def said_at(self, number: int) -> int:
        """When answer `number` was given, seconds from the start."""
        return self.moments()[f"reply:{number}"] - self.said[number - 1].delay
