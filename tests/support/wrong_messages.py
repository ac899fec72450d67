"""Wrong messages of every type of the room's protocol: some that are none by their shape, some that hold
together and are wrong in what they say, for a room in which the evaluation runs.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.support.signalling_client import ALL_OK

Json = dict[str, Any]
JUNK: Final[list[Any]] = [
    *(None, True, -1, 2**40, "", "x" * 600, [], [[[]]], {}, {"a": {"b": {}}}, "\u202e", "\0"),
]
NAMES: Final = ("text", "to", "on", "sdp", "reason", "call", "request", "kind", "minutes", "node", "state")
OK: Final = "ok"
NOT_ALLOWED: Final = "signal.not-allowed"
UNKNOWN: Final = "signal.unknown"


def shapeless(chance: random.Random, kind: str, sdp: str) -> Json:
    """A body that is none of this message's: members of wrong types, or an offer that was tampered with."""
    if kind in {"publish", "view", "restart"} and chance.random() < 0.8:
        lines = sdp.split("\r\n")
        for _ in range(chance.randrange(1, 5)):
            at = chance.randrange(len(lines))
            lines[at] = chance.choice(
                ("", lines[at] * 3, lines[at][::-1], "m=video 9 X 1", "a=mid:" + "9" * 40)
            )
        body: Json = {"sdp": "\r\n".join(lines)}
        more: dict[str, Json] = {"publish": {"sources": {"0": "camera"}}, "restart": {"purpose": "view"}}
        return body | more.get(kind, {"wants": {"0": "mem_x/camera"}})
    chosen = {name: chance.choice(JUNK) for name in chance.sample(NAMES, chance.randrange(1, 6))}
    return chosen | {"no-such-member": chance.choice(JUNK)}


@dataclass(frozen=True, slots=True)
class Wrong:
    """A well-shaped message: who sends it (``expert``, ``witness`` or ``camera``), its body, the answer."""

    who: str
    body: Callable[[random.Random, str], Json]
    code: str


def _id(chance: random.Random) -> str:
    """An id that nothing has."""
    return "".join(chance.choice("abz019_.:-") for _ in range(chance.randrange(1, 65)))


def _words(chance: random.Random) -> str:
    """A text that is one: letters of all kinds and the line feed."""
    return "甲" + "".join(chance.choice("aß签\n é<>&\"'\\%") for _ in range(chance.randrange(1, 400)))


def _of_id(*names: str, words: str = "") -> Callable[[random.Random, str], Json]:
    def made(chance: random.Random, _sdp: str) -> Json:
        return {name: _id(chance) for name in names} | ({words: _words(chance)} if words else {})

    return made


def _stats(chance: random.Random) -> Json:
    names = ("rtt_ms", "lost", "kbps_up", "kbps_down", "freezes")
    return {name: chance.randrange(1_001) for name in names}


def _pressed(chance: random.Random, _sdp: str) -> Json:
    to = chance.choice(({"member": _id(chance)}, {"site": _id(chance)}))
    return {"on": True, "reason": chance.choice(("conduct", "order", "time")), "to": to}


def _called(chance: random.Random, _sdp: str) -> Json:
    return {"reason": chance.choice(("help", "health", "other")), "text": None}


def _more_time(chance: random.Random, _sdp: str) -> Json:
    return {"minutes": chance.randrange(1, 1_441), "reason": _words(chance)}


