"""The Sealed Draw Record: everything fixed before any randomness exists (draw-proof §5).

`build` joins the request, the pool, the rules, the case and the cells into the one object that platform,
agency and supervisor sign, and refuses what may not be sealed: a request that breaks its rules, a draw that
no panel can fill or that almost every attempt would fail, an anonymity gate missed without the supervisor's
reason, a beacon round too close. Signing it and the log are elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from crypto.beacon import round_time
from crypto.canonical import JsonValue, canonical
from crypto.hashing import tagged
from draw import anonymity, feasibility
from draw.avoidance.engine import beijing_date
from draw.avoidance.rules import Rules
from draw.cells import Cells, case_commitment
from draw.entries import Entry
from draw.entry_bodies import check_body, from_seconds, to_seconds
from draw.errors import RecordError, SelectionError
from draw.model import Case, DrawParameters
from draw.selection import MIN_ACCEPTANCE, Problem, pilot_acceptance, pilot_seeds

RECENT_SECONDS: Final = 72 * 3600
BEACON_MARGIN_SECONDS: Final = 60
# Pilot runs stop at PILOT_ENOUGH accepted attempts, for most draws in the first run; a draw at the limit of
# 1e-4 is told apart in 102,400.
_PILOT_ATTEMPTS: Final = (16, 240) + (256,) * 399
_PILOT_ENOUGH: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Times of the record: last lawful reveal by its holder, last lawful result, first lawful opening."""

    reveal: str
    result: str
    open: str

    def to_json(self) -> dict[str, JsonValue]:
        """`{"reveal", "result", "open"}`."""
        return {"reveal": self.reveal, "result": self.result, "open": self.open}


@dataclass(frozen=True, slots=True, kw_only=True)
class BeaconChoice:
    """The public beacon round whose signature goes into the seed."""

    chain: str
    round: int

    def to_json(self) -> dict[str, JsonValue]:
        """`{"chain", "round"}`."""
        return {"chain": self.chain, "round": self.round}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RecordParts:
    """What a record is made of.

    `draw` and `pool_index` are log indices of `request` and `pool`; `vrf` and `commitments` are 32-byte
    values by role; `sealed_at` is the time of the seal entry to come; `invitations` is ``logged`` or
    ``elsewhere`` (§8.1).
    """

    draw: int
    request: Entry
    pool_index: int
    pool: Entry
    rules: Rules
    case: Case
    case_salt: bytes
    parameters: DrawParameters
    cells: Cells
    vrf: Mapping[str, bytes]
    commitments: Mapping[str, bytes]
    beacon: BeaconChoice | None
    override: str | None
    deadlines: Deadlines
    sealed_at: str
    invitations: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRecord:
    """The record's body and its hash `sdr`."""

    body: Mapping[str, Any]
    hash: bytes


def build(parts: RecordParts) -> SealedRecord:
    """The record of a lawful and feasible draw.

    Raises RecordError: ``record.rules``, ``.pool``, ``.section``, ``.seated``, ``.request_time``,
    ``.deadlines``, ``.beacon``, ``.infeasible`` (details: every shortfall), ``.acceptance``,
    ``.anonymity``, ``.override``.
    """
    _require_consistent(parts)
    require_lawful(parts.rules, parts.parameters, parts.sealed_at)
    _require_times(parts)
    require_feasible(parts.parameters, parts.cells)
    _require_anonymous(parts)
    return assemble(parts)


def assemble(parts: RecordParts) -> SealedRecord:
    """The record of `parts` without asking whether it may be sealed."""
    body = _body(parts)
    check_body("seal", body)
    return SealedRecord(body=body, hash=sdr_hash(body))


def sdr_hash(body: Mapping[str, Any]) -> bytes:
    """H("qt/1 sdr", C(SDR)), 32 bytes."""
    return tagged("qt/1 sdr", canonical(dict(body)))


