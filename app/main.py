"""The HTTP application: API `/v1`, public pages, problems, limits. Composed from an installation's parts;
starts nothing.

The OpenAPI document is at ``/openapi.json``. Pages are static files with hashed assets; without a build there
are no pages and the API is complete all the same.
"""

from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api import catalogue, disclosures, draw_orders, draws, problems, projects, public
from app.api.edge import Edge
from app.api.pages_static import mount_pages
from app.api.principals import RateLimiter
from app.api.public import PUBLIC_PATHS
from app.settings import Settings
from app.usecases.ceremony import Ceremony
from app.usecases.platform import Platform

STATIC: Final = Path(__file__).parent / "static"
API_VERSION: Final = "2026-11-21"
_DESCRIPTION: Final = (
    "评标专家抽取：登记项目、预览、申请、状态与证明。改变状态的 POST 须带 Idempotency-Key。 "
    "Verifiable drawing of evaluation experts: register, preview, request, status, proof."
)


def create_app(
    platform: Platform, ceremony: Ceremony, settings: Settings, *, static: Path | None = STATIC
) -> FastAPI:
    """The application over a composed platform. It closes nothing: whoever composed does."""
    app = FastAPI(
        title="签筒 Qiantong",
        version=API_VERSION,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.platform = platform
    app.state.ceremony = ceremony
    app.state.limiter = RateLimiter(callers=settings.caller_rate, public=settings.public_rate)
    problems.install(app)
    for router in (
        projects.import_router,
        projects.router,
        draw_orders.router,
        draws.router,
        disclosures.router,
        catalogue.router,
        public.router,
        public.health,
    ):
        app.include_router(router)
    if static is not None and (static / "index.html").is_file():
        mount_pages(app, static)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    app.add_middleware(Edge)
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 with the two ways to prove a caller."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        document["components"]["securitySchemes"] = {
            "apiKey": {"type": "http", "scheme": "bearer", "description": "qt_<mode>_<key id>_<secret>"},
            "messageSignature": {
                "type": "apiKey",
                "in": "header",
                "name": "Signature",
                "description": "RFC 9421, Ed25519, over @method @target-uri idempotency-key content-digest; "
                "created and nonce; window five minutes",
            },
        }
        for path, methods in document["paths"].items():
            if not path.startswith(PUBLIC_PATHS):
                for operation in methods.values():
                    operation["security"] = [{"apiKey": []}, {"messageSignature": []}]
        app.openapi_schema = document
    return app.openapi_schema
