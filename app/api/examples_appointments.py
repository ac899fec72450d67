"""Whole examples of appointments for the OpenAPI document, by the name of their schema. They are nobody's."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from crypto.canonical import JsonValue, canonical
from draw.appointment import document_digest

_DRAW: Final = "drw_5f0c1d2e3a4b5c6d7e8f"
_DIGEST: Final = "ec432623b8ec1def9c57f0d87a2c7efa9c12b839404886389058ca6c53631cf7"
_REASON: Final[dict[str, JsonValue]] = {
    "code": "short_pool",
    "zh": "专家库相关专业合格专家已全部联系",
    "en": "Every eligible expert of the specialty was asked",
}
_FILE: Final[dict[str, JsonValue]] = {"sha256": _DIGEST, "size": 48213, "name": "批复.pdf"}
_PARAMETERS: Final[dict[str, JsonValue]] = {
    "rule": "uniform/1",
    "committee": {"experts": 1, "seated": 4, "owners": 0},
    "strata": [{"id": "works", "prefixes": ["A"], "seats": 1}],
    "sites": [{"id": "main", "regions": ["35"], "min": 1, "max": 1}],
    "cap": 1,
}
_TEXT: Final = canonical(
    {
        "format": "qt/1 appointment",
        "section": _DIGEST,
        "way": "self_selected",
        "fills": 57,
        "reason": _REASON,
        "approval": _FILE,
        "rules": _DIGEST,
        "parameters": _PARAMETERS,
        "outside": 0,
        "people": _DIGEST,
        "proposed_at": "2026-11-23T01:00:00Z",
    }
).decode("utf-8")
_APPOINTMENT: Final[Mapping[str, Any]] = {
    "id": "apt_0a1b2c3d4e5f60718293",
    "project": "works-2026-017",
    "section": "s1",
    "way": "self_selected",
    "drawn": False,
    "state": "proposed",
    "fills": _DRAW,
    "draw": None,
    "reason": _REASON,
    "approval": _FILE,
    "seats": 1,
    "outside": 0,
    "strata": [{"id": "works", "seats": 1}],
    "document": document_digest(_TEXT.encode("utf-8")),
    "document_text": _TEXT,
    "proposed_by": "wang",
    "proposer": "operator",
    "decided_by": None,
    "decided_at": None,
    "decision": None,
    "log_index": None,
    "created_at": "2026-11-23T01:00:00Z",
}
APPOINTMENTS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "AppointmentIn": {
            "project": "works-2026-017",
            "section": "s1",
            "way": "self_selected",
            "reason": _REASON,
            "approval": _FILE,
            "pool": "city",
            "people": [{"stratum": "works", "site": "main", "expert": "e000123"}],
        },
        "AppointmentOut": _APPOINTMENT,
        "AppointmentsOut": {"items": [_APPOINTMENT]},
        "SeenIn": {"document": _APPOINTMENT["document"]},
        "RefusalIn": {"reason": "批复文件与申请不符"},
        "SelfSelectionOut": {"parameters": _PARAMETERS, "pool": "city"},
        "BesidesOut": {
            "draw": _DRAW,
            "items": [
                {
                    "way": "self_selected",
                    "reason": "short_pool",
                    "seats": 1,
                    "outside": 0,
                    "approval": _DIGEST,
                    "document": _DIGEST,
                    "log_index": 231,
                    "approved_at": "2026-11-23T02:00:00Z",
                    "names": None,
                }
            ],
        },
    }
)
