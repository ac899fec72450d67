"""Who may do what: one declarative table of role × action, and the person behind every key (R71).

A key belongs to one accountable person with one role. `ACTIONS` says which roles may take an action, under
which scope, and whether an agency is bound to its own. Duties inside one draw (request, supervise, operate)
exclude each other per person; the database enforces that. How a caller proves a key is `app.api.principals`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.errors import AccessRefusedError, NotFoundError

AGENCY: Final = "agency"
OPERATOR: Final = "operator"
SUPERVISOR: Final = "supervisor"
ROLES: Final = (AGENCY, OPERATOR, SUPERVISOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A caller. `person` is the accountable human's id; `agency_id` is set for agencies only."""

    key_id: str
    person: str
    role: str
    agency_id: str | None
    scopes: frozenset[str]
    mode: str
    signed: bool

    @property
    def account(self) -> str:
        """Whose Idempotency-Keys these are: the agency's, else the person's."""
        return self.agency_id if self.agency_id is not None else f"person:{self.person}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """Roles that may, the scope their key needs, and the duty in the draw that the action takes.

    `held`: duties of which the person must have one in this draw already.
    """

    roles: frozenset[str]
    scope: str
    duty: str | None = None
    held: frozenset[str] = frozenset()


def _right(scope: str, *roles: str, duty: str | None = None, held: tuple[str, ...] = ()) -> Right:
    return Right(roles=frozenset(roles), scope=scope, duty=duty, held=frozenset(held))


ACTIONS: Final[Mapping[str, Right]] = MappingProxyType(
    {
        "project.read": _right("projects:read", AGENCY, OPERATOR, SUPERVISOR),
        "project.write": _right("projects:write", AGENCY),
        "draw.preview": _right("draws:preview", AGENCY),
        "draw.request": _right("draws:request", AGENCY, duty="request"),
        "draw.read": _right("draws:read", AGENCY, OPERATOR, SUPERVISOR),
        "draw.abort": _right("draws:abort", AGENCY, OPERATOR, SUPERVISOR),
        "draw.attend": _right("draws:supervise", SUPERVISOR, duty="supervise"),
        "draw.operate": _right("draws:operate", OPERATOR, duty="operate"),
        "draw.pool-file": _right("draws:disclose", SUPERVISOR, held=("supervise",)),
        "draw.receipt": _right("draws:disclose", OPERATOR, held=("operate",)),
        "draw.roster": _right("draws:disclose", OPERATOR, SUPERVISOR, held=("operate", "supervise")),
        "pool.read": _right("pools:read", OPERATOR, SUPERVISOR),
        "operations.read": _right("operations:read", SUPERVISOR),
    }
)
SCOPES: Final = tuple(dict.fromkeys(right.scope for right in ACTIONS.values()))


def scopes_of(role: str) -> tuple[str, ...]:
    """Every scope that a key of this role can make use of."""
    return tuple(dict.fromkeys(right.scope for right in ACTIONS.values() if role in right.roles))


def require(principal: Principal, action: str) -> None:
    """Raise AccessRefusedError ``access.role`` or ``access.scope`` unless this action is theirs to take."""
    right = ACTIONS[action]
    if principal.role not in right.roles:
        raise AccessRefusedError("access.role", action=action)
    if right.scope not in principal.scopes:
        raise AccessRefusedError("access.scope", scope=right.scope)


def require_held(action: str, duty: str | None) -> None:
    """Raise AccessRefusedError ``access.duty`` unless `duty`, the person's in this draw, is one that the
    action asks for.
    """
    if duty not in ACTIONS[action].held:
        raise AccessRefusedError("access.duty", action=action)


def require_own(principal: Principal, *, agency_id: str, mode: str, missing: str) -> None:
    """Raise NotFoundError `missing` for what is another agency's or of the other mode, as if not there."""
    foreign = principal.role == AGENCY and principal.agency_id != agency_id
    if foreign or principal.mode != mode:
        raise NotFoundError(missing)
