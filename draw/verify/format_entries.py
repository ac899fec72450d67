"""Shapes of log entries and of the Sealed Draw Record (draw-proof §2, §5), for check 1."""

from typing import Any

from draw.verify.shapes import (
    MismatchError,
    Shape,
    boolean,
    closed,
    code,
    constant,
    date,
    hex32,
    hex64,
    hex80,
    ident,
    integer,
    listing,
    natural,
    nullable,
    one_of,
    pattern,
    positive,
    text,
    time,
)

ROLES = ("platform", "agency", "supervisor", "cosigner")
DRAWING = ("agency", "supervisor")
SUITE = "qt-intl-1"
PROTOCOL = "qt/1"
MAX_STRATA = MAX_SITES = 16
MAX_SEATS = 99
MAX_PREFIXES = 64
MAX_RULE_ITEMS = 64  # layers, ways to qualify, titles of one way
MAX_PROOF = 64  # nodes; a tree of 2^53 leaves needs 53

parties = closed(dict.fromkeys(ROLES, hex32))
proof = listing(hex32, 0, MAX_PROOF)
_hex = pattern(r"([0-9a-f]{2}){1,96}")
_role = one_of(*ROLES)
_drawing = one_of(*DRAWING)
_chain = one_of("quicknet", "default")
_commitment = closed({"root": hex32, "size": hex32})

_sdr = closed(
    {
        "draw": natural,
        "section": hex32,
        "round": positive,
        "previous": nullable(natural),
        "parties": parties,
        "pool": closed({"index": natural, "id": ident, "version": positive, "root": hex32}),
        "rules": hex32,
        "case": hex32,
        "rule": constant("uniform/1"),
        "committee": closed({"experts": natural, "seated": integer(0, MAX_SEATS), "owners": natural}),
        "strata": listing(
            closed(
                {
                    "id": ident,
                    "prefixes": listing(code, 1, MAX_PREFIXES, unique=True),
                    "seats": integer(1, MAX_SEATS),
                }
            ),
            1,
            MAX_STRATA,
        ),
        "sites": listing(
            closed(
                {
                    "id": ident,
                    "regions": listing(pattern(r"[0-9]{1,6}"), 1, MAX_PREFIXES, unique=True),
                    "min": natural,
                    "max": natural,
                }
            ),
            1,
            MAX_SITES,
        ),
        "cap": integer(1, MAX_SEATS),
        "cells": listing(listing(_commitment, 1, MAX_SITES), 1, MAX_STRATA),
        "excluded": _commitment,
        "tag_key": hex32,
        "vrf": closed({"platform": hex32, "supervisor": hex32}),
        "commitments": closed({"agency": hex32, "supervisor": hex32}),
        "beacon": nullable(closed({"chain": _chain, "round": positive})),
        "anonymity": closed(
            {
                "strata": listing(closed({"met": boolean, "bits": boolean}), 1, MAX_STRATA),
                "override": nullable(text),
            }
        ),
        "avoid_units": natural,
        "recent_changes": natural,
        "invitations": one_of("logged", "elsewhere"),
        "deadlines": closed({"reveal": time, "result": time, "open": time}),
    }
)


def sdr(value: Any, path: str) -> None:
    """The Sealed Draw Record: members, limits, and one cell per stratum and site."""
    _sdr(value, path)
    strata, sites = len(value["strata"]), len(value["sites"])
    if len(value["cells"]) != strata or any(len(row) != sites for row in value["cells"]):
        raise MismatchError(f"{path}.cells")
    if len(value["anonymity"]["strata"]) != strata:
        raise MismatchError(f"{path}.anonymity.strata")
    if sum(stratum["seats"] for stratum in value["strata"]) > MAX_SEATS:
        raise MismatchError(f"{path}.strata")
    for member in ("strata", "sites"):
        if len({item["id"] for item in value[member]}) != len(value[member]):
            raise MismatchError(f"{path}.{member}")


_key = closed({"role": _role, "name": text, "public": hex32, "vrf": nullable(hex32), "seal": nullable(hex32)})


def _key_body(value: Any, path: str) -> None:
    _key(value, path)
    if (value["vrf"] is not None) != (value["role"] in ("platform", "supervisor")):
        raise MismatchError(f"{path}.vrf")
    if (value["seal"] is not None) != (value["role"] == "cosigner"):
        raise MismatchError(f"{path}.seal")


