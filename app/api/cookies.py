"""The session cookie, and how a request shows that a page of this site sent it.

`__Host-qiantong` over HTTPS (bound to this host, sent over HTTPS only), `qiantong` on a machine of one's own;
always HttpOnly and SameSite=Strict. Something that changes state must carry ``X-Qiantong: 1``, which no form
and no foreign page can add, and name this site in ``Origin`` or ``Sec-Fetch-Site``.
"""

from typing import Final

from fastapi import Request, Response
from fastapi.requests import HTTPConnection

from app.errors import AccessRefusedError
from app.usecases.people.entrance import Entrance
from app.usecases.people.sessions import ABSOLUTE, TOKEN_BYTES

MARK: Final = "x-qiantong"
# A page that refreshes by itself while nobody is there says so: that is no use of the session.
AWAY: Final = "x-qiantong-away"
_SECURE_NAME: Final = "__Host-qiantong"
_PLAIN_NAME: Final = "qiantong"


def entrance_of(request: HTTPConnection) -> Entrance:
    """Where this application lets people in."""
    entrance: Entrance = request.app.state.entrance
    return entrance


def token_of(request: HTTPConnection) -> str | None:
    """The session token that the browser sent; None without one."""
    return request.cookies.get(_name(entrance_of(request))) or None


def new_token(entrance: Entrance) -> str:
    """A fresh token: 256 random bits."""
    return entrance.platform.random(TOKEN_BYTES).hex()


def set_token(response: Response, entrance: Entrance, token: str) -> None:
    """Give the browser its token, until the session's absolute end at most."""
    response.set_cookie(
        _name(entrance),
        token,
        max_age=int(ABSOLUTE.total_seconds()),
        path="/",
        secure=entrance.secure,
        httponly=True,
        samesite="strict",
    )


def drop_token(response: Response, entrance: Entrance) -> None:
    """Take the token away from the browser."""
    response.delete_cookie(
        _name(entrance), path="/", secure=entrance.secure, httponly=True, samesite="strict"
    )


def require_own_page(request: Request) -> None:
    """Raise AccessRefusedError ``access.cross-site`` unless a page of this site sent the request."""
    origin, fetched = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    named = origin is not None or fetched is not None
    own = fetched in (None, "same-origin") and (origin is None or _is_own(origin, request))
    if request.headers.get(MARK) != "1" or not named or not own:
        raise AccessRefusedError("access.cross-site")


def _is_own(origin: str, request: Request) -> bool:
    here = f"{request.url.scheme}://{request.headers.get('host', '')}"
    return origin.lower() in (entrance_of(request).origin, here.lower())


def _name(entrance: Entrance) -> str:
    return _SECURE_NAME if entrance.secure else _PLAIN_NAME
