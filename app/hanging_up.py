"""What becomes of a request whose sender went away in the middle: no answer is due, and nothing crashed."""

from fastapi import Request, Response
from starlette.requests import ClientDisconnect

__all__ = ["ClientDisconnect", "nobody_there"]

# As the common servers log it: the client closed its request.
_STATUS = 499


async def nobody_there(_request: Request, _error: Exception) -> Response:
    """For `ClientDisconnect`; nobody reads it."""
    return Response(status_code=_STATUS)
