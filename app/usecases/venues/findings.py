"""Findings at seats, each kept for good with its source, and what they come to (R22, R75)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.store.repositories.venues import Check, Report
from app.store.unit_of_work import UnitOfWork
from remote_eval.seat_check import SEAT, Standing, follow

_NOTHING: Final = Check()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One part of one seat as somebody found it; `figures` are those that the seat's own check measured."""

    site: str
    seat: str
    part: str
    condition: str
    source: str
    note: str
    by: str
    figures: Mapping[str, int | None] | None = None


async def keep(uow: UnitOfWork, found: Finding, *, now: str) -> None:
    """Keep a finding; the seat's part is then as the rules say."""
    before = (await uow.venues.checks(found.site, found.seat)).get(found.part, _NOTHING)
    stands = follow(_standing(before), source=found.source, condition=found.condition)
    await uow.venues.report(
        _report(found, now), None if stands is None else _after(before, found, stands, now)
    )


def _standing(check: Check) -> Standing:
    return Standing(condition=check.condition, source=check.source, own_fault=check.own_fault)


def _after(before: Check, found: Finding, stands: Standing, now: str) -> Check:
    """The part after a finding; the time is that of the finding which the condition comes from."""
    # A fault of the staff's that the seat did not see stays what it was, with its time.
    told = stands.source == found.source
    own = found.source == SEAT
    return Check(
        condition=stands.condition,
        checked_at=now if told else before.checked_at,
        source=stands.source,
        own_fault=stands.own_fault,
        own_condition=found.condition if own else before.own_condition,
        own_at=now if own else before.own_at,
        own_figures=found.figures if own else before.own_figures,
    )


def _report(found: Finding, now: str) -> Report:
    return Report(
        site_id=found.site,
        seat_id=found.seat,
        part=found.part,
        condition=found.condition,
        note=found.note,
        source=found.source,
        figures=found.figures,
        reported_by=found.by,
        reported_at=now,
    )
