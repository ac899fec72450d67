"""The isolation matrix, cell by cell, against a table written the other way round: right → who, and when.

The sentences of docs/spec/signalling.md §5 that always hold are in test_isolation_always.py.
"""

from itertools import chain, combinations, product

import pytest

from remote_eval import room_state as rs
from remote_eval.isolation_table import EVENT_SCOPES, TABLE, ZONES_OF, cell
from remote_eval.protocol.messages import HELLO, TYPES
from remote_eval.room_events import KINDS
from remote_eval.venue import ZONES

# p preparing, c check-in, e evaluating, k clarifying, s signing, x closed.
LETTER = dict(zip("pceksx", rs.PHASES, strict=True))
SEAT = ("expert", "owner")
ALL_ZONES = (*ZONES, "outside", "street")


def seats(phases: str) -> dict[str, str]:
    return dict.fromkeys(SEAT, phases)


PUBLISH = {
    "camera": {**seats("pceks"), "camera": "pceks"},
    "microphone": {**seats("pceks"), "camera": "pceks"},
    "intercom": {"witness": "pceks"},
    "masked": {},
}
SEE = {
    "seat-camera": {**seats("eks"), "witness": "pceks", "site": "pc"},
    "room-camera": {"witness": "pceks", "site": "pc"},
    "bidder-camera": {**seats("k"), "witness": "k"},
}
HEAR = {
    "seat-microphone": {**seats("eks"), "witness": "pceks", "site": "pc"},
    "room-microphone": {"witness": "pceks", "site": "pc"},
    "bidder-microphone": {**seats("k"), "witness": "k"},
    "intercom": {**seats("pceks"), "witness": "pceks", "site": "pceks"},
    "masked": {},
}
EVERYONE = {
    **seats("pceksx"),
    **dict.fromkeys(("witness", "supervisor", "site", "camera"), "pceksx"),
    "bidder": "eksx",
}
VIEWERS = {**seats("pceks"), **dict.fromkeys(("witness", "supervisor", "site"), "pceks")}
SEND = {
    "ping": EVERYONE,
    "bye": EVERYONE,
    "publish": {**seats("pceks"), "witness": "pceks", "camera": "pceks"},
    "view": VIEWERS,
    "view-answer": VIEWERS,
    "restart": {**VIEWERS, "camera": "pceks"},
    "device": {**VIEWERS, "camera": "pceks", "bidder": "eks"},
    "chat": {**seats("eks"), "witness": "eks"},
    "hand": seats("pceks"),
    "call-witness": {**seats("pceks"), "site": "pceks"},
    "problem": VIEWERS,
    "settle": {"witness": "pceks", "site": "pceks"},
    "intercom": {"witness": "pceks"},
    "speak": seats("k"),
    "clarify": {},
    "call-release": {"witness": "eks"},
    "call-refuse": {"witness": "eks"},
    "call-start": {"witness": "e"},
    "call-end": {"witness": "k"},
    "entry-ask": {"site": "pceks"},
    "visit-in": {"witness": "pceks", "site": "pceks"},
    "visit-out": {"witness": "pceks", "site": "pceks"},
    "astray": {"witness": "pceks", "site": "pceks"},
    "unrecorded-ask": {"site": "pceks"},
    "contact-ask": seats("eks"),
    "consent": {"witness": "pceks", "supervisor": "pceks"},
    "deny": {"witness": "pceks", "supervisor": "pceks"},
    "contact-begin": {"site": "pceks"},
    "contact-end": {"site": "pceks"},
    "node": {"witness": "pceksx"},
    "phase": {"witness": "pceks"},
    "break": {"witness": "es"},
    "time-ask": seats("eks"),
    "extend": {"witness": "eks"},
    "directive": {"supervisor": "pceks"},
    "watch-ask": {"supervisor": "pceks"},
    "watch-decide": {"witness": "pceks"},
    "resume-site": {"witness": "pceks"},
    "reform": {"supervisor": "pceks"},
    "go-on": {"supervisor": "pceks"},
    "swap": {"site": "pceks"},
    "report": {"witness": "sx"},
}
CHAIR = {"clarify": seats("e"), "call-start": seats("e"), "call-end": seats("k")}
# Kind → role → phases with a scope; a role that is not named is not told.
W = {"witness": "pceksx all"}
WV = {**W, "supervisor": "pceksx all"}
BUT_ROOM = {**seats("pceks all"), **WV, "site": "pceks all"}
EVENTS = {
    "opened": {},
    "phase": BUT_ROOM,
    "hold": {**BUT_ROOM, "bidder": "eks all"},
    "directive": BUT_ROOM,
    "site": BUT_ROOM,
    "outage": BUT_ROOM,
    "extended": BUT_ROOM,
    "put-off": BUT_ROOM,
    "more-time": {**seats("eks all"), **WV},
    "closed": {
        **seats("pceksx all"),
        **WV,
        "site": "pceksx all",
        "camera": "pceksx all",
        "bidder": "eksx all",
    },
    "member": {
        **seats("pceks known"),
        **WV,
        "site": "pceks known",
        "camera": "pceks own",
        "bidder": "eks own",
    },
    "swap": {**seats("pceks known"), **WV, "site": "pceks site"},
    "device": {
        **seats("pceks own"),
        **W,
        "supervisor": "pceksx own",
        "site": "pceks site",
        "camera": "pceks own",
        "bidder": "eks own",
    },
    "health": {
        **seats("pceks own"),
        **W,
        "supervisor": "pceksx own",
        "site": "pceks site",
        "camera": "pceks own",
        "bidder": "eks own",
    },
    "called": {**seats("pceks own"), **WV, "site": "pceks site"},
    "problem": {**seats("pceks own"), **W, "supervisor": "pceksx own", "site": "pceks site"},
    "settled": {**seats("pceks own"), **WV, "site": "pceks site"},
    "contact": {**seats("pceks own"), **WV, "site": "pceks site"},
    "consent": {**seats("pceks own"), **WV, "site": "pceks site"},
    **{kind: {**WV, "site": "pceks site"} for kind in ("entry", "lapsed", "unrecorded", "astray")},
    "visit": {**WV, "site": "pceks place"},
    "intercom": {**seats("pceks addressed"), **WV, "site": "pceks addressed"},
    "track": {
        **seats("pceks seen"),
        **W,
        "supervisor": "pceksx seen",
        "site": "pceks seen",
        "bidder": "eks seen",
    },
    "alarm": {
        **seats("pceks shared"),
        **WV,
        "site": "pceks site",
        "camera": "pceks engine",
        "bidder": "eks engine",
    },
    "clear": {
        **seats("pceks shared"),
        **WV,
        "site": "pceks site",
        "camera": "pceks engine",
        "bidder": "eks engine",
    },
    "chat": {**seats("eks all"), **W},
    "hand": {**seats("pc own eks all"), **W},
    "clarification": {**seats("eks all"), **WV, "bidder": "eks call"},
    "speak": {**seats("eks all"), **W},
    "speaking": {**seats("eks heard"), **W},
    "node": WV,
    "watch": {**W, "supervisor": "pceksx own"},
    "recording": {**WV, "site": "pceks site"},
    "report": WV,
}

