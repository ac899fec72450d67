"""From an error of any layer to an answer `application/problem+json` (RFC 9457), in the caller's language.

The one place that knows both domain codes and HTTP. Members beside those of the RFC: `code`, `errors` (code,
JSON pointer, text, source, figures), `figures`, `trace_id`, `retryable`. Texts are in
`app.api.problem_texts`; input values never appear.
"""

import re
import string
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.api.problem_rows import ProblemText
from app.api.problem_texts import FAULTS, PROBLEMS
from app.errors import (
    AccessRefusedError,
    AppError,
    ConflictError,
    Fault,
    InputRefusedError,
    LogCorruptError,
    NotFoundError,
    QuorumMissingError,
    WriteConflictError,
)
from app.hanging_up import ClientDisconnect, nobody_there
from crypto.errors import CryptoError
from draw.errors import DrawError

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = "5"
MAX_FAULTS: Final = 1_000
LOG: Final = structlog.get_logger("qiantong.api")
# For codes without a row of their own: the first class that fits.
_BY_CLASS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (InputRefusedError, "request.invalid"),
    (NotFoundError, "route.unknown"),
    (WriteConflictError, "store.write-conflict"),
    (ConflictError, "draw.state"),
    (AccessRefusedError, "access.role"),
    (QuorumMissingError, "log.quorum-missing"),
    (LogCorruptError, "log.corrupt"),
)
_BY_STATUS: Final = {404: "route.unknown", 405: "route.method", 413: "json.too-large", 415: "body.media-type"}
_PYDANTIC: Final = {
    "missing": "schema.missing",
    "extra_forbidden": "schema.unknown",
    "literal_error": "schema.choice",
    "string_pattern_mismatch": "schema.format",
    "no_moment": "schema.format",
    "too_long": "schema.length",
    "too_short": "schema.length",
    "string_too_long": "schema.length",
    "string_too_short": "schema.length",
    "greater_than_equal": "schema.range",
    "less_than_equal": "schema.range",
}
_SHOWN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class ProblemError(AppError):
    """A refusal by the HTTP edge itself: code and figures, like every other."""


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""
    app.add_exception_handler(AppError, _on_domain_error)
    app.add_exception_handler(DrawError, _on_domain_error)
    app.add_exception_handler(CryptoError, _on_domain_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(ClientDisconnect, nobody_there)
    app.add_exception_handler(Exception, _on_crash)


def language(request: Request) -> str:
    """`zh` or `en`: the first of the two that Accept-Language prefers, Chinese without one."""
    best, best_q = "zh", -1.0
    for part in request.headers.get("accept-language", "")[:256].split(","):
        tag, _, weight = part.partition(";q=")
        primary = tag.strip().lower().split("-")[0]
        try:
            q = float(weight) if weight else 1.0
        except ValueError:
            continue
        if primary in ("zh", "en") and q > best_q:
            best, best_q = primary, q
    return best


def response(
    request: Request,
    code: str,
    text: ProblemText,
    *,
    figures: Mapping[str, object],
    faults: Iterable[Fault] = (),
) -> JSONResponse:
    """One problem document."""
    words = language(request)
    listed = [fault_json(one, words) for one in islice(faults, MAX_FAULTS)]
    sentence = text.zh if words == "zh" else text.en
    content: dict[str, Any] = {
        "type": f"urn:qiantong:problem:{code}",
        "title": _filled(sentence, figures),
        "status": text.status,
        "code": code,
        "trace_id": getattr(request.state, "trace_id", ""),
        "retryable": text.retryable,
    }
    named = _named(text.en, figures)
    if named:
        content["figures"] = named
    if listed:
        content["errors"] = listed
    headers = {"Content-Language": words, "Cache-Control": "no-store"}
    if text.retryable and text.status in (429, 503):
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    if text.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(content, status_code=text.status, media_type=MEDIA_TYPE, headers=headers)


def fault_json(fault: Fault, words: str) -> dict[str, Any]:
    """One fault or alarm as the API shows it."""
    zh, en = FAULTS.get(fault.code, ("", ""))
    sentence = (fault.zh or zh) if words == "zh" else (fault.en or en)
    shown: dict[str, Any] = {
        "code": fault.code,
        "pointer": fault.pointer,
        "detail": _filled(sentence, fault.figures) or fault.code,
    }
    if fault.within:
        shown["project_pointer"] = fault.within
    if fault.figures:
        shown["figures"] = {name: _plain(value) for name, value in fault.figures.items()}
    if fault.basis:
        shown["basis"] = fault.basis
    if fault.alarm:
        shown["alarm"] = True
    return shown


def row_of(error: Exception) -> tuple[str, ProblemText]:
    """Code and row of an error; codes of the canonical parser are shown as ``json.…``."""
    code = str(getattr(error, "code", "internal"))
    if code.startswith("canonical."):
        code = _canonical_code(code.removeprefix("canonical."))
    if code in PROBLEMS:
        return code, PROBLEMS[code]
    for kind, stand_in in _BY_CLASS:
        if isinstance(error, kind):
            return code, PROBLEMS[stand_in]
    return "internal", PROBLEMS["internal"]


def fault_of_pydantic(found: Mapping[str, Any], prefix: str | None = None) -> Fault:
    """A fault from pydantic's, without the input. With `prefix` the location is below that pointer."""
    location = tuple(found["loc"])
    pointer = _pointer(location) if prefix is None else prefix + _pointer(("body", *location))
    return Fault(code=_PYDANTIC.get(found["type"], "schema.type"), pointer=pointer)


def _canonical_code(reason: str) -> str:
    named = {"too-large", "too-deep", "duplicate-key", "number"}
    if reason in named:
        return f"json.{reason}"
    return "json.encoding" if reason in ("utf8", "bom", "surrogate") else "json.syntax"


async def _on_domain_error(request: Request, error: Exception) -> JSONResponse:
    code, text = row_of(error)
    figures = getattr(error, "details", {})
    if text.status >= 500:
        LOG.error("problem", code=str(getattr(error, "code", "")), kind=type(error).__name__)
    faults = error.faults if isinstance(error, InputRefusedError) else ()
    return response(request, code, text, figures=figures, faults=faults)


async def _on_validation_error(request: Request, error: Exception) -> JSONResponse:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    faults = [fault_of_pydantic(one) for one in found[:MAX_FAULTS]]
    return response(request, "request.invalid", PROBLEMS["request.invalid"], figures={}, faults=faults)


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = _BY_STATUS.get(status, "request.invalid" if status < 500 else "internal")
    return response(request, code, PROBLEMS[code], figures={})


async def _on_crash(request: Request, error: Exception) -> JSONResponse:
    # The text of an unforeseen exception may hold input: only its type goes to the log.
    LOG.error("crash", kind=type(error).__name__)
    return response(request, "internal", PROBLEMS["internal"], figures={})


def _pointer(location: tuple[int | str, ...]) -> str:
    """JSON pointer of a pydantic location; a key that does not look like one of ours is shown as ``*``."""
    where, *path = location
    parts = [str(part) if _SHOWN.fullmatch(str(part)) else "*" for part in path]
    return "".join(f"/{part}" for part in parts) if where == "body" else f"#{'/'.join([str(where), *parts])}"


def _filled(sentence: str, figures: Mapping[str, object]) -> str:
    try:
        return sentence.format(**figures)
    except (KeyError, IndexError):
        return sentence


def _named(sentence: str, figures: Mapping[str, object]) -> dict[str, int | str]:
    """The figures that the sentence names: nothing else that an error carries is shown."""
    fields = {field for _, field, _, _ in string.Formatter().parse(sentence) if field}
    return {name: _plain(figures[name]) for name in sorted(fields) if name in figures}


def _plain(value: object) -> int | str:
    return value if isinstance(value, int | str) else str(value)
