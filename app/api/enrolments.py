"""`/v1/enrolments`: the first sign-in of a new or reset account, with the token that was handed over."""

from dataclasses import asdict
from typing import Any, Final

import segno
from fastapi import APIRouter, Request, Response

from app.api.cookies import entrance_of
from app.api.declared import problems
from app.api.people_schemas import EnrolIn, EnrolmentIn, OfferOut
from app.api.principals import PlatformDep, address_of
from app.api.sessions import OUTSIDE
from app.api.strict_json import StrictRoute
from app.usecases.people import enrolments

router = APIRouter(prefix="/v1", tags=["sessions"], route_class=StrictRoute, dependencies=OUTSIDE)
_UNKEPT: Final = {"Cache-Control": "no-store"}


@router.post(
    "/enrolments/options",
    operation_id="startEnrolment",
    response_model=OfferOut,
    responses=problems(403, 413, 415),
)
async def post_options(response: Response, platform: PlatformDep, asked: EnrolmentIn) -> dict[str, Any]:
    """A second factor to set up; asking again gives another and voids this one."""
    response.headers.update(_UNKEPT)
    made = await enrolments.offer(platform, asked.token)
    picture = segno.make(made.address, error="m").svg_data_uri(scale=4, border=4, light="#fff")
    return asdict(made) | {"picture": picture}


@router.post(
    "/enrolments", status_code=204, operation_id="finishEnrolment", responses=problems(403, 413, 415, 422)
)
async def post_enrolment(request: Request, platform: PlatformDep, asked: EnrolIn) -> Response:
    """Choose the password and confirm the second factor; then sign in."""
    await enrolments.enrol(
        platform,
        entrance_of(request).passwords,
        token=asked.token,
        password=asked.password,
        code=asked.code,
        address=address_of(request),
    )
    return Response(status_code=204, headers=_UNKEPT)
