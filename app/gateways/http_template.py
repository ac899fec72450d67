"""One HTTP request per message, in the form a provider wants, and its answer read as the port wants it.

Request: a tree of JSON values in which strings may hold ``{id}``, ``{to}``, ``{text}`` and so on; a value is
put in after the tree was parsed, so that no text can break out of its place. A string that is nothing but one
place takes the value as it is, numbers and objects included. Answer: the value at a JSON pointer is looked up
in the provider's own words; else the status decides. Providers that want a computed signature are not served.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from app.gateways.answers import UnreachableError, UnusableError, answer
from app.gateways.messages import TIMEOUT_SECONDS, GatewayPermanentError, GatewayTemporaryError, Outcome
from crypto.canonical import JsonValue, canonical, parse
from crypto.errors import CryptoError

MAX_ANSWER_BYTES: Final = 64 * 1024
_PLACE: Final = re.compile(r"\{([a-z_]+)\}")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,5}")
_TAKEN: Final[Mapping[str, Outcome]] = {"accepted": "accepted", "delivered": "delivered"}
_SUCCESS: Final = range(200, 300)
# Not the message's fault: a secret that was changed, a limit, a server in trouble.
_TEMPORARY: Final = frozenset({401, 403, 404, 405, 407, 408, 409, 421, 423, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpForm:
    """How one provider is spoken to. `words` are the provider's values at `pointer`, by what they mean."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any]
    pointer: str = ""
    words: Mapping[str, Sequence[JsonValue]] = field(default_factory=dict)
    secret: str = field(default="", repr=False)


async def post(client: httpx.AsyncClient, form: HttpForm, values: Mapping[str, Any]) -> Outcome:
    """Hand one message over. Raises as `app.gateways.messages.Gateway.send` does."""
    known = {**values, "secret": form.secret}
    headers = {name: str(_filled(text, known)) for name, text in form.headers.items()}
    content = canonical(_filled(form.body, known))
    try:
        status, received = await answer(
            client,
            "POST",
            form.url,
            limit=MAX_ANSWER_BYTES,
            seconds=TIMEOUT_SECONDS,
            content=content,
            headers={"content-type": "application/json", **headers},
        )
    except UnreachableError as error:
        raise GatewayTemporaryError("gateway.unreachable") from error
    except UnusableError as error:
        raise GatewayTemporaryError("gateway.malformed") from error
    return _read(form, status, received)


def places(tree: Any) -> set[str]:
    """The names of all places in a request's tree."""
    if isinstance(tree, str):
        return set(_PLACE.findall(tree))
    if isinstance(tree, Mapping):
        return {name for value in tree.values() for name in places(value)}
    return {name for value in tree for name in places(value)} if isinstance(tree, list) else set()


def _read(form: HttpForm, status: int, received: bytes) -> Outcome:
    meaning = _meaning(form, received)
    if meaning in _TAKEN:
        return _TAKEN[meaning]
    if meaning in {"invalid_number", "refused"}:
        raise GatewayPermanentError(f"gateway.{meaning.replace('_', '-')}")
    if meaning == "busy" or (status in _SUCCESS and form.pointer):
        raise GatewayTemporaryError("gateway.busy" if meaning else "gateway.malformed")
    if status in _SUCCESS:
        return "accepted"
    if status in _TEMPORARY or status >= 500 or status < 400:
        raise GatewayTemporaryError("gateway.busy")
    raise GatewayPermanentError("gateway.refused")


def _meaning(form: HttpForm, received: bytes) -> str:
    """What the provider's word means, or the empty text."""
    if not form.pointer:
        return ""
    try:
        value: Any = parse(received, max_bytes=MAX_ANSWER_BYTES)
    except CryptoError:
        return ""
    for part in form.pointer.split("/")[1:]:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and _INDEX.fullmatch(part) and int(part) < len(value):
            value = value[int(part)]
        else:
            return ""
    return next((meaning for meaning, words in form.words.items() if _among(value, words)), "")


def _among(value: Any, words: Sequence[JsonValue]) -> bool:
    # True is 1 to Python, and not to a provider.
    return any(type(one) is type(value) and one == value for one in words)


def _filled(tree: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(tree, str):
        whole = _PLACE.fullmatch(tree)
        if whole:
            return values[whole[1]]
        return _PLACE.sub(lambda found: str(values[found[1]]), tree)
    if isinstance(tree, Mapping):
        return {name: _filled(value, values) for name, value in tree.items()}
    return [_filled(value, values) for value in tree] if isinstance(tree, list) else tree
