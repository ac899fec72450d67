"""The HTTP face of a party node: draw duties for the platform, `/add-checkpoint` for the log.

Every duty is a POST with a JSON body of at most 4 MiB, signed by the pinned platform key (RFC 9421);
answers repeat for repeated requests. Refusals are problem+json (RFC 9457) in Chinese and English. The node
logs codes and draw numbers, never bodies.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from app.errors import AccessRefusedError
from app.gateways.message_signatures import HttpMessage, claimed_key_id, verify
from app.hanging_up import ClientDisconnect, nobody_there
from app.parties import appointments, custody, duties, registration, roster_custody, supervision
from app.parties.cosigning import MAX_REQUEST_BYTES, CheckpointCosigner, CosigningRefusalError, OtherSizeError
from app.parties.errors import TEXTS, NodeRefusalError
from app.parties.evidence import Json
from app.parties.node import Node
from crypto.canonical import parse
from crypto.errors import CryptoError
from draw.entries import Entry, Signature, to_json

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
MAX_DEPTH: Final = 32
# Longer than the platform waits for an answer.
BODY_SECONDS: Final = 30.0
Duty = Callable[[Node, int, Json], Entry | Signature | bytes]

# (path below /draws/{k}, roles that have it) → duty.
DUTIES: Final[dict[str, tuple[tuple[str, ...], Duty]]] = {
    "commitment": (duties.HOLDERS, duties.commit),
    "seal": (duties.HOLDERS, duties.sign_seal),
    "escrow": (duties.HOLDERS, duties.escrow),
    "reveal": (duties.HOLDERS, duties.reveal),
    "escrow-receipt": (("cosigner",), custody.receive_escrow),
    "escrow-open": (("cosigner",), custody.open_escrow),
    "opening": (("supervisor",), supervision.countersign_opening),
    "roster-share": (duties.HOLDERS, roster_custody.release),
}


def create_node_app(node: Node) -> FastAPI:
    """The node's application. Holds no state but the node."""
    app = FastAPI(title="Qiantong party node", openapi_url=None, docs_url=None, redoc_url=None)
    app.add_exception_handler(NodeRefusalError, _refusal)
    app.add_exception_handler(ClientDisconnect, nobody_there)

    @app.get("/identity")
    async def identity() -> dict[str, str | None]:
        return node.keys.identity()

    @app.post("/custody-key")
    async def custody_key(request: Request) -> dict[str, str]:
        await _signed_body(node, request)
        _require_role(node, duties.HOLDERS)
        return roster_custody.custody_key(node)

    @app.post("/registration")
    async def register(request: Request) -> Response:
        body = await _signed_body(node, request)
        return _answer(await asyncio.to_thread(registration.register, node, body))

    @app.post("/appointments")
    async def sign_appointment(request: Request) -> Response:
        body = await _signed_body(node, request)
        _require_role(node, ("supervisor",))
        return _answer(await asyncio.to_thread(appointments.sign_appointment, node, body))

    @app.post("/draws/{k}/answers/{t}")
    async def answer(k: int, t: int, request: Request) -> Response:
        body = await _signed_body(node, request)
        _require_role(node, ("supervisor",))
        return _answer(await asyncio.to_thread(supervision.answer, node, k, t, body))

    @app.post("/draws/{k}/{duty}")
    async def perform(k: int, duty: str, request: Request) -> Response:
        body = await _signed_body(node, request)
        roles, work = DUTIES.get(duty, ((), duties.commit))
        _require_role(node, roles)
        return _answer(await asyncio.to_thread(work, node, k, body))

    if node.keys.role in ("supervisor", "cosigner"):
        app.post("/add-checkpoint")(_cosigning_endpoint(node))
    return app


def _cosigning_endpoint(node: Node) -> Callable[[Request], Awaitable[Response]]:
    cosigner = CheckpointCosigner(
        book=node.book,
        name=node.keys.name,
        key=node.keys.signing,
        origin=node.trust.origin,
        log_public=node.trust.log_public,
    )

    async def add_checkpoint(request: Request) -> Response:
        try:
            body = await _limited(request, MAX_REQUEST_BYTES + 1)
        except TimeoutError:
            return PlainTextResponse("the body did not come in time\n", status_code=408)
        try:
            line = await asyncio.to_thread(cosigner.add_checkpoint, body, now=int(node.clock().timestamp()))
        except OtherSizeError as conflict:
            return PlainTextResponse(f"{conflict.size}\n", status_code=409, media_type="text/x.tlog.size")
        except CosigningRefusalError as refusal:
            return PlainTextResponse(f"{refusal}\n", status_code=refusal.status)
        return PlainTextResponse(line)

    return add_checkpoint


async def _signed_body(node: Node, request: Request) -> Json:
    public = node.trust.log_public
    body = await _body_claimed_by(public.hex(), request)
    if len(body) > MAX_BODY_BYTES:
        raise NodeRefusalError("malformed", "the body is larger than 4 MiB")
    try:
        message = HttpMessage(method=request.method, url=str(request.url), headers=dict(request.headers))
        verify(message, body, key_id=public.hex(), public=public, now=node.clock())
        value = parse(body, max_bytes=MAX_BODY_BYTES, max_depth=MAX_DEPTH)
    except AccessRefusedError as error:
        raise NodeRefusalError("unauthorised") from error
    except CryptoError as error:
        raise NodeRefusalError("malformed", "the body is not strict JSON") from error
    if not isinstance(value, dict):
        raise NodeRefusalError("malformed", "the body is not an object")
    return value


async def _body_claimed_by(key_id: str, request: Request) -> bytes:
    """The body of a request that at least says it is the platform's; nobody else's is read."""
    try:
        if claimed_key_id(request.headers) != key_id:
            raise NodeRefusalError("unauthorised")
        return await _limited(request, MAX_BODY_BYTES + 1)
    except AccessRefusedError as error:
        raise NodeRefusalError("unauthorised") from error
    except TimeoutError as error:
        raise NodeRefusalError("malformed", "the body did not come in time") from error


async def _limited(request: Request, limit: int) -> bytes:
    received = bytearray()
    async with asyncio.timeout(BODY_SECONDS):
        async for chunk in request.stream():
            received += chunk
            if len(received) >= limit:
                break
    return bytes(received)


def _require_role(node: Node, roles: tuple[str, ...]) -> None:
    if node.keys.role not in roles:
        raise NodeRefusalError("wrong_role")


def _answer(result: Entry | Signature | bytes) -> JSONResponse:
    if isinstance(result, bytes):
        return JSONResponse({"sealed": result.hex()})
    if isinstance(result, Signature):
        line = {"role": result.role, "key": result.key.hex(), "signature": result.signature.hex()}
        return JSONResponse({"signature": line})
    return JSONResponse({"entry": to_json(result)})


async def _refusal(_request: Request, error: Exception) -> JSONResponse:
    code = error.code if isinstance(error, NodeRefusalError) else "malformed"
    status, chinese, english = TEXTS[code]
    problem: dict[str, Any] = {
        "type": f"urn:qiantong:node:{code}",
        "title": english,
        "title_zh": chinese,
        "status": status,
        "code": f"node.{code}",
        "detail": getattr(error, "detail", ""),
    }
    return JSONResponse(problem, status_code=status, media_type="application/problem+json")
