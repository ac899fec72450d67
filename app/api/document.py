"""The OpenAPI document (3.1): what FastAPI finds, ways to prove a caller, refusals as they are, examples."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api.examples import AGENCY, BUNDLE, IMPORT
from app.api.examples_appointments import APPOINTMENTS
from app.api.examples_staff import POOL_FILE, RECEIPT, STAFF
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


EXAMPLES: Final[Mapping[str, Any]] = {**AGENCY, **STAFF, **APPOINTMENTS}
_JSON: Final = "application/json"
# Bytes without a model: what they are, and an example. FastAPI would drop the nulls of one given to a route.
_FILES: Final = {
    "getDrawProof": BUNDLE,
    "getProofByCode": BUNDLE,
    "getPoolFile": POOL_FILE,
    "getReceipt": RECEIPT,
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
        _add_examples(operation)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    for name, example in EXAMPLES.items():
        document["components"]["schemas"][name]["examples"] = [example]
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
    """FastAPI declares its own answer to malformed parameters; here that is a problem of status 400. Problems
    never come as plain JSON, as it has them as well.
    """
    for answer in responses.values():
        if MEDIA_TYPE in answer.get("content", {}):
            answer["content"].pop(_JSON, None)
    if MEDIA_TYPE not in responses.get("422", {}).get("content", {MEDIA_TYPE: None}):
        del responses["422"]


def _add_examples(operation: dict[str, Any]) -> None:
    """Show the example of a schema wherever a body is one of it; whoever has an own example keeps it."""
    if operation["operationId"] == "importProject":
        operation["requestBody"]["content"][_JSON]["example"] = dict(IMPORT)
    if operation["operationId"] in _FILES:
        operation["responses"]["200"]["content"][_JSON] = dict(_FILES[operation["operationId"]])
    answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    for one in (operation.get("requestBody", {}), *answers):
        body = one.get("content", {}).get(_JSON)
        if body is not None and "example" not in body:
            body.update(_examples(body.get("schema", {})))


def _examples(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The example of what a schema refers to, also as one of several choices; empty without one."""
    choices = [one.get("$ref", "").rsplit("/", 1)[-1] for one in (schema, *schema.get("anyOf", ()))]
    return next(({"example": EXAMPLES[name]} for name in choices if name in EXAMPLES), {})
