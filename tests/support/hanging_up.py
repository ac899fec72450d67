"""A caller that is gone in the middle of its own request."""

from collections.abc import Iterator
from typing import Any

from starlette.types import ASGIApp, Message


async def hang_up(app: ASGIApp, path: str) -> list[int]:
    """POST the begin of a body and be gone; the statuses that nobody reads. Raises what the app raises."""
    told: Iterator[Message] = iter([{"type": "http.request", "body": b"{", "more_body": True}])
    statuses: list[int] = []

    async def receive() -> Message:
        return next(told, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [
            (b"host", b"api.test.example"),
            (b"origin", b"http://api.test.example"),
            (b"x-qiantong", b"1"),
            (b"content-type", b"application/json"),
            (b"content-length", b"100"),
        ],
        "client": ("203.0.113.5", 1),
        "server": ("api.test.example", 80),
    }
    await app(scope, receive, send)
    return statuses