# Each type once. An id is of nothing that the room knows; a role or the phase is not the one that may.
WELL_SHAPED: Final[Mapping[str, Wrong]] = {
    # These two change nothing but the sender's own word of itself.
    "ping": Wrong("expert", lambda chance, _: {"seq": chance.randrange(2**53), "stats": _stats(chance)}, OK),
    "device": Wrong("expert", lambda _chance, _sdp: ALL_OK, OK),
    # Somebody else's description.
    "publish": Wrong("expert", lambda _, sdp: {"sdp": sdp, "sources": {"0": "camera"}}, "media.fingerprint"),
    "view": Wrong("expert", lambda _, sdp: {"sdp": sdp, "wants": {"0": "mem_x/camera"}}, "media.fingerprint"),
    "view-answer": Wrong("expert", lambda _, sdp: {"sdp": sdp}, "media.fingerprint"),
    "restart": Wrong("expert", lambda _, sdp: {"purpose": "view", "sdp": sdp}, "media.fingerprint"),
    # Not this role's, or not in this phase.
    "chat": Wrong("camera", lambda chance, _: {"text": _words(chance)}, NOT_ALLOWED),
    "problem": Wrong("camera", lambda chance, _: {"part": "pc", "text": _words(chance)}, NOT_ALLOWED),
    "hand": Wrong("witness", lambda chance, _: {"up": chance.random() < 0.5}, NOT_ALLOWED),
    "call-witness": Wrong("witness", _called, NOT_ALLOWED),
    "speak": Wrong("expert", lambda chance, _: {"on": chance.random() < 0.5}, NOT_ALLOWED),
    "clarify": Wrong("witness", _of_id("bidder", words="question"), NOT_ALLOWED),
    "call-end": Wrong("witness", _of_id("call"), NOT_ALLOWED),
    "entry-ask": Wrong(
        "expert",
        lambda chance, _: {"whom": "staff", "zone": _id(chance), "reason": _words(chance)},
        NOT_ALLOWED,
    ),
    "unrecorded-ask": Wrong(
        "witness",
        lambda chance, _: {"camera": _id(chance), "minutes": 5, "reason": _words(chance)},
        NOT_ALLOWED,
    ),
    "contact-ask": Wrong("witness", _of_id(words="reason"), NOT_ALLOWED),
    "contact-begin": Wrong("witness", _of_id("request", "recording"), NOT_ALLOWED),
    "contact-end": Wrong("witness", _of_id("request", "recording"), NOT_ALLOWED),
    "time-ask": Wrong("witness", lambda _chance, _sdp: {"on": False}, NOT_ALLOWED),
    "directive": Wrong(
        "witness", lambda chance, _: {"order": "pause", "reason": _words(chance)}, NOT_ALLOWED
    ),
    "watch-ask": Wrong(
        "witness",
        lambda chance, _: {"minutes": chance.randrange(1, 241), "reason": _words(chance)},
        NOT_ALLOWED,
    ),
    "go-on": Wrong("expert", _of_id("outage", words="reason"), NOT_ALLOWED),
    "reform": Wrong("witness", _of_id(words="reason"), NOT_ALLOWED),
    "swap": Wrong("witness", _of_id("seat", "to"), NOT_ALLOWED),
    # The right role, and nothing that it could be about.
    "settle": Wrong("witness", _of_id("request", words="text"), UNKNOWN),
    "intercom": Wrong("witness", _pressed, UNKNOWN),
    "call-release": Wrong("witness", _of_id("call"), UNKNOWN),
    "call-refuse": Wrong("witness", _of_id("call", words="reason"), UNKNOWN),
    "call-start": Wrong("witness", _of_id("call"), UNKNOWN),
    "consent": Wrong("witness", _of_id("request", words="reason"), UNKNOWN),
    "deny": Wrong("witness", _of_id("request", words="reason"), UNKNOWN),
    "node": Wrong("witness", lambda chance, _: {"node": _id(chance), "state": "ok", "text": None}, UNKNOWN),
    "visit-in": Wrong("witness", _of_id("request"), UNKNOWN),
    "visit-out": Wrong("witness", _of_id("visit"), UNKNOWN),
    "watch-decide": Wrong(
        "witness",
        lambda chance, _: {"watch": _id(chance), "allow": True, "reason": _words(chance)},
        UNKNOWN,
    ),
    "resume-site": Wrong(
        "witness", lambda chance, _: {"site": _id(chance), "confirmed": [_id(chance)]}, UNKNOWN
    ),
    # The right role, and a room that cannot.
    "phase": Wrong(
        "witness",
        lambda chance, _: {"to": chance.choice(("preparing", "check-in", "clarifying", "closed"))},
        "room.phase",
    ),
    "break": Wrong("witness", lambda _chance, _sdp: {"on": False}, "room.state"),
    "astray": Wrong("witness", lambda chance, _: {"member": _id(chance), "zone": "outside"}, "room.state"),
    "extend": Wrong("witness", _more_time, "room.state"),
}


TOKEN: Final = "a-token-that-opens-nothing-at-all"


def hello(chance: random.Random, *, shaped: bool) -> Json:
    """A hello that lets nobody in; not `shaped`: with one member that is none."""
    body: Json = {
        "credential": chance.choice(
            ({"seat": TOKEN}, {"call": TOKEN}, {"account": True}, {"account": True, "camera": _id(chance)})
        ),
        "resume": chance.choice((None, {"member": _id(chance), "token": TOKEN, "seq": chance.randrange(99)})),
        "fingerprint": "sha-256 " + ":".join(["0A"] * 32),
        "binding": chance.choice((None, "B" * 85 + "A")),
        "device": ALL_OK,
    }
    if not shaped:
        body[chance.choice([*body, "role"])] = chance.choice(JUNK[1:])
    return body
