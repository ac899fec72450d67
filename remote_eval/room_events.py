"""Events of a room: what happened, when and by whom, as the ledger keeps it (docs/spec/signalling.md §6).

An event is a fact that was decided; folding it never fails and decides nothing. `to_json` and `from_json`
are exact inverses; reading is strict, since a stored event that does not hold together must not be folded.
Bodies hold ids, codes, numbers and what members wrote themselves, never a name the platform knows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, cast

from crypto.canonical import JsonValue
from remote_eval import room_state as rs
from remote_eval.errors import RoomError
from remote_eval.shapes import (
    MAX_FAULTS,
    Shape,
    array,
    choice,
    faults_of,
    flag,
    integer,
    matching,
    name,
    nullable,
    path,
    record,
    text,
)

_TIME: Final = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3])(?::[0-5]\d){2}\.\d{3}Z"
)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_DAYS: Final = 31 * 86_400_000
# Of an alarm's figure: bytes of a disk as well as milliseconds of a clock (RFC 7493, section 2.2).
_LARGEST: Final = 2**53 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event; `member` is who did it, None: the platform. Its number is its place in the room's ledger."""

    kind: str
    at: datetime
    member: str | None
    body: Mapping[str, JsonValue]

    @property
    def subject(self) -> str | None:
        """Whom the event is about: the member its body names, else who did it."""
        named = self.body.get("member")
        return named if isinstance(named, str) else self.member


