"""JSON files from a user, as strictly read as a body by the API: bounded, no repeated keys, no fractions."""

from pathlib import Path
from typing import Any, Final

from app.errors import AppError
from crypto.canonical import parse
from crypto.errors import CanonicalError

_NAMED: Final = frozenset({"too-large", "too-deep", "duplicate-key", "number"})


def read_object(file: Path, *, limit: int) -> dict[str, Any]:
    """The object in a file of at most `limit` bytes. Raises AppError ``json.…`` or ``file.shape``."""
    with file.open("rb") as stream:
        data = stream.read(limit + 1)
    try:
        value = parse(data, max_bytes=limit)
    except CanonicalError as error:
        reason = error.code.removeprefix("canonical.")
        raise AppError(f"json.{reason if reason in _NAMED else 'syntax'}") from error
    if not isinstance(value, dict):
        raise AppError("file.shape")
    return value
