"""The built pages as static files: `/` for the public, `/agency` for agencies, `/account` for
signing in, `/console` for operators and supervisors, `/i` for letters of experts, `/verifier.html` for
taking home.

Assets carry a hash in their name, travel compressed and may be kept for ever; pages are asked for anew each
time. The offline verifier has its own policy inside the file and is served as a download of one file.
"""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.api.edge import CONTENT_SECURITY_POLICY

PAGES: Final = {
    "/": "index.html",
    "/agency": "agency.html",
    "/agency.html": "agency.html",
    "/account": "account.html",
    "/console": "console.html",
    # Letters of experts: their secret stands in the fragment, which never comes here.
    "/i": "invitation.html",
    "/desk": "desk.html",
    "/seat": "seat.html",
    "/terminal": "terminal.html",
    "/wall": "wall.html",
    # A bidder: the call stands in the fragment.
    "/clarify": "clarify.html",
    "/playback": "playback.html",
    "/verifier.html": "verifier.html",
}
_KEEP: Final = "public, max-age=31536000, immutable"
# The one-file verifier has its script inside, pinned by the policy in its own head.
_OWN_POLICY: Final = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


class _Assets(StaticFiles):
    """Hashed assets, to be kept."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = _KEEP
        return response


def mount_pages(app: FastAPI, folder: Path) -> None:
    """Serve the pages of `folder`; a page that was not built is not there."""
    for path, name in PAGES.items():
        if (folder / name).is_file():
            _page(app, path, folder / name)
    for single in ("icon.svg",):
        if (folder / single).is_file():
            _page(app, f"/{single}", folder / single)
    if (folder / "assets").is_dir():
        app.mount("/assets", GZipMiddleware(_Assets(directory=folder / "assets")))


def _page(app: FastAPI, path: str, file: Path) -> None:
    headers = {"Cache-Control": "no-cache"}
    if file.name == "verifier.html":
        headers["Content-Security-Policy"] = _OWN_POLICY
    if file.name == "playback.html":
        # Recordings are put together in the browser, on a time line of their own.
        headers["Content-Security-Policy"] = f"{CONTENT_SECURITY_POLICY}; media-src blob:"

    async def page() -> FileResponse:
        return FileResponse(file, headers=headers)

    app.add_api_route(path, page, methods=["GET"], include_in_schema=False)