def rules_digest(rules: Rules) -> bytes:
    """H("qt/1 rules", C(rules)), 32 bytes."""
    return tagged("qt/1 rules", canonical(rules.to_json()))


def section_hash(project: str, section: str) -> bytes:
    """H("qt/1 section", C({"project", "section"})): names a section without telling which, 32 bytes."""
    return tagged("qt/1 section", canonical({"project": project, "section": section}))


def problem(parameters: DrawParameters, sizes: tuple[tuple[int, ...], ...]) -> Problem:
    """The selection problem of a record once the cell sizes are known."""
    return Problem(
        rows=tuple(stratum.seats for stratum in parameters.strata),
        site_min=tuple(site.minimum for site in parameters.sites),
        site_max=tuple(site.maximum for site in parameters.sites),
        cap=parameters.cap,
        sizes=sizes,
    )


def parameters_of(body: Mapping[str, Any]) -> DrawParameters:
    """The request parameters that stand in a record."""
    return DrawParameters.from_json(
        {name: body[name] for name in ("rule", "committee", "strata", "sites", "cap")}
    )


def anonymity_figures(
    rules: Rules, parameters: DrawParameters, cells: Cells
) -> list[anonymity.StratumAnonymity]:
    """The anonymity gate per stratum, over all sites."""
    return [
        anonymity.measure(sum(sizes), stratum.seats, rules.anonymity)
        for stratum, sizes in zip(parameters.strata, cells.sizes, strict=True)
    ]


def recent_changes(cells: Cells, requested_at: str) -> int:
    """How many eligible experts changed within 72 hours before the request, or since."""
    earliest = from_seconds(to_seconds(requested_at) - RECENT_SECONDS)
    records = cells.snapshot.records
    return sum(records[row].absences.changed >= earliest for row in cells.eligible_rows())


def require_lawful(rules: Rules, parameters: DrawParameters, sealed_at: str) -> None:
    """Raise RecordError("record.rules", broken=[…]) with every way in which a request breaks its rules."""
    broken = [name for name, holds in _lawful(rules, parameters, beijing_date(sealed_at)) if not holds]
    if broken:
        raise RecordError("record.rules", broken=tuple(broken))


def require_feasible(parameters: DrawParameters, cells: Cells) -> None:
    """Raise RecordError unless some panel exists and pilot draws accept one attempt in ten thousand.

    An accepted pilot attempt is a panel; only when the first run has none, reasons are looked for.
    """
    question = problem(parameters, cells.sizes)
    accepted, attempts = Fraction(0), 0
    for seed, run in zip(pilot_seeds(len(_PILOT_ATTEMPTS)), _PILOT_ATTEMPTS, strict=True):
        accepted += run * _pilot(question, cells, seed, run)
        if not attempts and not accepted:
            _require_panel(question, cells)
        attempts += run
        if accepted >= _PILOT_ENOUGH:
            return
    if accepted / attempts < MIN_ACCEPTANCE:
        raise RecordError("record.acceptance", acceptance=str(accepted / attempts))


def _lawful(rules: Rules, parameters: DrawParameters, day: str) -> list[tuple[str, bool]]:
    """Every rule of draw-proof §10 check 7 and whether it holds."""
    experts, committee = parameters.seats, parameters.committee
    judges, owners, sites = experts + committee.seated, committee.owners, parameters.sites
    members = judges + owners
    share, of = rules.committee.expert_share
    return [
        ("effective_from", rules.effective_from <= day),
        ("effective_to", rules.effective_to is None or day <= rules.effective_to),
        ("experts", committee.experts == experts),
        ("size", members >= rules.committee.minimum),
        ("odd", not rules.committee.odd or members % 2 == 1),
        ("share", judges * of >= share * members),
        ("owners", rules.owners_max is None or owners <= rules.owners_max),
        ("cap", parameters.cap <= rules.employer_cap),
        ("site_range", all(site.minimum <= site.maximum for site in sites)),
        ("quotas", sum(site.minimum for site in sites) <= experts <= sum(site.maximum for site in sites)),
        ("stratum_ids", len({stratum.id for stratum in parameters.strata}) == len(parameters.strata)),
        ("site_ids", len({site.id for site in sites}) == len(sites)),
    ]


