"""Frames of the signalling protocol (docs/spec/signalling.md §2 to §4): read strictly, written plainly.

`parse` turns a client's text into a `Frame` with a typed command, or raises SignallingError with every fault
and its JSON pointer; nothing is repaired, nothing of the frame is repeated. Rights are not looked at here.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from crypto.canonical import JsonValue
from crypto.canonical import parse as parse_json
from crypto.errors import CanonicalError
from remote_eval import commands as cmd
from remote_eval.errors import EvaluationError, SignallingError
from remote_eval.isolation_table import OUTSIDE
from remote_eval.media.engine import CAMERA, INTERCOM, MAX_SDP_BYTES, MICROPHONE
from remote_eval.room_events import MAX_ESCORTS, MAX_MINUTES, MAX_MORE_MINUTES, time_text
from remote_eval.room_state import DEVICE_STATES, PHASES, Device
from remote_eval.shapes import (
    Shape,
    array,
    choice,
    constant,
    faults_of,
    flag,
    integer,
    matching,
    name,
    nullable,
    one_of,
    opaque,
    path,
    record,
    table,
    text,
)
from remote_eval.venue import ZONES

VERSION: Final = 1
MAX_FRAME_BYTES: Final = 98_304
MAX_DEPTH: Final = 8
MAX_MIDS_PUBLISH: Final = 16
MAX_MIDS_VIEW: Final = 64
_BIG: Final = 2**53 - 1

_FRAME_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,36}")
_MID: Final = matching(re.compile(r"[A-Za-z0-9_.-]{1,16}"))
_TOKEN: Final = matching(re.compile(r"[A-Za-z0-9_.~-]{16,512}"))
_FINGERPRINT: Final = matching(re.compile(r"sha-256 [0-9A-F]{2}(?::[0-9A-F]{2}){31}"))
_BINDING: Final = matching(re.compile(r"[A-Za-z0-9_-]{85}[AQgw]"))
_SDP: Final = opaque(MAX_SDP_BYTES)
_DEVICE: Final = record(dict.fromkeys(("camera", "microphone", "speaker"), choice(*DEVICE_STATES)))
_COUNT: Final = integer(0, 10_000_000)
_STATS: Final = record(
    {
        "rtt_ms": integer(0, 600_000),
        "lost": integer(0, 1_000),
        "kbps_up": _COUNT,
        "kbps_down": _COUNT,
        "freezes": _COUNT,
    }
)
_TEXT: Final = text()
_REASON: Final = record({"request": name(), "reason": _TEXT})

HELLO: Final = "hello"
_HELLO: Final = record(
    {
        "credential": one_of(
            record({"seat": _TOKEN}),
            record({"call": _TOKEN}),
            record({"account": constant(expected=True)}, {"camera": name()}),
        ),
        "resume": nullable(record({"member": name(), "token": _TOKEN, "seq": integer(0, _BIG)})),
        "fingerprint": _FINGERPRINT,
        "binding": nullable(_BINDING),
        "device": _DEVICE,
    }
)

INTERCOM_REASONS: Final = ("conduct", "order", "time", "technical", "other")
CALL_REASONS: Final = ("help", "technical", "health", "conduct", "other")
PARTS: Final = ("camera", "microphone", "speaker", "network", "pc", "document", "other")
WHOM: Final = ("staff", "operator", "agency", "supervisor")
# Who may turn out to be inside without a consent.
FOUND: Final = (*WHOM, "bidder", "unknown")
BREAKS: Final = ("meal", "rest", "night")
# Where a committee may go in a break; none of them: it stays at its seats.
BREAK_ZONES: Final = ("waiting", "dining", "overnight")
MAX_BREAK_MINUTES: Final = 16 * 60

_PRESSED: Final = record(
    {
        "on": constant(expected=True),
        "reason": choice(*INTERCOM_REASONS),
        "to": one_of(
            record({"member": name()}), record({"site": name()}), record({"all": constant(expected=True)})
        ),
    }
)
_BREAK_ON: Final = record(
    {"on": constant(expected=True), "kind": choice(*BREAKS), "minutes": integer(1, MAX_BREAK_MINUTES)},
    {"zone": choice(*BREAK_ZONES), "escorts": array(name(), MAX_ESCORTS)},
)
_MINUTES: Final = integer(1, MAX_MINUTES)
_MORE: Final = {"minutes": integer(1, MAX_MORE_MINUTES), "reason": _TEXT}
_OFF: Final = record({"on": constant(expected=False)})

# Every type with the shape of its body.
BODIES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        HELLO: _HELLO,
        "ping": record({"seq": integer(0, _BIG), "stats": nullable(_STATS)}),
        "publish": record(
            {"sdp": _SDP, "sources": table(_MID, choice(CAMERA, MICROPHONE, INTERCOM), MAX_MIDS_PUBLISH)}
        ),
        "view": one_of(
            record({"sdp": _SDP, "wants": table(_MID, path(), MAX_MIDS_VIEW)}),
            record({"wants": array(path(), MAX_MIDS_VIEW)}),
            record({"wants": array(path(), MAX_MIDS_VIEW), "restart": constant(expected=True)}),
        ),
        "view-answer": record({"sdp": _SDP}),
        "restart": record({"purpose": choice("publish", "view"), "sdp": _SDP}),
        "device": _DEVICE,
        "chat": record({"text": _TEXT}),
        "hand": record({"up": flag}),
        "call-witness": record({"reason": choice(*CALL_REASONS), "text": nullable(_TEXT)}),
        "problem": record({"part": choice(*PARTS), "text": nullable(_TEXT)}),
        "settle": record({"request": name(), "text": _TEXT}),
        "intercom": one_of(_PRESSED, _OFF),
        "speak": record({"on": flag}),
        "clarify": record({"bidder": name(), "question": _TEXT}),
        "call-release": record({"call": name()}),
        "call-refuse": record({"call": name(), "reason": _TEXT}),
        "call-start": record({"call": name()}),
        "call-end": record({"call": name()}),
        "entry-ask": record({"whom": choice(*WHOM), "zone": name(), "reason": _TEXT}, {"minutes": _MINUTES}),
        "visit-in": one_of(
            record({"request": name()}),
            record({"whom": choice(*FOUND), "zone": choice(*ZONES), "site": name(), "text": _TEXT}),
        ),
        "visit-out": record({"visit": name()}),
        "unrecorded-ask": record({"camera": name(), "minutes": _MINUTES, "reason": _TEXT}),
        "contact-ask": record({"reason": _TEXT}),
        "consent": _REASON,
        "deny": _REASON,
        "contact-begin": record({"request": name(), "recording": name()}),
        "contact-end": record({"request": name(), "recording": name()}),
        "node": record({"node": path(), "state": choice("ok", "exception"), "text": nullable(_TEXT)}),
        "phase": record({"to": choice(*PHASES)}),
        "break": one_of(_BREAK_ON, _OFF),
        "astray": record({"member": name(), "zone": choice(*ZONES, OUTSIDE)}),
        "time-ask": one_of(record({"on": constant(expected=True), **_MORE}), _OFF),
        "extend": record(_MORE),
        "directive": record({"order": choice("pause", "resume"), "reason": _TEXT}),
        "watch-ask": record({"minutes": integer(1, 240), "reason": _TEXT}),
        "watch-decide": record({"watch": name(), "allow": flag, "reason": _TEXT}),
        "resume-site": record({"site": name(), "confirmed": array(name(), 64)}),
        "reform": record({"reason": _TEXT}),
        "go-on": record({"outage": name(), "reason": _TEXT}),
        "swap": record({"seat": name(), "to": name()}),
        "bye": record({}),
    }
)
TYPES: Final = tuple(BODIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """What a client that comes back claims to have been and to know."""

    member: str
    token: str = field(repr=False)
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """The first frame. `kind` of credential: ``seat``, ``call`` (both with `token`) or ``account``, where
    `camera` names a room camera; `fingerprint` is of the certificate of all its media; see §3.
    """

    kind: str
    token: str | None = field(default=None, repr=False)
    camera: str | None = None
    resume: Resume | None = None
    fingerprint: str
    binding: str | None = field(default=None, repr=False)
    device: Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A frame that holds together."""

    id: str
    command: cmd.MemberCommand | Hello


