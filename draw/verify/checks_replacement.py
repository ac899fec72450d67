"""Check 19: every event replayed (draw-proof §8, §9). Nobody is passed over without a reason that the leaves
prove."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from draw.verify import selection
from draw.verify.bundle import Bundle, Entry
from draw.verify.checks_opening import Opening, place
from draw.verify.errors import require
from draw.verify.hashing import mac, tagged, u32be
from draw.verify.selection import Position

Cell = tuple[int, int]


@dataclass(kw_only=True)
class _Replay:
    """The panel as it changes. `holders` are all positions that are or were on it, by person; `given` counts,
    per cell, the candidates that the cell's own stream has given so far (panel and own-order events)."""

    opening: Opening
    cap: int
    ever: set[Position]
    holders: dict[bytes, Position]
    given: dict[Cell, int]

    def others_with(self, seat: int, tag: bytes) -> list[Position]:
        """The other current seats' positions that hold a tag, ascending."""
        seats = enumerate(self.opening.seats)
        others = (at for number, at in seats if number != seat and at is not None)
        return sorted(at for at in others if self.opening.tags[at] == tag)

    def sit(self, seat: int, at: Position) -> None:
        """The candidate takes the seat."""
        self.opening.seats[seat] = at
        self.ever.add(at)
        self.holders[self.opening.persons[at]] = at


def check_19_replacement(bundle: Bundle, opening: Opening, outputs: dict[int, bytes]) -> None:
    """§8. `outputs` are the beta_t of the supervisor's answers (check 12). Leaves `opening.seats` as the
    final panel."""
    events, stated = bundle.of("event"), bundle.value["opening"]["events"]
    numbers = [item["t"] for item in stated]
    require(numbers == list(range(1, len(events) + 1)), 19, "not one opened event per logged event")
    given: dict[Cell, int] = {}
    for j, s, _ in opening.walk:
        given[j, s] = given.get((j, s), 0) + 1
    replay = _Replay(
        opening=opening,
        cap=bundle.sdr["cap"],
        ever=set(opening.walk),
        holders={opening.persons[at]: at for at in opening.walk},
        given=given,
    )
    for event, item in zip(events, stated, strict=True):
        _replace(replay, event, item, outputs)


def _replace(replay: _Replay, event: Entry, item: Any, outputs: dict[int, bytes]) -> None:
    t, seat = item["t"], item["seat"]
    opened = tagged("qt/1 seat", bytes.fromhex(item["salt"]), u32be(seat)).hex()
    require(opened == event.body["seat"], 19, f"event {t}: the seat does not open")
    require(seat < len(replay.opening.seats), 19, f"event {t}: no such seat")
    require(replay.opening.seats[seat] is not None, 19, f"event {t}: the seat was already vacant")
    # Replacements come from the seat's own cell, so the position first drawn names it for good.
    j, s, _ = replay.opening.walk[seat]
    replay.opening.seats[seat] = None
    candidates = _candidates(replay, (j, s), event, outputs)
    for skip in item["skipped"]:
        _check_skip(replay, seat, (j, s, next(candidates, -1)), skip, t)
    chosen = next(candidates, None)
    if chosen is not None:
        _check_chosen(replay, seat, (j, s, chosen), t)


def _candidates(replay: _Replay, cell: Cell, event: Entry, outputs: dict[int, bytes]) -> Iterator[int]:
    opening, t = replay.opening, event.body["t"]
    size = opening.sizes[cell[0]][cell[1]]
    if event.body["mode"] == "supervisor":
        key = mac(opening.seed, b"qt/1 replace\0" + u32be(t) + outputs[t])
        return selection.order(selection.stream_key(key, "replace", t, *cell), size)
    stream = selection.order(selection.stream_key(opening.seed, "cell", opening.attempt, *cell), size)
    return _counted(replay, cell, islice(stream, replay.given.get(cell, 0), None))


def _counted(replay: _Replay, cell: Cell, stream: Iterator[int]) -> Iterator[int]:
    for index in stream:
        replay.given[cell] += 1
        yield index


def _check_skip(replay: _Replay, seat: int, at: Position, skip: Any, t: int) -> None:
    opening, against = replay.opening, [place(value) for value in skip["against"]]
    require(skip["i"] == at[2], 19, f"event {t}: not the next candidate")
    require(
        (at in replay.ever) == (skip["reason"] == "used"),
        19,
        f"event {t}: used candidates are skipped as used",
    )
    if skip["reason"] == "used":
        expected: list[Position] = []
    elif skip["reason"] == "person":
        holder = replay.holders.get(opening.person(at, 19))
        require(holder is not None, 19, f"event {t}: the person skipped is not on the panel")
        expected = [] if holder is None else [holder]
    else:
        # The reasons are tried in order: who is known to be on the panel is not skipped for the employer.
        require(opening.persons.get(at) not in replay.holders, 19, f"event {t}: skipped for the wrong reason")
        expected = replay.others_with(seat, opening.tag(at, 19))
        require(len(expected) == replay.cap, 19, f"event {t}: the employer skipped is not at its cap")
    require(against == expected, 19, f"event {t}: the skip names other positions")


def _check_chosen(replay: _Replay, seat: int, at: Position, t: int) -> None:
    opening = replay.opening
    require(at not in replay.ever, 19, f"event {t}: the candidate was already used")
    person, tag = opening.person(at, 19), opening.tag(at, 19)
    require(person not in replay.holders, 19, f"event {t}: the person was already on the panel")
    held = len(replay.others_with(seat, tag))
    require(held < replay.cap, 19, f"event {t}: the employer is at its cap")
    replay.sit(seat, at)
