"""What is fixed for a draw at the moment of its seal, kept encrypted, and everything recomputed from it.

The platform stores no outcome. It stores what the outcome depends on: case, rules, parameters, pool version,
two secret keys and a salt, and the drafted seal. From these, the log and the platform's VRF key, cells and
outcome are recomputed whenever the opened draw is asked for; the same parts give the same outcome.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.store.repositories.draws import DrawRow
from app.store.repositories.pools import PoolVersion
from app.store.unit_of_work import UnitOfWork
from app.usecases.evidence import Course
from crypto.canonical import JsonValue, canonical, parse
from crypto.vrf import VrfKey
from draw import cells as draw_cells
from draw import outcome
from draw.avoidance.engine import Engine, beijing_date
from draw.avoidance.rules import Rules
from draw.cells import Cells
from draw.entries import Entry, draft
from draw.entry_bodies import LOGGED
from draw.model import Case, DrawParameters
from draw.outcome import Outcome, Vacancy
from draw.record import BeaconChoice, SealedRecord, sdr_hash
from draw.snapshot import Snapshot

# A case with its engagements: the largest member; pools of a million have some ten thousand engagements.
MAX_FROZEN_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Prepared:
    """A request made ready to seal.

    `opens_at` is the first lawful opening, a time of the format; `bound_by` are the draws whose panels the
    case's engagements come from; `invitations` is ``logged`` or ``elsewhere`` (§8.1).
    """

    case: Case
    rules: Rules
    parameters: DrawParameters
    pool: PoolVersion
    beacon: BeaconChoice | None
    override: str | None
    opens_at: str
    bound_by: tuple[str, ...] = ()
    invitations: str = LOGGED


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FrozenDraw:
    """The fixed parts. `seal` is the drafted entry that the parties are asked to sign."""

    case: Case
    rules: Rules
    parameters: DrawParameters
    pool_id: str
    pool_version: int
    case_salt: bytes
    cell_key: bytes
    tag_key: bytes
    seal: Entry
    bound_by: tuple[str, ...] = ()

    @property
    def record(self) -> SealedRecord:
        """The Sealed Draw Record."""
        return SealedRecord(body=self.seal.body, hash=sdr_hash(self.seal.body))

    def to_bytes(self) -> bytes:
        """The stored form, canonical JSON."""
        secrets: dict[str, JsonValue] = {
            name: getattr(self, name).hex() for name in ("case_salt", "cell_key", "tag_key")
        }
        return canonical(
            {
                "case": self.case.to_json(),
                "rules": self.rules.to_json(),
                "parameters": self.parameters.to_json(),
                "pool": [self.pool_id, self.pool_version],
                "bound_by": list(self.bound_by),
                "seal": {"time": self.seal.time, "body": dict(self.seal.body)},
                **secrets,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "FrozenDraw":
        """Read the stored form back."""
        value: Any = parse(data, max_bytes=MAX_FROZEN_BYTES)
        pool_id, version = value["pool"]
        return cls(
            case=Case.from_json(value["case"]),
            rules=Rules.from_json(value["rules"]),
            parameters=DrawParameters.from_json(value["parameters"]),
            pool_id=pool_id,
            pool_version=version,
            bound_by=tuple(value["bound_by"]),
            seal=draft("seal", value["seal"]["time"], value["seal"]["body"]),
            **{name: bytes.fromhex(value[name]) for name in ("case_salt", "cell_key", "tag_key")},
        )


async def load_frozen(uow: UnitOfWork, row: DrawRow) -> FrozenDraw | None:
    """The fixed parts of a draw, or None before its seal was drafted."""
    stored = await uow.draws.load_secrets(row.id)
    return None if stored is None else FrozenDraw.from_bytes(stored)


def build_cells(
    snapshot: Snapshot,
    *,
    case: Case,
    rules: Rules,
    parameters: DrawParameters,
    cell_key: bytes,
    tag_key: bytes,
) -> Cells:
    """The cells of a draw: the same for the seal and for every later recomputation."""
    return draw_cells.build(
        snapshot,
        Engine(case, rules, parameters),
        strata=len(parameters.strata),
        sites=len(parameters.sites),
        t0=beijing_date(case.evaluation.since),
        cell_key=cell_key,
        tag_key=tag_key,
    )


def frozen_cells(frozen: FrozenDraw, snapshot: Snapshot) -> Cells:
    """`build_cells` for a frozen draw."""
    return build_cells(
        snapshot,
        case=frozen.case,
        rules=frozen.rules,
        parameters=frozen.parameters,
        cell_key=frozen.cell_key,
        tag_key=frozen.tag_key,
    )


def beacon_signature(course: Course) -> bytes | None:
    """The beacon signature of the result entry, or None."""
    beacon: Mapping[str, str] | None = course.one("result").body["beacon"]
    return None if beacon is None else bytes.fromhex(beacon["signature"])


def recompute(frozen: FrozenDraw, cells: Cells, course: Course, seats: list[int], key: VrfKey) -> Outcome:
    """The outcome of a drawn draw: CPU-bound, for a worker thread.

    `seats[t-1]` is the seat of event t; answers come from the log. Raises RecordError when the log's result
    is not the one these parts give: then nothing may be opened.
    """
    reveals = {
        role: bytes.fromhex(course.one("reveal", role=role).body["r"]) for role in ("agency", "supervisor")
    }
    alpha = outcome.alpha_of(frozen.record, reveals, beacon_signature(course))
    drawn = outcome.draw(frozen.record, cells, key=key, alpha=alpha)
    return outcome.fold(frozen.record, drawn, [_vacancy(course, t, seat) for t, seat in enumerate(seats, 1)])


def _vacancy(course: Course, t: int, seat: int) -> Vacancy:
    event = course.one("event", t=t)
    answers = course.all("answer", t=t)
    pi = bytes.fromhex(answers[0][1].body["pi"]) if answers else None
    return Vacancy(t=t, seat=seat, mode=event.body["mode"], pi=pi)
