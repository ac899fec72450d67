"""Whole examples of the OpenAPI document, by the name of their schema: of staff and supervisors.

Nobody in them exists. An agency's are `app.api.examples`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_DRAW: Final = "drw_03e81cd7fe076e413ae9"
_BEGINS: Final = "2026-11-24T01:00:00Z"
_DIGEST: Final = "ec432623b8ec1def9c57f0d87a2c7efa9c12b839404886389058ca6c53631cf7"
_PLACE: Final = {
    "site": "main",
    "venue": "ste_0a1b2c3d4e5f60718293",
    "area": "福州",
    "address": "福州市某路 1 号 3 楼",
}
_PLAN: Final = {
    "begins": _BEGINS,
    "hours": 4,
    "overnight": False,
    "bring": "身份证",
    "contact": "0591-00000000",
    "sites": [_PLACE],
}
_COUNTS: Final = {
    "draw": _DRAW,
    "state": "inviting",
    "needed": 5,
    "accepted": 4,
    "next_deadline": "2026-11-23T03:00:00Z",
    "begins": _BEGINS,
    "owner": "王工",
    "put_off": None,
    "top_up": None,
}
_REASON: Final = {"zh": "本地区合格专家已全部联系", "en": "Every eligible expert of the region was asked"}
_CAMPAIGN: Final = {
    **_COUNTS,
    "id": "cmp_5d2f0c1b9a8e7d6c5b4a",
    "proposed_by": "wang",
    "approved_by": "li",
    "own_order": None,
    "released_at": "2026-11-23T02:00:00Z",
    "moves": 0,
    "delays": [],
    "plan": _PLAN,
    "ladder": {"open": ["widen_region", "sibling_specialty"], "taken": []},
    "invited": 6,
    "seats": [
        {
            "seat": 1,
            "stratum": "works",
            "site": "main",
            "state": "sent",
            "since": "2026-11-23T02:00:00Z",
            "round": 1,
            "next": {"what": "reply_by", "at": "2026-11-23T03:00:00Z"},
            "last_delivery": {"channel": "sms", "kind": "delivered", "at": "2026-11-23T02:00:05Z"},
        }
    ],
}
_CASE: Final = {
    "case": "cas_0a1b2c3d4e5f60718293",
    "state": "opened",
    "outcome": None,
    "seat": 2,
    "digest": _DIGEST,
}
_CASE_STEP: Final = {
    "number": 1,
    "state": "opened",
    "at": "2026-11-24T02:10:00Z",
    "by": "li",
    "words": "席位发现手机，已当场收存",
    "to": None,
    "digest": _DIGEST,
    "log_index": 231,
}
_OPENED: Final = {"version": 1, "tier": 2, "log_index": 214, "opened_at": "2026-11-24T01:00:00Z"}
# Plain objects without a model: the files of an opened draw, abridged.
POOL_FILE: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "schema": {
            "type": "object",
            "description": "The pool file (draw-proof §11); the example is abridged to its head.",
            "required": ["format", "draw", "case", "case_salt", "cell_key", "tag_key", "experts"],
        },
        "example": {
            "format": "qt/1 pool-file",
            "draw": 6,
            "case": {"project": "works-2026-017", "section": "s1"},
            "case_salt": _DIGEST,
            "cell_key": _DIGEST,
            "tag_key": _DIGEST,
            "experts": [],
        },
    }
)
RECEIPT: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "schema": {
            "type": "object",
            "description": "One expert's receipt (draw-proof §11); the example leaves fields and salts out.",
            "required": ["format", "draw", "record", "salts", "pool", "outcome"],
        },
        "example": {
            "format": "qt/1 receipt",
            "draw": 6,
            "record": {"id": "e000123"},
            "salts": [_DIGEST],
            "pool": {"index": 17, "proof": [_DIGEST]},
            "outcome": {"kind": "out_of_scope"},
        },
    }
)
STAFF: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "ReplaceIn": {
            "seat": 0,
            "cause": "decline",
            "evidence": "2026-11-23 10:05 电话答复不能参加",
            "own_order": False,
        },
        "ReceiptIn": {"expert": "e000123"},
        "RosterOut": {
            "draw": _DRAW,
            "seats": [{"seat": 0, "stratum": "works", "site": "main", "expert": "e000123", "name": "虚安柏"}],
        },
        "RosterStateOut": {
            "draw": _DRAW,
            "version": 1,
            "sealed_at": "2026-11-23T09:00:00Z",
            "not_before": _BEGINS,
            "due": True,
            "stale": False,
            "tier": 2,
            "readable": True,
            "tiers": [{"tier": 2, "readers": ["committee", "site", "supervisor"]}],
            "openings": [{**_OPENED, "asked_at": _BEGINS}],
        },
        "OpeningIn": {"tier": 2, "reason": "开评，评标室启用 room start"},
        "OpeningOut": {"id": "rop_5d2f0c1b9a8e7d6c5b4a3921", "draw": _DRAW, **_OPENED},
        "OpenRosterOut": {
            "draw": _DRAW,
            "version": 1,
            "tier": 2,
            "seats": [
                {
                    "seat": 1,
                    "stratum": "works",
                    "site": "main",
                    "venue": "ste_0a1b2c3d4e5f60718293",
                    "name": "虚安柏",
                    "way": "drawn",
                }
            ],
        },
        "BegunOut": {
            "draw": _DRAW,
            "site": "city-centre",
            "zone": "draw-1",
            "terminal": "dtm_5f0c1d2e3a4b5c6d7e8f",
            "operator": "usr_0c1d2e3a4b5c6d7e8f90",
            "supervisor": "usr_1d2e3a4b5c6d7e8f9001",
            "begun_at": "2026-11-23T01:02:03Z",
            "digest": "7e" * 32,
            "statement": '{"format":"qt/1 draw-start"}',
            "signature": "A" * 86,
        },
        "ConductOut": {"draw": _DRAW, "counts": [{"act": "late", "count": 1}], "records": None},
        "CampaignIn": {"owner": "王工", "plan": _PLAN},
        "CampaignOut": _CAMPAIGN,
        "app__api__campaign_schemas__CountsOut": _COUNTS,
        "LadderIn": {"step": "widen_region", "reason": _REASON},
        "UnreachableIn": {"reason": "监督人失联两小时，电话与系统均无应答"},
        "PutOffIn": {"begins": "2026-11-24T02:00:00Z", "reason": "late", "words": None, "extend": False},
        "MoveIn": {"begins": "2026-11-24T03:00:00Z", "reason": "场地停电，推迟两小时", "sites": None},
        "VacateIn": {
            "cause": "conflict",
            "seat": 1,
            "note": "开标后新增投标人，与专家任职单位同属一集团",
        },
        "app__api__campaign_schemas__ReasonIn": {"reason": "项目取消"},
        "NoticesOut": {
            "items": [
                {
                    "change_id": "chg_5d2f0c1b9a8e7d6c5b4a",
                    "audience": "expert",
                    "channel": "sms",
                    "template": "reconfirm",
                    "state": "delivered",
                    "kind": "delivered",
                    "at": "2026-11-23T02:00:05Z",
                    "created_at": "2026-11-23T02:00:00Z",
                }
            ]
        },
        "CaseIn": {
            "reason": "phone-found-inside",
            "text": "席位发现手机，已当场收存",
            "seat": 2,
            "member": None,
            "alert": None,
            "node": None,
        },
        "CaseMadeOut": {**_CASE, "log_index": 231},
        "CaseList": {
            "items": [
                {**_CASE, "draw": _DRAW, "reason": "phone-found-inside", "steps": [_CASE_STEP]},
            ]
        },
        "PoolChangesPage": {
            "pool": "city",
            "version": 2,
            "root": _DIGEST,
            "size": 603,
            "frozen_at": "2026-11-20T01:00:00Z",
            "log_index": 5,
            "items": [
                {
                    "record": "07c878505c09e84e5b46460c1f3ed10ac5414b7e161954b55e4193f163ffaed3",
                    "kind": "changed",
                    "fields": ["region", "status"],
                    "at": "2026-11-20T01:00:00Z",
                }
            ],
            "next": None,
        },
        "OperationPage": {
            "items": [
                {
                    "number": 87,
                    "time": "2026-11-23T01:00:00Z",
                    "operator": "wang",
                    "address": "10.0.0.7",
                    "source": "api",
                    "action": "draw.request",
                    "target": _DRAW,
                }
            ],
            "next": None,
        },
    }
)
