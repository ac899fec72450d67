"""Log entries of a draw with their inclusion proofs: what nodes ask to see, and the core of a proof
bundle."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.log import Published, inclusions
from crypto.canonical import JsonValue
from draw.entries import BEGINNINGS, Entry, parse_entry, to_json
from draw.proof import Logged

# Log entries kept parsed, by their bytes: a draw has some ten, of a few kilobytes at most.
PARSED_ENTRIES: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A draw's own entries so far, by ascending log index, with the key and pool entries that it rests on."""

    entries: tuple[tuple[int, Entry], ...]

    def one(self, kind: str, **match: object) -> Entry:
        """The single entry of this type. Raises LookupError when there is none or more than one."""
        found = self.all(kind, **match)
        if len(found) != 1:
            raise LookupError(f"{len(found)} entries of type {kind}")
        return found[0][1]

    def all(self, kind: str, **match: object) -> list[tuple[int, Entry]]:
        """(log index, entry) of every entry of this type whose body has these members."""
        return [
            (index, entry)
            for index, entry in self.entries
            if entry.type == kind and all(entry.body.get(name) == value for name, value in match.items())
        ]

    @property
    def beginning(self) -> tuple[int, Entry]:
        """(log index, entry) that the draw, or the appointment, begins with: it names the parties."""
        return next((index, entry) for index, entry in self.entries if entry.type in BEGINNINGS)

    @property
    def last(self) -> int:
        """Log index of the newest entry."""
        return self.entries[-1][0]


async def course(uow: UnitOfWork, row: DrawRow, *, pool_index: int | None = None) -> Course:
    """Key entries, the pool entry (of the seal, or the one named) and the draw's own entries."""
    own = {one.log_index for one in await uow.draws.entries(row.id)}
    entries = dict(await _parsed(uow, own))
    parties = entries[_request_index(row)].body["parties"].values()
    based = {party.entry_index for party in await uow.parties.by_publics(parties)}
    sealed = next((entry for entry in entries.values() if entry.type == "seal"), None)
    if sealed is not None:
        based.add(int(sealed.body["pool"]["index"]))
    elif pool_index is not None:
        based.add(pool_index)
    entries.update(await _parsed(uow, based))
    return Course(entries=tuple(sorted(entries.items())))


async def shown(uow: UnitOfWork, found: Course, size: int) -> list[Logged]:
    """What a node is shown: `logged` with the requests of the section's earlier rounds, by which it knows
    that this draw is the round that it says."""
    entries = {**dict(found.entries), **await _earlier(uow, found)}
    return await logged(uow, Course(entries=tuple(sorted(entries.items()))), size)


async def _earlier(uow: UnitOfWork, found: Course) -> dict[int, Entry]:
    entries: dict[int, Entry] = {}
    _, begun = found.beginning
    previous = begun.body["previous"] if begun.type == "request" else None
    while previous is not None:
        ((index, entry),) = await _parsed(uow, [previous])
        entries[index] = entry
        previous = entry.body["previous"]
    return entries


async def logged(uow: UnitOfWork, found: Course, size: int) -> list[Logged]:
    """The entries below `size` with their inclusion proofs in the tree of that size."""
    inside = [(index, entry) for index, entry in found.entries if index < size]
    proofs = await inclusions(uow, [index for index, _ in inside], size)
    return [
        Logged(index=index, entry=entry, proof=proof)
        for (index, entry), proof in zip(inside, proofs, strict=True)
    ]


def document(published: Published, entries: Iterable[Logged]) -> dict[str, JsonValue]:
    """Evidence as a node reads it."""
    rows: list[JsonValue] = [
        {"index": one.index, "entry": to_json(one.entry), "proof": [digest.hex() for digest in one.proof]}
        for one in entries
    ]
    return {"note": published.note, "entries": rows}


async def keys(uow: UnitOfWork, publics: Iterable[str]) -> list[tuple[int, Entry]]:
    """The `key` entries of these parties, ascending."""
    return await _parsed(uow, {party.entry_index for party in await uow.parties.by_publics(publics)})


def _request_index(row: DrawRow) -> int:
    if row.k is None:
        raise LookupError("the draw has no request entry yet")
    return row.k


async def _parsed(uow: UnitOfWork, indexes: Iterable[int]) -> list[tuple[int, Entry]]:
    return [(one.index, _parsed_entry(one.entry)) for one in await uow.log.entries_at(indexes)]


# Every step of a draw shows the same entries again; entries are never changed once made.
_parsed_entry = lru_cache(maxsize=PARSED_ENTRIES)(parse_entry)
