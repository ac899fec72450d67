"""Proof bundles of every stage (draw-proof §9).

The stage follows from the entries alone. Before the opening a bundle holds public entries only; the opening
then reveals the leaves that the panel, the rejected attempts and the skipped candidates need, and nothing
else. Where notes, entries and inclusion proofs come from is the log's business; checking a bundle is the
verifiers'.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crypto.canonical import JsonValue, canonical
from draw.cells import Cells, invite_salt, seat_salt
from draw.entries import SUITE, Entry, to_json
from draw.errors import RecordError
from draw.model import FIELDS
from draw.outcome import Outcome
from draw.replacement import Skip
from draw.selection import Position, Rejection
from draw.snapshot import PoolEntry, field_values

FORMAT: Final = "qt/1 bundle"
MAX_BUNDLE_BYTES: Final = 64 << 20
PERSON: Final = "person"
EMPLOYER: Final = "employer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """An entry in the log: its index and its inclusion proof in the tree of the final checkpoint."""

    index: int
    entry: Entry
    proof: Sequence[bytes]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BundleParts:
    """What a bundle is made of.

    Notes are complete texts with three signature lines. `seal_note`, `consistency` and `rules` are None
    exactly before the seal, `opening` is None exactly before the opening.
    """

    origin: str
    seal_note: str | None
    final_note: str
    consistency: Sequence[bytes] | None
    entries: Sequence[Logged]
    rules: Mapping[str, JsonValue] | None
    opening: Mapping[str, JsonValue] | None


def stage_of(types: Iterable[str]) -> str:
    """The stage that the types of a draw's entries make."""
    present = set(types)
    stages = (("abort", "aborted"), ("open", "opened"), ("result", "revealed"), ("seal", "sealed"))
    return next((stage for kind, stage in stages if kind in present), "requested")


def assemble(parts: BundleParts) -> dict[str, JsonValue]:
    """The bundle as a JSON object. Raises RecordError when a part is missing or too much for the stage."""
    stage = stage_of(logged.entry.type for logged in parts.entries)
    sealed = any(logged.entry.type == "seal" for logged in parts.entries)
    if {part is not None for part in (parts.seal_note, parts.consistency, parts.rules)} != {sealed}:
        raise RecordError("proof.sealed_parts", stage=stage)
    if (parts.opening is not None) != (stage == "opened"):
        raise RecordError("proof.opening", stage=stage)
    return {
        "format": FORMAT,
        "suite": SUITE,
        "stage": stage,
        "origin": parts.origin,
        "checkpoints": {"seal": parts.seal_note, "final": parts.final_note},
        "consistency": None if parts.consistency is None else _hexes(parts.consistency),
        "entries": [logged_json(one) for one in sorted(parts.entries, key=lambda one: one.index)],
        "rules": parts.rules,
        "opening": parts.opening,
    }


def bundle_bytes(bundle: Mapping[str, JsonValue]) -> bytes:
    """C(bundle). Raises RecordError above 64 MiB."""
    data = canonical(dict(bundle))
    if len(data) > MAX_BUNDLE_BYTES:
        raise RecordError("proof.too_large", size=len(data), limit=MAX_BUNDLE_BYTES)
    return data


def opening(
    outcome: Outcome, cells: Cells, publish: Sequence[str], invited: Sequence[int] = ()
) -> dict[str, JsonValue]:
    """The `opening` of a drawn panel.

    `publish` names the fields that the rules make public, `invited` the seats of invitations 1, 2, ….
    """
    return {
        "pi": outcome.drawn.pi.hex(),
        "sizes": [[{"size": cell.size, "salt": cell.salt.hex()} for cell in line] for line in cells.grid],
        "leaves": [_leaf(cells, at, halves) for at, halves in sorted(needed(outcome).items())],
        "rejected": [_rejection(rejection) for rejection in outcome.drawn.selection.rejected],
        "invitations": [
            {"n": n, "seat": seat, "salt": invite_salt(cells.cell_key, n).hex()}
            for n, seat in enumerate(invited, 1)
        ],
        "events": [_event(outcome, cells, place) for place in range(len(outcome.vacancies))],
        "roster": [
            _seat(cells, seat, at, publish) for seat, at in enumerate(outcome.seats) if at is not None
        ],
    }


def needed(outcome: Outcome) -> dict[Position, set[str]]:
    """The positions to open and which halves of each leaf: the least that the checks can do with."""
    halves: dict[Position, set[str]] = {at: {PERSON, EMPLOYER} for at in outcome.ever_on_panel()}
    for rejection in outcome.drawn.selection.rejected:
        for at in rejection.positions:
            halves.setdefault(at, set()).add(rejection.kind)
    for place, pick in enumerate(outcome.picks):
        cell = outcome.panel.cells[outcome.vacancies[place].seat]
        for skip in pick.skipped:
            if skip.reason != "used":
                halves.setdefault(Position(*cell, skip.index), set()).add(skip.reason)
    return halves


def logged_json(one: Logged) -> dict[str, JsonValue]:
    """An entry with its place and proof, as a bundle lists it."""
    return {"index": one.index, "entry": to_json(one.entry), "proof": _hexes(one.proof)}


def _leaf(cells: Cells, at: Position, halves: set[str]) -> dict[str, JsonValue]:
    opened = cells.opening(at.stratum, at.site, at.index)
    person = {"salt": opened.person_salt.hex(), "pool_leaf": opened.pool_leaf.hex()}
    employer = {"salt": opened.employer_salt.hex(), "tag": opened.tag.hex()}
    return {
        "at": _at(at),
        "leaf": opened.leaf.hex(),
        "proof": _hexes(opened.proof),
        "person": person if PERSON in halves else None,
        "employer": employer if EMPLOYER in halves else None,
    }


def _rejection(rejection: Rejection) -> dict[str, JsonValue]:
    return {"kind": rejection.kind, "at": [_at(at) for at in rejection.positions]}


def _event(outcome: Outcome, cells: Cells, place: int) -> dict[str, JsonValue]:
    vacancy = outcome.vacancies[place]
    return {
        "t": vacancy.t,
        "seat": vacancy.seat,
        "salt": seat_salt(cells.cell_key, vacancy.t).hex(),
        "skipped": [_skip(skip) for skip in outcome.picks[place].skipped],
    }


def _skip(skip: Skip) -> dict[str, JsonValue]:
    return {"i": skip.index, "reason": skip.reason, "against": [_at(at) for at in skip.against]}


def _seat(cells: Cells, seat: int, at: Position, publish: Sequence[str]) -> dict[str, JsonValue]:
    entry = cells.snapshot.entry_at(cells.row(at.stratum, at.site, at.index))
    return {
        "seat": seat,
        "at": _at(at),
        "commitments": _hexes(entry.commitments),
        "fields": published(entry, publish),
        "pool": {"index": entry.index, "proof": _hexes(entry.proof)},
    }


def published(entry: PoolEntry, publish: Sequence[str]) -> dict[str, JsonValue]:
    """The named fields of an expert with their salts, and no other."""
    fields = dict(zip(FIELDS, zip(field_values(entry.record), entry.salts, strict=True), strict=True))
    return {name: {"value": fields[name][0], "salt": fields[name][1].hex()} for name in publish}


def _at(at: Position) -> list[int]:
    return [at.stratum, at.site, at.index]


def _hexes(digests: Sequence[bytes]) -> list[str]:
    return [digest.hex() for digest in digests]
