"""What the demonstration is asked for: the tender notice and the request, its own or the user's.

A request file is one JSON object: `parameters` (draw-proof §5) and, if wanted, `pack`, `evaluation`,
`beacon`, `override` and the other members that a project's document has. Without `evaluation` the evaluation
begins in a few seconds, so that the draw may be opened while one watches.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any, Final

from app.errors import AppError
from app.gateways.ocds import MAX_PACKAGE_BYTES, Notice, parse_package, read_notice
from app.times import to_text
from draw.entry_bodies import LOGGED

MAX_REQUEST_BYTES: Final = 1024 * 1024
# Between the registration of the project and the evaluation people are drawn, invited and seated: so many
# times what came before took, for a slow machine is slow throughout.
LEAD: Final = timedelta(seconds=6)
PACE: Final = 1
EXPERTS_PER_SECOND: Final = 10_000
LENGTH: Final = timedelta(hours=8)
_ORDER: Final = frozenset({"parameters", "beacon", "override", "opens_at", "invitations"})
_DOCUMENT: Final = frozenset(
    {
        "pack",
        "evaluation",
        "remote",
        "budget_yuan",
        "circumstances",
        "authorities",
        "groups",
        "avoid_units",
        "prepared_by",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The notice, the members of the draw's order, and those of the project's document."""

    notice: Notice
    order: dict[str, Any]
    document: dict[str, Any]

    @property
    def logged(self) -> bool:
        """Whether the draw's invitations are entries of the log."""
        return bool(self.order.get("invitations", LOGGED) == LOGGED)

    def evaluation(self, now: datetime, *, took: timedelta, experts: int) -> dict[str, str]:
        """The time of evaluation: as asked for, or soon after `now`; `took` is what came before `now`."""
        asked: dict[str, str] | None = self.document.get("evaluation")
        begin = now + max(LEAD, PACE * took) + timedelta(seconds=experts / EXPERTS_PER_SECOND)
        return asked or {"from": to_text(begin), "to": to_text(begin + LENGTH)}


def read_wanted(tender: Path | None, request: Path | None) -> Wanted:
    """Read both files, or the package's own. Raises InputRefusedError, NotFoundError, AppError
    ``file.shape``.
    """
    own = resources.files("app.demo")
    package = _read(tender, MAX_PACKAGE_BYTES) if tender else own.joinpath("ocds-works.json").read_bytes()
    data = _read(request, MAX_REQUEST_BYTES) if request else own.joinpath("request.json").read_bytes()
    value = _object(data)
    if not value.keys() <= _ORDER | _DOCUMENT or "parameters" not in value:
        raise AppError("file.shape")
    return Wanted(
        notice=read_notice(parse_package(package), ocid=None),
        order={name: value[name] for name in value.keys() & _ORDER},
        document={name: value[name] for name in value.keys() & _DOCUMENT},
    )


def _read(path: Path, limit: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(limit + 1)


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data) if len(data) <= MAX_REQUEST_BYTES else None
    except (ValueError, RecursionError) as error:
        raise AppError("file.shape") from error
    if not isinstance(value, dict):
        raise AppError("file.shape")
    return value
