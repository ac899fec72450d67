"""What every route declares in the OpenAPI document: its problems, and the headers it asks for."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request

from app.api.examples import AGENCY
from app.api.idempotent import key_of
from app.api.problem_texts import PROBLEMS
from app.api.problems import MEDIA_TYPE
from app.api.schemas import ProblemOut

_REASONS: Final = {
    400: "Malformed request",
    401: "No or wrong credentials",
    403: "Not allowed for this role, scope or mode",
    404: "Not there, or not for this caller",
    409: "The present state does not allow it",
    412: "The version named in If-Match is not the present one",
    413: "The body is too large",
    415: "The body is not application/json",
    422: "Understood and refused; every fault is listed",
    429: "Too many requests",
    503: "Try again later: a quorum or a party is missing",
}
# A refusal of each status, as it would be answered.
_SHOWN: Final = {
    400: "idempotency.missing",
    401: "access.missing",
    403: "access.role",
    404: "draw.unknown",
    409: "project.exists",
    412: "project.version-moved",
    413: "json.too-large",
    415: "body.media-type",
    429: "rate.limited",
    503: "log.quorum-missing",
}
IfMatch = Annotated[str | None, Header(alias="If-Match", description="ETag of the version to be replaced.")]


def _needs_key(
    request: Request,
    _key: Annotated[
        str | None, Header(alias="Idempotency-Key", description="Required: one effect per key.")
    ] = None,
) -> None:
    key_of(request)


# A dependency of every route that changes something: refused before anything else is looked at.
KEYED: Final = [Depends(_needs_key)]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these statuses, besides 400, 429 and 503."""
    listed = sorted({400, 429, 503, *statuses})
    return {
        status: {
            "description": _REASONS[status],
            "model": ProblemOut,
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/ProblemOut"},
                    "example": _example(status),
                }
            },
        }
        for status in listed
    }


def _example(status: int) -> Mapping[str, Any]:
    """A problem document of this status."""
    code = _SHOWN.get(status)
    if code is None:
        example: Mapping[str, Any] = AGENCY["ProblemOut"]
        return example
    text = PROBLEMS[code]
    return {
        "type": f"urn:qiantong:problem:{code}",
        "title": text.zh,
        "status": text.status,
        "code": code,
        "trace_id": "3be5ddc14f6e8de1",
        "retryable": text.retryable,
    }