SEAT_HELD_STOPS = {"chat", "speak", "clarify", "call-start", "call-end"}


def scopes(words: str) -> dict[str, str]:
    """The text ``pc own eks all``: phase letter → scope."""
    parts = words.split()
    return {
        letter: scope for letters, scope in zip(parts[::2], parts[1::2], strict=True) for letter in letters
    }


def granted(rights: dict[str, dict[str, str]], role: str, letter: str) -> set[str]:
    return {right for right, who in rights.items() if letter in who.get(role, "")}


def subsets() -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(rs.HOLDS, size) for size in range(4)))


def expected(
    role: str, letter: str, holds: tuple[str, ...], *, watching: bool, calling: bool
) -> dict[str, set[str]]:
    """What the table above says, with the sentences about holds, watches and calls applied one by one."""
    want = {
        "publish": granted(PUBLISH, role, letter),
        "see": granted(SEE, role, letter),
        "hear": granted(HEAR, role, letter),
        "send": granted(SEND, role, letter),
        "chair": granted(CHAIR, role, letter),
    }
    if letter == "x":
        return want
    if role == "supervisor" and watching:
        want |= {"see": granted(SEE, "witness", letter), "hear": granted(HEAR, "witness", letter)}
    if role == "bidder" and calling and letter == "k":
        want |= {"publish": {"camera", "microphone"}, "hear": {"masked"}}
        want["send"] |= {"publish", "view", "view-answer", "restart"}
    for hold in holds:
        if role == "bidder":
            want |= {"publish": set(), "see": set(), "hear": set()}
        if role == "witness":
            want["send"] -= {"call-start"}
        if role in SEAT:
            want["send"] -= SEAT_HELD_STOPS
            want["chair"] = set()
        if hold == "break":
            want["see"] -= {"seat-camera"} | (want["see"] if role in SEAT else set())
            want["hear"] -= {"seat-microphone"} | (want["hear"] if role in SEAT else set())
            want["send"] -= {"hand"}
        elif role in SEAT:
            want["see"] &= {"seat-camera"}
            want["hear"] &= {"intercom"}
    return want


