"""What every route declares in the OpenAPI document: its problems, and the headers it asks for."""

from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request

from app.api.idempotent import key_of
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
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
        }
        for status in listed
    }