def parse(data: str | bytes) -> Frame:
    """Read one frame. Raises SignallingError; `details`: `to` (the frame's id, or None) and `errors`."""
    if isinstance(data, bytes):
        raise SignallingError("signal.binary", to=None)
    value = _read(data)
    frame_id = value.get("id")
    to = frame_id if isinstance(frame_id, str) and _FRAME_ID.fullmatch(frame_id) else None
    if type(value.get("v")) is not int or value["v"] != VERSION:
        raise SignallingError("signal.version", to=to, versions=[VERSION])
    if not isinstance(value.get("type"), str) or value["type"] not in BODIES:
        raise SignallingError("signal.type", to=to)
    faults = faults_of(value, _ENVELOPES[value["type"]])
    if faults:
        errors = [{"pointer": one.pointer, "code": one.code} for one in faults]
        raise SignallingError("signal.body", to=to, errors=errors)
    return Frame(id=value["id"], command=_BUILD[value["type"]](value["body"]))


_ENVELOPES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        one: record({"v": constant(VERSION), "id": matching(_FRAME_ID), "type": constant(one), "body": body})
        for one, body in BODIES.items()
    }
)


def _read(data: str) -> dict[str, Any]:
    try:
        raw = data.encode("utf-8")
    except UnicodeEncodeError as error:
        raise SignallingError("signal.json", to=None, reason="surrogate") from error
    if len(raw) > MAX_FRAME_BYTES:
        raise SignallingError("signal.too-large", to=None, most=MAX_FRAME_BYTES)
    try:
        value = parse_json(raw, max_bytes=MAX_FRAME_BYTES, max_depth=MAX_DEPTH)
    except CanonicalError as error:
        raise SignallingError("signal.json", to=None, reason=error.code.partition(".")[2]) from error
    if not isinstance(value, dict):
        raise SignallingError("signal.json", to=None, reason="object")
    return value


