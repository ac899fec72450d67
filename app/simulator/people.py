"""The people behind a simulated provider: what each does with a message or a call.

    {"seed": 7, "others": {"does": "accept", "after": 2},
     "people": {"13800000001": {"does": "decline", "after": 1}, "13800000002": {"does": "invalid"}}}

A person ``accept``s or ``decline``s by keys after so many minutes, ``leave``s `stays` minutes after having
accepted by calling back, answers ``late`` (one minute after it
counts), stays ``silent``, ``waver``s (presses 1, then 2), has an ``invalid`` number, or follows the ``link``:
then `answer` and `code` say what whoever plays the page should choose. Where nobody knows who will be written
to, `first` says what those do who are reached first, one after the other.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import AppError

MAX_FILE_BYTES: Final = 4 * 1024 * 1024
Share = Annotated[float, Field(ge=0, le=1)]


class Person(BaseModel):
    """One person. `after`: minutes between the message and the answer; `stays`: from there to the leave."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    does: Literal["accept", "decline", "leave", "late", "silent", "waver", "invalid", "link"] = "silent"
    after: float = Field(default=0, ge=0, le=10_000)
    stays: float = Field(default=0, ge=0, le=10_000)
    answer: Literal["accept", "decline"] = "accept"
    code: str | None = Field(default=None, max_length=40)


class Faults(BaseModel):
    """How unreliable the provider is: shares of requests refused before (`refused`) or after (`lost`) they
    were taken, and of reports sent twice or lost on their way once; `outage`: nothing answers.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    refused: Share = 0
    lost: Share = 0
    duplicated: Share = 0
    dropped: Share = 0
    outage: bool = False


class Town(BaseModel):
    """Everybody, and the seed of the provider's chance."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 0
    others: Person = Person()
    people: Mapping[str, Person] = Field(default_factory=dict, max_length=100_000)
    first: tuple[Person, ...] = Field(default=(), max_length=1_000)
    faults: Faults = Faults()

    def person(self, number: str, *, reached: int | None = None) -> Person:
        """Who answers this number; `reached`: how many strangers were reached before, if that is known."""
        known = self.people.get(number)
        if known is not None or reached is None:
            return known or self.others
        return self.first[reached] if reached < len(self.first) else self.others


def load_town(file: Path) -> Town:
    """The people of a file. Raises AppError ``people.file``."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise AppError("people.file")
        return Town.model_validate_json(data)
    except (OSError, ValidationError) as error:
        raise AppError("people.file") from error
