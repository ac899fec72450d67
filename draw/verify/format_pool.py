"""Shapes of expert records, cases, pool files and receipts (draw-proof §3, §4, §11), for checks 31 and 41."""

from typing import Any

from draw.verify.format_entries import FIELDS, MAX_STRATA, TITLES, proof
from draw.verify.shapes import (
    Shape,
    boolean,
    closed,
    code,
    constant,
    date,
    hex32,
    ident,
    listing,
    natural,
    nullable,
    one_of,
    org,
    pattern,
    text,
    time,
)

MAX_POOL_FILE = 256 * 2**20  # bytes
MAX_RECEIPT = 2**20  # bytes
MAX_MEMBERS = 64  # of each list in a record
REASONS = ("S1", "S2", "Q1", "Q2", *(f"K{number}" for number in range(1, 15)))


def _many(inner: Shape) -> Shape:
    return listing(inner, 0, MAX_MEMBERS)


def _spans(**members: Shape) -> Shape:
    return _many(closed({**members, "from": nullable(date), "to": nullable(date)}))


RECORD: dict[str, Shape] = {
    "id": ident,
    "person": hex32,
    "name": text,
    "employers": _spans(org=org, role=one_of("staff", "director", "supervisor", "controller", "shareholder")),
    "specialties": _many(code),
    "region": pattern(r"[0-9]{6}"),
    "title": one_of(*TITLES),
    "practice_from": date,
    "birth": date,
    "status": one_of("active", "suspended", "withdrawn"),
    "valid_from": date,
    "valid_to": nullable(date),
    "interests": _spans(org=org, kind=one_of("kin", "holding", "economic")),
    "duties": _spans(org=org, kind=one_of("authority", "supervision", "finance")),
    "sanctions": _spans(kind=one_of("bidding_offence", "misconduct")),
    "absences": closed({"changed": time, "leave": _spans()}),
}

_record = closed({name: RECORD[name] for name in FIELDS})
_salts = listing(hex32, len(FIELDS), len(FIELDS))
_orgs = listing(org)

_case = closed(
    {
        "project": ident,
        "section": ident,
        "tenderee": org,
        "agency": org,
        "authorities": _orgs,
        "bidders": listing(closed({"id": ident, "withdrawn": boolean, "orgs": _orgs})),
        "groups": listing(_orgs),
        "avoid_units": listing(closed({"org": org, "reason": text})),
        "prepared_by": listing(hex32),
        "engagements": listing(closed({"expert": ident, "from": time, "to": time})),
        "evaluation": closed({"from": time, "to": time}),
    }
)

pool_file = closed(
    {
        "format": constant("qt/1 pool-file"),
        "draw": natural,
        "case": _case,
        "case_salt": hex32,
        "cell_key": hex32,
        "tag_key": hex32,
        "experts": listing(closed({"record": _record, "salts": _salts})),
    }
)

_eligible = closed(
    {
        "kind": constant("eligible"),
        "cells": listing(
            closed(
                {
                    "at": listing(natural, 3, 3),
                    "person_salt": hex32,
                    "tag_salt": hex32,
                    "tag": hex32,
                    "proof": proof,
                }
            ),
            1,
            MAX_STRATA,
        ),
    }
)
_excluded = closed(
    {
        "kind": constant("excluded"),
        "reasons": listing(one_of(*REASONS), 1, len(REASONS), unique=True),
        "person_salt": hex32,
        "reasons_salt": hex32,
        "index": natural,
        "size": natural,
        "size_salt": hex32,
        "proof": proof,
    }
)
_out_of_scope = closed({"kind": constant("out_of_scope")})


def _outcome(value: Any, path: str) -> None:
    kind = value.get("kind") if type(value) is dict else None
    shapes = {"eligible": _eligible, "excluded": _excluded}
    shape = shapes.get(kind, _out_of_scope) if type(kind) is str else _out_of_scope
    shape(value, path)


receipt = closed(
    {
        "format": constant("qt/1 receipt"),
        "draw": natural,
        "record": _record,
        "salts": _salts,
        "pool": closed({"index": natural, "proof": proof}),
        "outcome": _outcome,
    }
)
