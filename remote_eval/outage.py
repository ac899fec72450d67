"""When a site's link is up, degraded or lost, and the limits that a pack sets: outages (R39), terms (R25).

`look` turns heartbeats and media statistics into a link's state; what a lost site means for the room is
`remote_eval.room_holds`. Limits come from a pack (remote_eval/packs), whose parameters say where they come
from: `unchecked` ones were not compared with the official text and must not be printed as law.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from remote_eval.errors import RoomError
from remote_eval.preservation import EVALUATION, PUBLIC, Terms
from remote_eval.room_state import DEGRADED, LOST, UP, Limits
from remote_eval.shapes import choice, constant, faults_of, integer, name, record, text

MAX_PACK_BYTES: Final = 65_536
STATUSES: Final = ("read", "excerpt", "unchecked", "policy")
# What a pack must set, with the bounds of each value.
BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "outage.before_minutes": (1, 1_440),
    "outage.during_minutes": (1, 1_440),
    "presence.away_seconds": (5, 600),
    "witness.away_seconds": (10, 3_600),
    "clock.tolerance_ms": (100, 60_000),
    "link.degraded_ms": (1_000, 60_000),
    "link.lost_ms": (2_000, 120_000),
    "link.steady_ms": (0, 60_000),
    "link.loss_permille": (1, 1_000),
    "link.rtt_ms": (50, 10_000),
    "retention.evaluation_months": (1, 1_200),
    # Beijing 2024 6.4.2 asks for six at least.
    "retention.public_months": (6, 1_200),
    "retention.check_days": (1, 366),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter: its value, where it comes from, how far that was checked, and both texts."""

    value: int
    source: str
    status: str
    zh: str
    en: str

    @property
    def citable(self) -> bool:
        """Whether it may be printed as what the law says."""
        return self.status == "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When a link counts as degraded or lost; `steady_ms`: how long it must be better to count as better."""

    degraded_ms: int
    lost_ms: int
    steady_ms: int
    loss_permille: int
    rtt_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A pack as read: what rooms take from it, and every parameter with its source."""

    id: str
    version: str
    limits: Limits
    thresholds: Thresholds
    terms: Terms
    parameters: Mapping[str, Parameter]


_PARAMETER: Final = {"source": text(200, shortest=0), "status": choice(*STATUSES), "zh": text(), "en": text()}
_PACK: Final = record(
    {
        "format": constant("qt/1 room-pack"),
        "id": name(),
        "version": name(),
        "title": record({"zh": text(60), "en": text(60)}),
        "parameters": record(
            {one: record({"value": integer(*bounds), **_PARAMETER}) for one, bounds in BOUNDS.items()}
        ),
    }
)


def read_pack(data: bytes) -> Pack:
    """Read a pack. Raises RoomError ``room.pack`` with every fault: nothing is taken from a broken one."""
    content = _content(data)
    faults = [f"{one.pointer} {one.code}" for one in faults_of(content, _PACK)]
    if not faults:
        faults = _contradictions(content["parameters"])
    if faults:
        raise RoomError("room.pack", reasons=faults)
    parameters = {key: Parameter(**value) for key, value in content["parameters"].items()}
    values = {key: one.value for key, one in parameters.items()}
    rule = f"{content['id']}@{content['version']}"
    return Pack(
        id=content["id"],
        version=content["version"],
        limits=_limits(rule, values),
        thresholds=Thresholds(
            degraded_ms=values["link.degraded_ms"],
            lost_ms=values["link.lost_ms"],
            steady_ms=values["link.steady_ms"],
            loss_permille=values["link.loss_permille"],
            rtt_ms=values["link.rtt_ms"],
        ),
        terms=Terms(
            months={
                EVALUATION: values["retention.evaluation_months"],
                PUBLIC: values["retention.public_months"],
            },
            check_days=values["retention.check_days"],
            rule=rule,
        ),
        parameters=parameters,
    )


def _content(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_PACK_BYTES:
        raise RoomError("room.pack", reasons=["too-large"])
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise RoomError("room.pack", reasons=["syntax"]) from error


def _contradictions(parameters: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A law needs a source, and a link is degraded before it is lost."""
    faults = [
        f"/parameters/{key}/source missing"
        for key, one in parameters.items()
        if one["status"] != "policy" and not one["source"].strip()
    ]
    if parameters["link.degraded_ms"]["value"] >= parameters["link.lost_ms"]["value"]:
        faults.append("/parameters/link.degraded_ms order")
    return faults


def _limits(pack: str, values: Mapping[str, int]) -> Limits:
    return Limits(
        pack=pack,
        before_ms=values["outage.before_minutes"] * 60_000,
        during_ms=values["outage.during_minutes"] * 60_000,
        away_ms=values["presence.away_seconds"] * 1_000,
        clock_ms=values["clock.tolerance_ms"],
        witness_ms=values["witness.away_seconds"] * 1_000,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known of a site's link at one moment.

    `heartbeat_age_ms`: since the newest heartbeat of anybody there, None: never one. `media_age_ms`: since
    the newest packet of the tracks it should send, None: it should send none, or the engine itself is gone.
    `lost_permille` and `rtt_ms` as the worst of its tracks, None: not known.
    """

    heartbeat_age_ms: int | None
    media_age_ms: int | None = None
    lost_permille: int | None = None
    rtt_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link's state; `better_since`: since when it has looked better than that, in the clock's milliseconds.

    After a restart of the platform itself a link begins with what the room knew, and a fresh heartbeat age.
    """

    state: str = LOST
    better_since: int | None = None


_RANK: Final = {UP: 0, DEGRADED: 1, LOST: 2}


def look(link: Link, reading: Reading, *, now_ms: int, thresholds: Thresholds) -> Link:
    """The link after one more reading: worse at once, better when it stayed so for `steady_ms`."""
    seen = _state_of(reading, thresholds)
    if _RANK[seen] >= _RANK[link.state]:
        return Link(state=seen)
    since = now_ms if link.better_since is None else link.better_since
    if now_ms - since >= thresholds.steady_ms:
        return Link(state=seen)
    return replace(link, better_since=since)


def _state_of(reading: Reading, thresholds: Thresholds) -> str:
    if reading.heartbeat_age_ms is None:
        return LOST
    silence = max(reading.heartbeat_age_ms, reading.media_age_ms or 0)
    if silence >= thresholds.lost_ms:
        return LOST
    loss, rtt = reading.lost_permille or 0, reading.rtt_ms or 0
    weak = silence >= thresholds.degraded_ms or loss > thresholds.loss_permille or rtt > thresholds.rtt_ms
    return DEGRADED if weak else UP
