"""The OpenAPI document (3.1): what FastAPI finds, the ways to prove a caller, and refusals as they are."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api.open_routes import action_of, served
from app.api.problems import MEDIA_TYPE
from app.api.schemas import ImportIn

_SECURITY: Final = {
    "apiKey": {"type": "http", "scheme": "bearer", "description": "qt_<mode>_<key id>_<secret>"},
    "messageSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "Signature",
        "description": "RFC 9421, Ed25519, over @method @target-uri idempotency-key content-digest; "
        "created and nonce; window five minutes",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-qiantong",
        "description": "Given by signing in (`qiantong` without HTTPS); changes need X-Qiantong: 1 as well",
    },
}


def openapi(app: FastAPI) -> dict[str, Any]:
    """The document of this application, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _made(app)
    return app.openapi_schema


def _made(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    document["components"]["securitySchemes"] = _SECURITY
    _add_import_form(document["components"]["schemas"])
    guarded = {route.operation_id for route in served(app) if action_of(route)}
    for operation in _operations(document):
        if operation["operationId"] in guarded:
            operation["security"] = [{"apiKey": []}, {"messageSignature": []}, {"session": []}]
        _drop_foreign_refusal(operation["responses"])
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def _add_import_form(schemas: dict[str, Any]) -> None:
    """The import route reads its body itself, so FastAPI does not find this model."""
    form = ImportIn.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, schema in form.pop("$defs").items():
        schemas.setdefault(name, schema)
    schemas["ImportIn"] = form


def _drop_foreign_refusal(responses: dict[str, Any]) -> None:
    """FastAPI declares its own answer to malformed parameters; here that is a problem of status 400."""
    if MEDIA_TYPE not in responses.get("422", {}).get("content", {MEDIA_TYPE: None}):
        del responses["422"]