# ---- bodies to commands

_Body = Mapping[str, Any]


def _hello(body: _Body) -> Hello:
    credential = body["credential"]
    kind = next(one for one in ("seat", "call", "account") if one in credential)
    return Hello(
        kind=kind,
        token=None if kind == "account" else credential[kind],
        camera=credential.get("camera"),
        resume=None if body["resume"] is None else Resume(**body["resume"]),
        fingerprint=body["fingerprint"],
        binding=body["binding"],
        device=Device(**body["device"]),
    )


def _ping(body: _Body) -> cmd.Ping:
    return cmd.Ping(seq=body["seq"], stats=None if body["stats"] is None else cmd.Stats(**body["stats"]))


def _view(body: _Body) -> cmd.View:
    if "sdp" in body:
        return cmd.View(sdp=body["sdp"], wants=body["wants"])
    return cmd.View(tracks=tuple(body["wants"]), restart=body.get("restart", False))


def _intercom(body: _Body) -> cmd.PressIntercom:
    to = body.get("to", {})
    return cmd.PressIntercom(
        on=body["on"], reason=body.get("reason"), to_member=to.get("member"), to_site=to.get("site")
    )


def _device(body: _Body) -> cmd.SetDevice:
    return cmd.SetDevice(device=Device(**body))


def _resume_site(body: _Body) -> cmd.ResumeSite:
    return cmd.ResumeSite(site=body["site"], confirmed=tuple(body["confirmed"]))


def _break(body: _Body) -> cmd.TakeBreak:
    return cmd.TakeBreak(**{**body, "escorts": tuple(body.get("escorts", ()))})


def _plain(command: Callable[..., cmd.MemberCommand]) -> Callable[[_Body], cmd.MemberCommand]:
    return lambda body: command(**body)


_BUILD: Final[Mapping[str, Callable[[_Body], cmd.MemberCommand | Hello]]] = MappingProxyType(
    {
        HELLO: _hello,
        "ping": _ping,
        "view": _view,
        "intercom": _intercom,
        "device": _device,
        "resume-site": _resume_site,
        "break": _break,
        **{
            one.type: _plain(one)
            for one in (
                *(cmd.Publish, cmd.ViewAnswer, cmd.Restart, cmd.Chat, cmd.Hand, cmd.CallWitness, cmd.Problem),
                *(cmd.Settle, cmd.Speak, cmd.Clarify, cmd.CallRelease, cmd.CallRefuse, cmd.CallStart),
                *(cmd.CallEnd, cmd.EntryAsk, cmd.ContactAsk, cmd.Agree, cmd.Deny, cmd.ContactBegin),
                *(cmd.ContactEnd, cmd.TickNode, cmd.MoveTo, cmd.Direct, cmd.WatchAsk, cmd.Astray),
                *(cmd.VisitIn, cmd.VisitOut, cmd.UnrecordedAsk),
                *(cmd.AskTime, cmd.Extend),
                *(cmd.WatchDecide, cmd.Reform, cmd.GoOn, cmd.Swap, cmd.Bye),
            )
        },
    }
)


# ---- frames of the server

# Refusals that may pass by themselves.
RETRYABLE: Final = frozenset({"signal.rate", "signal.fault", "media.unavailable", "media.full"})


def write(frame: Mapping[str, JsonValue]) -> str:
    """One frame as text."""
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


def challenge(nonce: str) -> str:
    """The server's first frame; a seat signs for this nonce, so that no hello is good for a second socket."""
    return write({"v": VERSION, "type": "challenge", "body": {"nonce": nonce}})


def ok(to: str, body: Mapping[str, JsonValue]) -> str:
    """An answer."""
    return write({"v": VERSION, "type": "ok", "to": to, "body": body})


def refusal(to: str | None, code: str, detail: Mapping[str, JsonValue] | None = None) -> str:
    """A refusal with a stable code."""
    return write(
        {
            "v": VERSION,
            "type": "error",
            "to": to,
            "code": code,
            "retryable": code in RETRYABLE,
            "detail": detail or {},
        }
    )


def refusal_of(to: str | None, error: EvaluationError) -> str:
    """A refusal with what an error says, as far as it is JSON; `to` of its details is the frame's own."""
    detail = {key: _plain_json(value) for key, value in error.details.items() if key != "to"}
    return refusal(to, error.code, detail)


def _plain_json(value: object) -> JsonValue:
    """A value of an error's details; what JSON has no word for is left out, for a refusal must not fail."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain_json(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain_json(inner) for inner in value]
    return None


def event(*, seq: int, at: datetime, kind: str, member: str | None, body: Mapping[str, JsonValue]) -> str:
    """An event, as one member is told it."""
    return write(
        {
            "v": VERSION,
            "type": "event",
            "seq": seq,
            "at": time_text(at),
            "kind": kind,
            "from": member,
            "body": body,
        }
    )


def welcome(to: str, body: Mapping[str, JsonValue]) -> str:
    """The answer to a hello."""
    return write({"v": VERSION, "type": "welcome", "to": to, "body": body})
