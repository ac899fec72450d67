"""JSON forms of what the media port takes and gives; strict both ways (docs/spec/media-control.md §3).

Each pair of functions is a round trip. A form that is none raises MediaError ``media.control``: the other
end is our own program, so a fault there is a fault of the installation and nothing is repaired.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from remote_eval.errors import MediaError
from remote_eval.media.engine import (
    Answered,
    EngineEvent,
    Grants,
    LegStats,
    MaskProfile,
    Offered,
    RecordPlan,
    RoomSpec,
    RoomStats,
    TrackId,
    TrackStats,
)

Json = Any
T = TypeVar("T")


def grants_form(grants: Grants) -> Json:
    """Both sets as sorted lists, and the cause."""
    return {"publish": sorted(grants.publish), "receive": sorted(grants.receive), "cause": grants.cause}


def read_grants(form: Json) -> Grants:
    """The grants of a form."""
    return Grants(
        publish=frozenset(form["publish"]),
        receive=frozenset(TrackId(one) for one in form["receive"]),
        cause=form["cause"],
    )


def spec_form(spec: RoomSpec) -> Json:
    """A room's specification with its record plan; keys and seed in hexadecimal."""
    return {
        "opened_at": spec.opened_at,
        "record": None if spec.record is None else _plan_form(spec.record),
        "max_members": spec.max_members,
        "video_kbps": spec.video_kbps,
    }


def read_spec(form: Json) -> RoomSpec:
    """The specification of a form."""
    plan = form["record"]
    return RoomSpec(**(form | {"record": None if plan is None else _read_plan(plan)}))


def _plan_form(plan: RecordPlan) -> Json:
    return {
        "folder": str(plan.folder),
        "room": plan.room,
        "part": plan.part,
        "keys": {name: key.hex() for name, key in plan.keys.items()},
        "seed": plan.seed.hex(),
    }


def _read_plan(form: Json) -> RecordPlan:
    return RecordPlan(
        folder=Path(form["folder"]),
        room=form["room"],
        part=form["part"],
        keys={name: bytes.fromhex(key) for name, key in form["keys"].items()},
        seed=bytes.fromhex(form["seed"]),
    )


def profile_form(profile: MaskProfile) -> Json:
    """The secret in hexadecimal: the channel is as trusted as the engine itself."""
    return {"secret": profile.secret.hex()}


def read_profile(form: Json) -> MaskProfile:
    """The profile of a form."""
    return MaskProfile(secret=bytes.fromhex(form["secret"]))


def answered_form(answered: Answered) -> Json:
    """An answer with what it refused."""
    return {"sdp": answered.sdp, "refused": dict(answered.refused)}


def read_answered(form: Json) -> Answered:
    """The answer of a form."""
    return Answered(**form)


def offered_form(offered: Offered) -> Json:
    """An offer with its tracks by mid and what it refused."""
    return {"sdp": offered.sdp, "mids": dict(offered.mids), "refused": dict(offered.refused)}


def read_offered(form: Json) -> Offered:
    """The offer of a form."""
    return Offered(**form)


def stats_form(stats: RoomStats) -> Json:
    """Counters and rates, tracks and legs as objects."""
    return flat(stats) | {
        "tracks": [flat(one) for one in stats.tracks],
        "legs": [flat(one) for one in stats.legs],
    }


def read_stats(form: Json) -> RoomStats:
    """The figures of a form."""
    tracks = tuple(TrackStats(**one) for one in form["tracks"])
    legs = tuple(LegStats(**one) for one in form["legs"])
    return RoomStats(**(form | {"tracks": tracks, "legs": legs}))


def event_form(event: EngineEvent) -> Json:
    """An event as it is."""
    return {"kind": event.kind, "at": event.at, "data": dict(event.data)}


def read_event(form: Json) -> EngineEvent:
    """The event of a form."""
    return EngineEvent(**form)


def flat(value: Any) -> dict[str, Any]:
    """The fields of a frozen record, one level deep."""
    return {one.name: getattr(value, one.name) for one in fields(value)}


def as_object(form: Json, *names: str) -> Mapping[str, Any]:
    """A JSON object with exactly these names. Raises MediaError ``media.control``."""
    if not isinstance(form, dict) or set(form) != set(names):
        raise MediaError("media.control")
    return form