BODIES: dict[str, Shape] = {
    "key": _key_body,
    "pool": closed({"pool": ident, "version": positive, "size": natural, "root": hex32, "basis": text}),
    "request": closed(
        {"section": hex32, "round": positive, "previous": nullable(natural), "parties": parties}
    ),
    "commit": closed({"draw": natural, "role": _drawing, "commitment": hex32}),
    "seal": sdr,
    "escrow": closed({"draw": natural, "role": _drawing, "commitment": hex32, "sealed": hex32, "sdr": hex32}),
    "reveal": closed(
        {"draw": natural, "role": _drawing, "r": hex32, "from": one_of("holder", "escrow"), "sdr": hex32}
    ),
    "result": closed(
        {
            "draw": natural,
            "sdr": hex32,
            "beacon": nullable(
                closed({"chain": _chain, "round": positive, "signature": _hex, "previous": nullable(_hex)})
            ),
            "alpha": hex32,
            "beta": hex32,
        }
    ),
    # class and mode are judged by check 12, which names them.
    "event": closed(
        {
            "draw": natural,
            "sdr": hex32,
            "t": positive,
            "seat": hex32,
            "class": text,
            "mode": text,
            "evidence": hex32,
        }
    ),
    "answer": closed({"draw": natural, "t": positive, "event": hex32, "pi": hex80}),
    "invite": closed(
        {
            "draw": natural,
            "sdr": hex32,
            "n": positive,
            "seat": hex32,
            "key": hex32,
            "letter": hex32,
            "reply_by": time,
            "cut_off": time,
            "arrive_by": time,
        }
    ),
    # that exactly one of the two is there is check 24's.
    "reply": closed(
        {
            "draw": natural,
            "n": positive,
            "answer": one_of("accept", "decline", "leave"),
            "at": time,
            "signature": nullable(hex64),
            "record": nullable(hex32),
        }
    ),
    # a topic is judged by check 27, which names it.
    "record": closed({"draw": natural, "topic": text, "digest": hex32}),
    "open": closed({"draw": natural, "sdr": hex32, "events": natural}),
    "abort": closed(
        {
            "draw": natural,
            "sdr": nullable(hex32),
            "reason": one_of(
                "escrow_missing",
                "escrow_wrong",
                "reveal_missing",
                "infeasible",
                "project_cancelled",
                "request_changed",
                "fault",
            ),
        }
    ),
}

_entry = closed(
    {
        "protocol": constant(PROTOCOL),
        "suite": constant(SUITE),
        "type": one_of(*BODIES),
        "time": time,
        "body": lambda _value, _path: None,
        "signatures": listing(closed({"role": _role, "key": hex32, "signature": hex64}), 1, len(ROLES)),
    }
)


def entry(value: Any, path: str) -> None:
    """One log entry: members, the body of its type, signatures in role order and each role at most once."""
    _entry(value, path)
    BODIES[value["type"]](value["body"], f"{path}.body")
    order = [ROLES.index(signature["role"]) for signature in value["signatures"]]
    if order != sorted(set(order)):
        raise MismatchError(f"{path}.signatures")


_K_CODES = tuple(f"K{number}" for number in range(1, 15))
FIELDS = (
    "id",
    "person",
    "name",
    "employers",
    "specialties",
    "region",
    "title",
    "practice_from",
    "birth",
    "status",
    "valid_from",
    "valid_to",
    "interests",
    "duties",
    "sanctions",
    "absences",
)
TITLES = ("senior", "associate", "intermediate", "none")

_rules = closed(
    {
        "id": ident,
        "version": text,
        "effective_from": date,
        "effective_to": nullable(date),
        "layers": listing(closed({"id": ident, "version": text, "digest": hex32}), 0, MAX_RULE_ITEMS),
        "committee": closed(
            {"min": natural, "odd": boolean, "expert_share": listing(natural, 2, 2)},
        ),
        "owners_max": nullable(natural),
        "qualification": listing(
            closed({"titles": listing(one_of(*TITLES), 0, MAX_RULE_ITEMS), "practice_years": natural}),
            0,
            MAX_RULE_ITEMS,
        ),
        "max_age": nullable(natural),
        "predicates": listing(closed({"code": one_of(*_K_CODES), "years": natural, "citation": text})),
        "employer_cap": positive,
        "anonymity": closed({"factor": natural, "bits": natural}),
        "publish": listing(one_of(*FIELDS), unique=True),
    }
)


def rules(value: Any, path: str) -> None:
    """The resolved rule pack (§4): members, predicates ascending by number, a share with a denominator."""
    _rules(value, path)
    numbers = [int(predicate["code"][1:]) for predicate in value["predicates"]]
    if numbers != sorted(set(numbers)):
        raise MismatchError(f"{path}.predicates")
    if value["committee"]["expert_share"][1] == 0:
        raise MismatchError(f"{path}.committee.expert_share")