def _require_consistent(parts: RecordParts) -> None:
    snapshot, pool, request = parts.cells.snapshot, parts.pool.body, parts.request.body
    if (pool["root"], pool["size"]) != (snapshot.root.hex(), snapshot.size) or parts.pool_index >= parts.draw:
        raise RecordError("record.pool")
    if request["section"] != section_hash(parts.case.project, parts.case.section).hex():
        raise RecordError("record.section")
    if parts.parameters.committee.seated and request["previous"] is None:
        raise RecordError("record.seated")


def _require_times(parts: RecordParts) -> None:
    deadlines, sealed_at = parts.deadlines, parts.sealed_at
    if parts.request.time > sealed_at:
        raise RecordError("record.request_time")
    if not sealed_at <= deadlines.reveal <= deadlines.result or deadlines.open < sealed_at:
        raise RecordError("record.deadlines")
    beacon = parts.beacon
    if beacon is not None:
        due = round_time(beacon.chain, beacon.round)
        if due < to_seconds(sealed_at) + BEACON_MARGIN_SECONDS:
            raise RecordError("record.beacon", due=due)


def _require_anonymous(parts: RecordParts) -> None:
    figures = anonymity_figures(parts.rules, parts.parameters, parts.cells)
    needed = anonymity.needs_override(figures)
    if needed and parts.override is None:
        missed = tuple(stratum for stratum, figure in enumerate(figures) if not figure.met)
        raise RecordError("record.anonymity", strata=missed)
    if parts.override is not None and not needed:
        raise RecordError("record.override")


def _require_panel(question: Problem, cells: Cells) -> None:
    shortfalls = feasibility.check(question, cells.employer_counts(), cells.shared_people())
    if shortfalls:
        raise RecordError("record.infeasible", shortfalls=tuple(shortfalls))


def _pilot(question: Problem, cells: Cells, seed: bytes, attempts: int) -> Fraction:
    """The share of accepted attempts; 0 where there are too many tables: `_require_panel` says so."""
    try:
        return pilot_acceptance(question, cells.person, cells.tag, seeds=[seed], attempts=attempts)
    except SelectionError:
        return Fraction(0)


def _body(parts: RecordParts) -> dict[str, JsonValue]:
    request, cells = parts.request.body, parts.cells
    return {
        "draw": parts.draw,
        **{name: request[name] for name in ("section", "round", "previous", "parties")},
        "pool": {
            "index": parts.pool_index,
            "id": parts.pool.body["pool"],
            "version": parts.pool.body["version"],
            "root": parts.pool.body["root"],
        },
        "rules": rules_digest(parts.rules).hex(),
        "case": case_commitment(parts.case_salt, parts.case.to_json()).hex(),
        **parts.parameters.to_json(),
        "cells": [[cell.public() for cell in line] for line in cells.grid],
        "excluded": cells.excluded.public(),
        "tag_key": cells.tag_key_commitment.hex(),
        "vrf": {role: parts.vrf[role].hex() for role in ("platform", "supervisor")},
        "commitments": {role: parts.commitments[role].hex() for role in ("agency", "supervisor")},
        "beacon": None if parts.beacon is None else parts.beacon.to_json(),
        "anonymity": {
            "strata": [
                figure.to_json() for figure in anonymity_figures(parts.rules, parts.parameters, cells)
            ],
            "override": parts.override,
        },
        "avoid_units": len(parts.case.avoid_units),
        "recent_changes": recent_changes(cells, parts.request.time),
        "invitations": parts.invitations,
        "deadlines": parts.deadlines.to_json(),
    }