@pytest.mark.parametrize("role", rs.ROLES)
def test_every_cell_grants_exactly_what_the_other_table_says(role: str) -> None:
    walked = 0
    for zone, letter, holds in product(ALL_ZONES, LETTER, subsets()):
        for watching, calling in product((False, True), repeat=2):
            got = cell(role, zone, LETTER[letter], holds=holds, watching=watching, calling=calling)
            found = {
                "publish": got.publish,
                "see": got.see,
                "hear": got.hear,
                "send": got.send,
                "chair": got.chair,
            }
            home = zone in ZONES_OF[role]
            want = expected(role, letter, holds, watching=watching, calling=calling)
            none: dict[str, set[str]] = {right: set() for right in found}
            assert found == (want if home else none), (zone, letter, holds, watching, calling)
            walked += 1
    assert walked == len(ALL_ZONES) * 6 * 8 * 4


@pytest.mark.parametrize("role", rs.ROLES)
def test_every_cell_knows_and_is_told_exactly_what_the_other_table_says(role: str) -> None:
    for zone, letter in product(ZONES_OF[role], LETTER):
        got = cell(role, zone, LETTER[letter])
        known = {other for other, phases in KNOWN_BY[role].items() if letter in phases}
        assert got.knows == known, (zone, letter)
        want = {
            kind: scopes(who[role])[letter]
            for kind, who in EVENTS.items()
            if letter in scopes(who.get(role, ""))
        }
        assert dict(got.events) == want, (zone, letter)


ALL_ROLES = dict.fromkeys(rs.ROLES, "pceksx")
KNOWN_BY: dict[str, dict[str, str]] = {
    **{seat: {"witness": "pceks", **seats("eks"), "bidder": "k"} for seat in SEAT},
    "witness": ALL_ROLES,
    "supervisor": ALL_ROLES,
    "site": {**seats("pceks"), **dict.fromkeys(("witness", "site", "camera"), "pceks")},
    "camera": {},
    "bidder": {},
}


def test_the_tables_speak_of_the_same_words() -> None:
    """No right to a message or an event that does not exist, none forgotten, no zone out of thin air."""
    assert set(SEND) - {"report"} == set(TYPES) - {HELLO}
    assert set(EVENTS) == set(KINDS) | {"speaking", "health", "recording"}
    assert {zone for _, zone, _ in TABLE} <= set(ALL_ZONES) - {"street"}
    for found in TABLE.values():
        assert found.send | found.chair <= set(SEND)
        assert set(found.events) <= set(EVENTS)
        assert set(found.events.values()) <= set(EVENT_SCOPES)


def test_an_unknown_role_zone_or_phase_has_no_right() -> None:
    for role, zone, phase in (("guest", "evaluation", "evaluating"), ("expert", "lobby", "evaluating")):
        assert cell(role, zone, phase) == cell("expert", "evaluation", "lunch")
        assert not cell(role, zone, phase).send
