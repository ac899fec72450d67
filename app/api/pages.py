"""Cursors and entity tags: opaque to callers, checked when they come back."""

import base64
import json
from typing import Final

from fastapi import Request, Response

from app.api.problems import ProblemError

MAX_LIMIT: Final = 200
DEFAULT_LIMIT: Final = 50
_MAX_CURSOR_CHARS: Final = 400
_PARTS: Final = 2
# The most that a column of numbers, and one of row numbers, can hold.
MAX_INTEGER: Final = 2**31 - 1
MAX_SERIAL: Final = 2**63 - 1
_MAX_DIGITS: Final = 19


def cursor_of(first: str, second: str) -> str:
    """The cursor behind an element with this two-part key."""
    return base64.urlsafe_b64encode(json.dumps([first, second]).encode("utf-8")).decode("ascii").rstrip("=")


def read_cursor(cursor: str | None) -> tuple[str, str] | None:
    """The key in a cursor. Raises ProblemError ``cursor.malformed``."""
    if cursor is None:
        return None
    try:
        if len(cursor) > _MAX_CURSOR_CHARS:
            raise ValueError
        value = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(value, list) or len(value) != _PARTS or not all(isinstance(v, str) for v in value):
            raise ValueError
    except (ValueError, RecursionError) as error:
        raise ProblemError("cursor.malformed") from error
    return value[0], value[1]


def read_number(cursor: str | None, *, most: int = MAX_INTEGER) -> int | None:
    """The number, up to `most`, in a cursor with an empty second part. Raises ProblemError
    ``cursor.malformed``.
    """
    place = read_cursor(cursor)
    if place is None:
        return None
    digits, rest = place
    number = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= _MAX_DIGITS else -1
    if rest or not 0 <= number <= most:
        raise ProblemError("cursor.malformed")
    return number


def link_next(request: Request, response: Response, cursor: str | None, **also: int) -> None:
    """Add ``Link: …; rel=next`` when there is a next page; `also` goes into its query."""
    if cursor is not None:
        url = request.url.include_query_params(cursor=cursor, **also)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def expected_version(if_match: str | None) -> int | None:
    """The version an If-Match header names; None without one, or for ``*``. Another form matches nothing."""
    if if_match is None or if_match.strip() == "*":
        return None
    digits = if_match.strip().strip('"')
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else -1
