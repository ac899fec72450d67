"""The HTTP application: API `/v1`, public pages, problems, limits. Composed from an installation's parts;
starts nothing.

The OpenAPI document is at ``/openapi.json``. Pages are static files with hashed assets; without a build there
are no pages and the API is complete all the same.
"""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from app.api import (
    appointments,
    bookings,
    campaigns,
    cases,
    catalogue,
    conduct,
    credentials,
    desk,
    desk_watch,
    devices,
    disclosures,
    draw_orders,
    draw_terminals,
    draws,
    enrolments,
    gateway_signal,
    gateways,
    letter_passkeys,
    letters,
    preservation,
    problems,
    project_owners,
    projects,
    public,
    records,
    relay,
    room_acts,
    room_recordings,
    room_signal,
    rooms,
    rosters,
    seats,
    sessions,
    site_gateways,
    users,
    venues,
)
from app.api.document import openapi
from app.api.edge import Edge
from app.api.pages_static import mount_pages
from app.api.principals import RateLimiter
from app.gateways.devices import DeviceCommands, NoDevices
from app.gateways.messages import RegisteredGateway
from app.gateways.room_engines import recordings_in
from app.room_composition import make_hall
from app.settings import Settings
from app.usecases.arrival.desk import Desk
from app.usecases.ceremony import Ceremony
from app.usecases.delivery.work import WorkContext
from app.usecases.people.entrance import Entrance
from app.usecases.platform import Platform
from app.usecases.room.hall import Hall

STATIC: Final = Path(__file__).parent / "static"
API_VERSION: Final = "2026-11-21"
_DESCRIPTION: Final = (
    "评标专家抽取：登记项目、预览、申请、状态与证明。改变状态的 POST 须带 Idempotency-Key。 "
    "Verifiable drawing of evaluation experts: register, preview, request, status, proof."
)

# In the order in which they are asked whether a path is theirs.
_ROUTERS: Final = (
    projects.import_router,
    projects.router,
    project_owners.router,
    records.router,
    draw_orders.router,
    draws.router,
    draw_terminals.router,
    disclosures.router,
    sessions.router,
    credentials.router,
    enrolments.router,
    users.router,
    rosters.router,
    conduct.router,
    campaigns.router,
    appointments.router,
    appointments.public,
    letters.router,
    letter_passkeys.router,
    venues.router,
    bookings.router,
    relay.router,
    desk.router,
    desk_watch.router,
    devices.router,
    # Before the seats: their paths name a seat where this one says `current`.
    rooms.router,
    room_acts.router,
    room_recordings.router,
    preservation.router,
    cases.router,
    room_signal.router,
    gateway_signal.router,
    site_gateways.router,
    seats.router,
    rosters.public,
    gateways.router,
    catalogue.router,
    public.router,
    public.health,
)


def create_app(
    platform: Platform,
    ceremony: Ceremony,
    settings: Settings,
    *,
    static: Path | None = STATIC,
    reporters: Mapping[str, RegisteredGateway] = MappingProxyType({}),
    wake: Callable[[], None] = lambda: None,
    commands: DeviceCommands | None = None,
    hall: Hall | None = None,
) -> FastAPI:
    """The application over a composed platform. It closes nothing: whoever composed does.

    `reporters` are the gateways that may report, by name; `wake` tells the worker beside it of new work;
    `commands` reach gates and lockers, and without them none can be reached; `hall` leads evaluation rooms.
    """
    app = FastAPI(
        routes=list(_routes()),
        title="签筒 Qiantong",
        version=API_VERSION,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.platform = platform
    app.state.ceremony = ceremony
    app.state.gateways = reporters
    app.state.wake = wake
    app.state.work = WorkContext(
        platform=platform,
        ceremony=ceremony,
        public_url=settings.public_url,
        recordings=recordings_in(settings.rooms),
    )
    app.state.limiter = RateLimiter(
        callers=settings.caller_rate, public=settings.public_rate, sign_ins=settings.sign_in_rate
    )
    app.state.desk = Desk(
        platform=platform, commands=commands or NoDevices(), origin=settings.public_url.rstrip("/")
    )
    app.state.hall = hall or make_hall(platform, settings)
    app.state.entrance = Entrance(platform=platform, public_url=settings.public_url)
    problems.install(app)
    if static is not None and (static / "index.html").is_file():
        mount_pages(app, static)
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign]
    app.add_middleware(Edge)
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """The API's routes, for every application of this process. The first request that looks for one resolves
    all, which takes a third of a second.
    """
    every = APIRouter()
    for router in _ROUTERS:
        every.include_router(router)
    return tuple(every.routes)
