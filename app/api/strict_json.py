"""Request bodies read strictly: bounded, `application/json`, no duplicate keys, no fractions, bounded depth.

`StrictRoute` puts this before FastAPI's own parsing, so that pydantic models see only what the canonical
parser let through.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.api.problems import ProblemError
from crypto.canonical import parse

MAX_BODY_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 32
_CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class StrictRequest(Request):
    """A request whose JSON passes the canonical parser, whatever reads it."""

    async def json(self) -> Any:
        """The body as values. Raises CanonicalError, ProblemError ``body.media-type``."""
        if not hasattr(self, "_strict"):
            self._strict = parse(await self.body(), max_bytes=MAX_BODY_BYTES, max_depth=MAX_DEPTH)
        return self._strict


class StrictRoute(APIRoute):
    """A route that reads its body strictly before anything else happens."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler behind the strict reading."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            request = StrictRequest(request.scope, request.receive)
            if request.method in _CHANGING and await request.body():
                require_json(request)
                await request.json()
            return await handler(request)

        return strict


def require_json(request: Request) -> None:
    """Raise ProblemError ``body.media-type`` unless the body says it is JSON."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json":
        raise ProblemError("body.media-type")
