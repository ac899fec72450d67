"""Routes that ask for no account, each with its reason; every other route names its action in the matrix.

A route with neither is a hole: the tests walk all of them and name it.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts

_PUBLIC: Final = "everybody may check: the log, its proofs and the figures are public"
_RULES: Final = "rules and specialty names are law and standards, the same for everybody"
_HEALTH: Final = "tells only whether the process answers and reaches its store"
_SIGN_IN: Final = "whoever asks is not known yet; a low rate, own pages only, one answer for every failure"
_GATEWAY: Final = "the report carries the gateway's own signature"
_LETTER: Final = "the secret of the letter is the credential"
_SEATED: Final = "the person at a seat bears the seat's own login, of which accounts know nothing"
_DEVICE: Final = "the device's or seat's own key signs"
OPEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "GET /openapi.json": "the form of the interface, without data",
        "GET /healthz": _HEALTH,
        "GET /readyz": _HEALTH,
        "GET /v1/proofs/{code}": _PUBLIC,
        "GET /v1/proofs/{code}/appointments": "whoever reads a proof is told who was not drawn",
        "GET /v1/proofs/{code}/roster": "government procurement publishes names with the result, only then",
        "GET /v1/log/checkpoint": _PUBLIC,
        "GET /v1/log/entries": _PUBLIC,
        "GET /v1/log/inclusion": _PUBLIC,
        "GET /v1/log/consistency": _PUBLIC,
        "GET /v1/trust": _PUBLIC,
        "GET /v1/stats": _PUBLIC,
        "GET /v1/packs/{base}": _RULES,
        "GET /v1/specialties": _RULES,
        "POST /v1/sessions": _SIGN_IN,
        "POST /v1/sessions/passkey/options": _SIGN_IN,
        "POST /v1/sessions/passkey/verify": _SIGN_IN,
        "POST /v1/enrolments/options": _SIGN_IN,
        "POST /v1/enrolments": _SIGN_IN,
        "POST /v1/gateways/{name}/reports": _GATEWAY,
        "GET /v1/letters/{letter_id}": _LETTER,
        "POST /v1/letters/{letter_id}/code": _LETTER,
        "POST /v1/letters/{letter_id}/replies": _LETTER,
        "GET /v1/letters/{letter_id}/receipt": _LETTER,
        "POST /v1/letters/{letter_id}/sessions": _LETTER,
        "POST /v1/letters/{letter_id}/sessions/passkey/options": _LETTER,
        "POST /v1/letters/{letter_id}/sessions/passkey": _LETTER,
        "GET /v1/letters/{letter_id}/passkeys": _LETTER,
        "POST /v1/letters/{letter_id}/passkeys/options": _LETTER,
        "POST /v1/letters/{letter_id}/passkeys": _LETTER,
        "DELETE /v1/letters/{letter_id}/passkeys/{passkey_id}": _LETTER,
        "POST /v1/devices/{device_id}/events": _DEVICE,
        "POST /v1/seats/{seat_id}/challenges": _DEVICE,
        "POST /v1/seats/{seat_id}/logins": _DEVICE,
        "GET /v1/seats/current": _SEATED,
        "GET /v1/seats/current/room": _SEATED,
        "POST /v1/seats/current/equipment": _SEATED,
        "DELETE /v1/seats/current": _SEATED,
        "POST /v1/seats/current/recusal": _SEATED,
    }
)


def served(app: FastAPI) -> Iterator[RouteContext]:
    """Every route of the application, those of included routers too."""
    return iter_route_contexts(app.routes)


def action_of(route: RouteContext) -> str | None:
    """The action that a route takes, wherever among its dependencies it is named; None for an open route."""
    waiting = [one for one in (getattr(route, "dependant", None),) if one is not None]
    while waiting:
        one = waiting.pop()
        action = getattr(one.call, "action", None)
        if isinstance(action, str):
            return action
        waiting.extend(one.dependencies)
    return None