def time_text(moment: datetime) -> str:
    """UTC with milliseconds, ``YYYY-MM-DDTHH:MM:SS.mmmZ``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def moment_of(written: str) -> datetime:
    """The instant that `time_text` wrote. Raises RoomError ``room.event`` for any other text."""
    if _TIME.fullmatch(written) is None:
        raise RoomError("room.event", reasons=["time"])
    try:
        return datetime.strptime(written, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise RoomError("room.event", reasons=["time"]) from error


_AT: Final = matching(_TIME)
_ID: Final = name()
_MS: Final = integer(-_DAYS, _DAYS)
_SITE: Final = nullable(name())
_TEXT: Final = nullable(text())
_LABEL: Final = record({"zh": text(60), "en": text(60)})
_DEVICE: Final = choice(*rs.DEVICE_STATES)
_SPAN: Final = integer(0, _DAYS)
_LIMITS: Final = record(
    {"pack": text(80), **dict.fromkeys(("before_ms", "during_ms", "away_ms", "clock_ms"), _SPAN)},
    {"witness_ms": _SPAN},
)
_MEMBER: Final = record(
    {
        "role": choice(*rs.ROLES),
        "zone": name(),
        "label": _LABEL,
        "site": _SITE,
        "seat": _SITE,
        "call": _SITE,
        "chair": flag,
        "presence": choice(*rs.PRESENCES),
    }
)
_SITES: Final = array(record({"id": _ID, "part": choice("host", "remote"), "label": _LABEL}), 20)
_NODES: Final = array(record({"id": path(), "site": _ID, "label": _LABEL}), 400)
_CODE: Final = name()
_HEADS: Final = integer(0, 99)
# Minutes that are asked for, or given, at a time.
MAX_MORE_MINUTES: Final = 24 * 60
# Minutes of an entry or of a camera that is off, and people who go with a break.
MAX_MINUTES: Final = 8 * 60
MAX_ESCORTS: Final = 20
_MINUTES: Final = integer(1, MAX_MINUTES)

# Every kind of event with the shape of its body.
BODIES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        "opened": record(
            {
                "room": _ID,
                "begins_at": _AT,
                "ends_at": _AT,
                "committee": integer(1, 99),
                "quorum": integer(1, 99),
                "limits": _LIMITS,
                "sites": _SITES,
                "nodes": _NODES,
            }
        ),
        "phase": record({"from": choice(*rs.PHASES), "to": choice(*rs.PHASES)}),
        "hold": record(
            {"kind": choice(*rs.HOLDS), "on": flag, "causes": array(path(), 64), "until": nullable(_AT)},
            {"zone": _SITE, "escorts": array(_ID, MAX_ESCORTS)},
        ),
        "member": record(
            {"member": _ID, "change": choice("admitted", "presence", "expelled", "chair", "confirmed")},
            {"admitted": _MEMBER, "presence": choice(*rs.PRESENCES), "cause": _CODE},
        ),
        "device": record({"camera": _DEVICE, "microphone": _DEVICE, "speaker": _DEVICE}),
        "track": record(
            {
                "id": path(),
                "member": _ID,
                "source": _ID,
                "kind": choice("audio", "video"),
                "up": flag,
                "cause": path(),
            }
        ),
        "chat": record({"text": text()}),
        "hand": record({"up": flag}),
        "called": record({"request": _ID, "reason": _CODE, "text": _TEXT, "site": _SITE}),
        "problem": record({"request": _ID, "part": _CODE, "text": _TEXT, "site": _SITE}),
        "settled": record({"request": _ID, "text": text(), "member": _ID, "site": _SITE}),
        "intercom": record(
            {"on": flag, "reason": nullable(_CODE), "to_member": _SITE, "to_site": _SITE},
            {"member": _ID, "cause": _CODE},
        ),
        "speak": record({"call": _ID, "on": flag}),
        "clarification": record(
            {"call": _ID, "state": choice("asked", "released", "refused", "live", "ended", "masked")},
            {"bidder": _CODE, "question": text(), "reason": text(), "track": path()},
        ),
        "entry": record(
            {"request": _ID, "whom": _CODE, "zone": _CODE, "reason": text(), "site": _SITE},
            {"minutes": _MINUTES},
        ),
        "visit": record(
            {
                "visit": _ID,
                "state": choice("in", "out"),
                "request": _SITE,
                "whom": _CODE,
                "zone": _CODE,
                "site": _ID,
                "text": _TEXT,
                "until": nullable(_AT),
            }
        ),
        "unrecorded": record(
            {"request": _ID, "camera": _ID, "minutes": _MINUTES, "reason": text(), "site": _SITE}
        ),
        "lapsed": record({"request": _ID, "kind": _CODE, "member": _ID, "site": _SITE}),
        "astray": record({"member": _ID, "zone": _SITE, "site": _SITE}),
        "contact": record(
            {"request": _ID, "state": choice("asked", "running", "ended"), "member": _ID, "site": _SITE},
            {"reason": text(), "recording": name()},
        ),
        "consent": record(
            {
                "request": _ID,
                "role": choice(rs.WITNESS, rs.SUPERVISOR),
                "allow": flag,
                "reason": text(),
                "state": choice("open", "allowed", "denied"),
                "member": _ID,
                "site": _SITE,
            },
            {"until": _AT},
        ),
        "node": record({"node": path(), "state": choice("ok", "exception"), "text": _TEXT, "site": _ID}),
        "more-time": record(
            {
                "on": flag,
                "minutes": nullable(integer(1, MAX_MORE_MINUTES)),
                "reason": _TEXT,
                "asking": _HEADS,
                "of": _HEADS,
                "due": flag,
            }
        ),
        "put-off": record({"from": _AT, "begins_at": _AT, "ends_at": _AT}),
        "extended": record(
            {
                "minutes": integer(1, MAX_MORE_MINUTES),
                "reason": text(),
                "from": _AT,
                "ends_at": _AT,
                "asking": _HEADS,
                "of": _HEADS,
            }
        ),
        "directive": record({"order": choice("pause", "resume"), "reason": text()}),
        "watch": record(
            {
                "watch": _ID,
                "state": choice("asked", "running", "refused", "over"),
                "member": _ID,
                "reason": _TEXT,
                "until": nullable(_AT),
            },
            {"minutes": integer(1, 240)},
        ),
        "site": record(
            {
                "site": _ID,
                "link": choice(*rs.LINKS),
                "recording": choice(*rs.RECORDINGS),
                "clock_ms": nullable(_MS),
            }
        ),
        "outage": record(
            {
                "outage": _ID,
                "site": _SITE,
                "rule": choice("before", "during"),
                "state": choice("open", "returned", "due", "decided", "over"),
                "since": _AT,
                "due": _AT,
            },
            {"scope": choice(*rs.OUTAGE_SCOPES), "reason": text()},
        ),
        "alarm": record(
            {
                "code": _CODE,
                "site": _SITE,
                "track": nullable(path()),
                "value": nullable(integer(-_LARGEST, _LARGEST)),
            }
        ),
        "clear": record({"code": _CODE, "site": _SITE, "track": nullable(path())}),
        "swap": record({"seat": _ID, "to": _ID, "member": _ID, "site": _ID}),
        "report": record({"digest": matching(_DIGEST)}),
        "closed": record(
            {"from": choice(*rs.PHASES), "cause": choice("witness", "reform", "moved")}, {"reason": text()}
        ),
    }
)
KINDS: Final = tuple(BODIES)
_FRAME: Final = record(
    {"kind": choice(*KINDS), "at": _AT, "member": nullable(name()), "body": lambda *_: None}
)


def to_json(event: Event) -> dict[str, JsonValue]:
    """The event as a JSON object, ready for canonical JSON."""
    return {
        "kind": event.kind,
        "at": time_text(event.at),
        "member": event.member,
        "body": dict(event.body),
    }


def from_json(value: object) -> Event:
    """Read what `to_json` wrote. Raises RoomError ``room.event`` with every fault of anything else."""
    faults = faults_of(value, _FRAME)
    if not faults:
        found = cast("Mapping[str, object]", value)
        faults = faults_of(found["body"], BODIES[str(found["kind"])])
    if faults:
        raise RoomError("room.event", reasons=[f"{one.pointer} {one.code}" for one in faults[:MAX_FAULTS]])
    written = cast("Mapping[str, JsonValue]", value)
    return Event(
        kind=str(written["kind"]),
        at=moment_of(str(written["at"])),
        member=cast("str | None", written["member"]),
        body=cast("Mapping[str, JsonValue]", written["body"]),
    )
