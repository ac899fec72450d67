"""One decision under way: the room as it is after the events decided so far, and what rules ask of it.

Rules add events one by one; each is folded at once, so that a later rule of the same decision sees what an
earlier one did. Nothing is stored here, and a refusal leaves nothing behind.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from crypto.canonical import JsonValue
from remote_eval.errors import RoomError, SignallingError
from remote_eval.room_events import Event
from remote_eval.room_fold import evolve
from remote_eval.room_state import Member, RoomState, to_ms


class Deed:
    """A decision by `actor` (None: the platform) at `now`, which never lies before the room's last event."""

    def __init__(
        self, state: RoomState, actor: Member | None, *, now: datetime, new_id: Callable[[], str]
    ) -> None:
        self.state = state
        self.now = max(to_ms(now), state.at)
        self.events: list[Event] = []
        self._actor = actor
        self._new_id = new_id

    @property
    def actor(self) -> Member:
        """Who decides; only for commands of members."""
        if self._actor is None:
            raise SignallingError("signal.not-allowed")
        return self._actor

    def add(self, kind: str, /, **body: JsonValue) -> None:
        """Decide an event; `from_` stands for the name ``from``."""
        plain = {name.rstrip("_"): value for name, value in body.items()}
        actor = None if self._actor is None else self._actor.id
        event = Event(kind=kind, at=self.now, member=actor, body=plain)
        self.state = evolve(self.state, event)
        self.events.append(event)

    def new(self, prefix: str) -> str:
        """A fresh id."""
        return f"{prefix}_{self._new_id()}"

    def require(self, code: str, reasons: Iterable[Mapping[str, object]]) -> None:
        """Refuse with all of `reasons` when there is one."""
        found = list(reasons)
        if found:
            raise RoomError(code, reasons=found)


def unknown(what: str) -> SignallingError:
    """The refusal of what a member cannot see, be it there or not."""
    return SignallingError("signal.unknown", what=what)
