"""Whole examples of the OpenAPI document, by the name of their schema: an agency's way from section to proof.

The organisations are nobody's. What staff and supervisors send and get is `app.api.examples_staff`; the
document attaches both (`app.api.document`). Where members of a list are left out, the description says so.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_TENDEREE: Final = "uscc:91990101Q00000026X"
_BIDDER: Final = "uscc:91990101Q00000034Q"
_EVALUATION: Final = {"from": "2026-11-24T01:00:00Z", "to": "2026-11-24T09:00:00Z"}
_PACK: Final[dict[str, Any]] = {"base": "tender.cn", "overlays": []}
_BIDDERS: Final = [{"id": "b1", "withdrawn": False, "orgs": [_BIDDER]}]
_TERMS: Final[dict[str, Any]] = {
    "authorities": [],
    "groups": [],
    "avoid_units": [{"org": _BIDDER, "reason": "编制招标文件的单位"}],
    "prepared_by": [],
    "evaluation": _EVALUATION,
    "pack": _PACK,
    "remote": False,
    "budget_yuan": 12_000_000,
    "circumstances": [],
}
_DOCUMENT: Final = {
    "title": "道路工程",
    "tenderee": _TENDEREE,
    "bidders": _BIDDERS,
    "names": [{"org": _TENDEREE, "name": "某建设单位"}],
    **_TERMS,
}
_PROJECT: Final = {"project": "works-2026-017", "section": "s1", "owner": "王工"}
_PROJECT_OUT: Final = {
    **_PROJECT,
    "mode": "live",
    "version": 1,
    "created_at": "2026-11-23T01:00:00Z",
    "updated_at": "2026-11-23T01:00:00Z",
    "document": {**_DOCUMENT, "source": None},
}
_HAND_OVER: Final = {
    "version": 2,
    "at": "2026-11-23T02:00:00Z",
    "former": "王工",
    "owner": "李工",
    "reason": "王工调离",
    "by": "wang",
}
_PARAMETERS: Final = {
    "rule": "uniform/1",
    "committee": {"experts": 5, "seated": 0, "owners": 0},
    "strata": [{"id": "works", "prefixes": ["A"], "seats": 5}],
    "sites": [{"id": "main", "regions": ["35"], "min": 5, "max": 5}],
    "cap": 1,
}
_DRAW_IN: Final = {
    "project": "works-2026-017",
    "section": "s1",
    "pool": "city",
    "parameters": _PARAMETERS,
    "beacon": None,
    "override": None,
    "opens_at": None,
    "redraw_reason": None,
    "invitations": "logged",
}
_FAULT: Final = {
    "code": "committee.even",
    "pointer": "/parameters/committee",
    "detail": "委员会人数须为单数，现为 4 人",
    "figures": {"members": 4},
    "basis": "招标投标法 第三十七条",
}
_STEP: Final = {"time": "2026-11-23T01:00:00Z"}
_DRAW_OUT: Final = {
    "id": "drw_03e81cd7fe076e413ae9",
    "k": 6,
    "project": "works-2026-017",
    "section": "s1",
    "title": "道路工程",
    "round": 1,
    "way": "drawn",
    "not_drawn": 0,
    "mode": "live",
    "state": "sealed",
    "seats": 5,
    "sites": ["main"],
    "evaluation": _EVALUATION,
    "owner": "王工",
    "code": "4TW1CH1QHJEB",
    "sdr": "ec432623b8ec1def9c57f0d87a2c7efa9c12b839404886389058ca6c53631cf7",
    "abort_reason": None,
    "limit": {"kind": "reveal", "at": "2026-11-23T01:10:00Z", "seconds": 600},
    "steps": [
        {"type": "request", "index": 6, **_STEP},
        {"type": "commit", "index": 7, **_STEP},
        {"type": "commit", "index": 8, **_STEP},
        {"type": "seal", "index": 9, **_STEP},
    ],
    "created_at": "2026-11-23T01:00:00Z",
    "updated_at": "2026-11-23T01:00:00Z",
}
_COUNTS: Final = {
    "pool": 200,
    "pool_version": 1,
    "steps": [
        {"filter": "site", "left": 200},
        {"filter": "specialty", "left": 160},
        {"filter": "status", "left": 159},
        {"filter": "K1", "left": 120},
    ],
    "cells": [[120]],
    "strata": [{"id": "works", "experts": 120, "seats": 5, "verdict": "ok", "bits": 27}],
}
_PLATFORM_KEY: Final = "e4db6f5826166c284e8f6cb593c2f8bacfbd2ca557516485429c167d8d544a13"
_HASH: Final = "30c565b0f11aef33707127c3ef827400c3d39ab6f9e9beb965b0236554d0bf07"
_ENTRY: Final = {
    "protocol": "qt/1",
    "suite": "qt-intl-1",
    "type": "key",
    "time": "2026-11-23T01:00:00Z",
    "body": {"role": "platform", "name": "platform.example", "public": _PLATFORM_KEY},
    "signatures": [{"role": "platform", "key": _PLATFORM_KEY, "signature": _HASH * 2}],
}
# The form of a bundle (draw-proof §9) and one at its first stage, abridged to one of its entries.
BUNDLE: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "schema": {
            "type": "object",
            "description": "A proof bundle (draw-proof §9). The example is abridged to one of its entries.",
            "required": [
                *("format", "suite", "stage", "origin", "checkpoints"),
                *("consistency", "entries", "rules", "opening"),
            ],
            "additionalProperties": False,
            "properties": {
                "format": {"const": "qt/1 bundle"},
                "suite": {"type": "string"},
                "stage": {"enum": ["requested", "sealed", "revealed", "opened", "aborted"]},
                "origin": {"type": "string"},
                "checkpoints": {
                    "type": "object",
                    "required": ["seal", "final"],
                    "properties": {"seal": {"type": ["string", "null"]}, "final": {"type": "string"}},
                },
                "consistency": {"type": ["array", "null"], "items": {"type": "string"}},
                "entries": {"type": "array", "items": {"type": "object"}},
                "rules": {"type": ["object", "null"]},
                "opening": {"type": ["object", "null"]},
            },
        },
        "example": {
            "format": "qt/1 bundle",
            "suite": "qt-intl-1",
            "stage": "requested",
            "origin": "log.example",
            "checkpoints": {
                "seal": None,
                "final": "log.example\n7\nhtHhE2/CgzSbUcFhnM0QjLlnjDk5YH2i/ILTr8RbL3k=\n\n— log.example …\n",
            },
            "consistency": None,
            "entries": [{"index": 0, "entry": _ENTRY, "proof": [_HASH]}],
            "rules": None,
            "opening": None,
        },
    }
)
# The body of the import route, whose package is abridged: OCDS has many more members.
IMPORT: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "package": {
            "version": "1.1",
            "releases": [
                {
                    "ocid": "ocds-b5fd17-0001",
                    "tender": {"title": "道路工程"},
                    "parties": [
                        {"id": "buyer", "name": "某建设单位", "roles": ["buyer"]},
                        {"id": "bidder-1", "name": "某施工单位", "roles": ["tenderer"]},
                    ],
                }
            ],
        },
        "import": {
            "ocid": "ocds-b5fd17-0001",
            "project": "works-2026-017",
            "section": "s1",
            "owner": "王工",
            "terms": _TERMS,
        },
    }
)
AGENCY: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "ProjectIn": {**_PROJECT, **_DOCUMENT},
        "ImportIn": IMPORT["import"],
        "ProjectOut": _PROJECT_OUT,
        "ProjectPage": {"items": [_PROJECT_OUT], "next": None},
        "BiddersIn": {"section": "s1", "bidders": [{**_BIDDERS[0], "withdrawn": True}]},
        "OwnerIn": {"section": "s1", "owner": "李工", "reason": "王工调离"},
        "HandOverPage": {"items": [_HAND_OVER], "next": None},
        "DrawIn": _DRAW_IN,
        "PreviewOut": {"feasible": True, "counts": _COUNTS, "faults": []},
        "DrawOut": _DRAW_OUT,
        "DrawPage": {"items": [_DRAW_OUT], "next": None},
        "AbortIn": {"reason": "project_cancelled"},
        "ProblemOut": {
            "type": "urn:qiantong:problem:draw.refused",
            "title": "抽取申请不能受理，全部问题见 errors",
            "status": 422,
            "code": "draw.refused",
            "trace_id": "3be5ddc14f6e8de1",
            "retryable": False,
            "errors": [_FAULT],
        },
    }
)
