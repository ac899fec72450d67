"""What surrounds every request: trace id, size limit, security headers, and an access log without personal
data.

The access log has method, route, status, duration and trace id: no query string, no body, no header, no
address. Pure ASGI, so that streaming and errors pass through unchanged.
"""

import secrets
import time
from collections.abc import MutableMapping
from typing import Any, Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.gateways.ocds import MAX_PACKAGE_BYTES

LOG: Final = structlog.get_logger("qiantong.access")
MAX_BODY_BYTES: Final = MAX_PACKAGE_BYTES + 64 * 1024
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
HEADERS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "max-age=31536000",
}
# Pages on which a person is seen and heard; nowhere else may a script ask for a camera.
FILMING_PAGES: Final = frozenset({"/seat", "/wall", "/clarify"})
_NO_FILMING: Final = "camera=(), microphone=(), geolocation=()"
_FILMING: Final = "camera=(self), microphone=(self), geolocation=()"
_REFUSAL: Final = (
    b'{"type":"urn:qiantong:problem:body.too-large","title":"\xe8\xaf\xb7\xe6\xb1\x82\xe4\xbd\x93\xe8\xbf\x87\xe5\xa4\xa7'
    b' / The body is too large","status":413,"code":"body.too-large","retryable":false}'
)


class Edge:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send)
        await exchange.serve(self._app)


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._trace_id = secrets.token_hex(8)
        self._status = 0
        self._received = 0
        self._refused = False

    async def serve(self, app: ASGIApp) -> None:
        state: MutableMapping[str, Any] = self._scope.setdefault("state", {})
        state["trace_id"] = self._trace_id
        structlog.contextvars.bind_contextvars(trace_id=self._trace_id)
        began = time.perf_counter()
        try:
            await app(self._scope, self._limited, self._answer)
        except _TooLargeError:
            await self._refuse()
        finally:
            route = self._scope.get("route")
            LOG.info(
                "request",
                method=self._scope["method"],
                route=getattr(route, "path", "-"),
                status=self._status,
                ms=round((time.perf_counter() - began) * 1000),
            )
            structlog.contextvars.unbind_contextvars("trace_id")

    async def _limited(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > MAX_BODY_BYTES:
            raise _TooLargeError
        return message

    async def _answer(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            present = {name.lower() for name, _ in message["headers"]}
            filming = _FILMING if self._scope["path"] in FILMING_PAGES else _NO_FILMING
            extra = HEADERS | {"permissions-policy": filming, "x-trace-id": self._trace_id}
            added = [
                (n.encode("ascii"), v.encode("ascii"))
                for n, v in extra.items()
                if n.encode("ascii") not in present
            ]
            message = {**message, "headers": [*message["headers"], *added]}
        await self._send(message)

    async def _refuse(self) -> None:
        if self._status:
            return
        headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
        await self._answer({"type": "http.response.start", "status": 413, "headers": headers})
        await self._send({"type": "http.response.body", "body": _REFUSAL})


class _TooLargeError(Exception):
    """More bytes than any route takes."""
