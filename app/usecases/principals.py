"""Applies the matrix of rights to a caller, and tells the person behind every key and session (R71).

A key or an account belongs to one accountable person with one role. `app.usecases.rights` says which roles
may take an action, under which scope and in which relation; everything else is refused. Duties inside one
draw (request, supervise, operate) exclude each other per person; the database enforces that. How a caller
proves a key or a session is `app.api.principals`.
"""

from dataclasses import dataclass
from typing import Final

from app.errors import AccessRefusedError, NotFoundError
from app.usecases.rights import (
    ACTIONS,
    AGENCY,
    AT_A_SITE,
    EXPERT,
    MAKES,
    OPERATOR,
    ROLES,
    SITE,
    SUPERVISOR,
    WITNESS,
    Relation,
    Right,
)

__all__ = [
    "ACTIONS",
    "AGENCY",
    "AT_A_SITE",
    "EXPERT",
    "MAKES",
    "OPERATOR",
    "ROLES",
    "SCOPES",
    "SITE",
    "SUPERVISOR",
    "WITNESS",
    "Principal",
    "Relation",
    "Right",
    "require",
    "require_held",
    "require_own",
    "require_site",
    "scopes_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A caller. `person` is the accountable human's id; `agency_id` is set for agencies only, `site_id` for
    who is bound to one venue site. `session` is the session of a signed-in browser, None for a key.
    """

    key_id: str
    person: str
    role: str
    agency_id: str | None
    scopes: frozenset[str]
    mode: str
    signed: bool
    site_id: str | None = None
    session: str | None = None

    @property
    def account(self) -> str:
        """Whose Idempotency-Keys these are: the agency's, else the person's."""
        return self.agency_id if self.agency_id is not None else f"person:{self.person}"


SCOPES: Final = tuple(dict.fromkeys(right.scope for right in ACTIONS.values()))


def scopes_of(role: str) -> tuple[str, ...]:
    """Every scope that a key of this role can make use of."""
    return tuple(dict.fromkeys(right.scope for right in ACTIONS.values() if role in right.roles))


def require(principal: Principal, action: str) -> None:
    """Raise AccessRefusedError ``access.role`` or ``access.scope`` unless this action is theirs to take."""
    right = ACTIONS.get(action)
    if right is None or principal.role not in right.roles:
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


def require_site(principal: Principal, site_id: str, *, missing: str = "site.unknown") -> None:
    """Raise NotFoundError `missing` for what is another site's, as if not there.

    Who is bound to a site sees that one only; a bound role without a site sees none.
    """
    if principal.role in AT_A_SITE and principal.site_id != site_id:
        raise NotFoundError(missing)
