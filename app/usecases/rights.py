"""The one matrix of rights: role × action × relation, duty taken, duty held (R71). What it does not list is
refused.

A row names each role that may take the action and how the thing acted upon must be related to the caller:
its own agency's, its own site's, its own account or letter, or any. `duty` is the duty in the draw that the
action takes; `held` are duties of which the caller must have one there already. This module is data:
`app.usecases.principals` applies it, the database holds the duties apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

AGENCY: Final = "agency"
OPERATOR: Final = "operator"
SUPERVISOR: Final = "supervisor"
SITE: Final = "site"
WITNESS: Final = "witness"
# Whoever bears the secret of a letter: never an account, never an API key.
EXPERT: Final = "expert"
ROLES: Final = (AGENCY, OPERATOR, SUPERVISOR, SITE, WITNESS)
AT_A_SITE: Final = frozenset({SITE, WITNESS})


class Relation(Enum):
    """How what is acted upon belongs to who acts."""

    ANY = "any"
    OWN_AGENCY = "own agency"
    OWN_SITE = "own site"
    OWN_ACCOUNT = "own account"
    OWN_LETTER = "own letter"


_USUAL: Final = {
    AGENCY: Relation.OWN_AGENCY,
    OPERATOR: Relation.ANY,
    SUPERVISOR: Relation.ANY,
    SITE: Relation.OWN_SITE,
    WITNESS: Relation.OWN_SITE,
    EXPERT: Relation.OWN_LETTER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One row: roles with their relation, the scope a key needs, the duty taken, the duties asked for."""

    relations: Mapping[str, Relation]
    scope: str
    duty: str | None = None
    held: frozenset[str] = frozenset()

    @property
    def roles(self) -> frozenset[str]:
        """The roles that may."""
        return frozenset(self.relations)


def _right(
    scope: str,
    *roles: str,
    duty: str | None = None,
    held: tuple[str, ...] = (),
    relation: Relation | None = None,
) -> Right:
    relations = {role: relation or _USUAL[role] for role in roles}
    return Right(relations=MappingProxyType(relations), scope=scope, duty=duty, held=frozenset(held))


_DRAWING: Final = {
    "project.read": _right("projects:read", AGENCY, OPERATOR, SUPERVISOR),
    "project.list": _right("projects:read", AGENCY),
    "project.write": _right("projects:write", AGENCY),
    # Of one responsible person to another: the centre's staff may, too.
    "project.hand-over": _right("projects:write", AGENCY, OPERATOR),
    "draw.preview": _right("draws:preview", AGENCY),
    "draw.request": _right("draws:request", AGENCY, duty="request"),
    "draw.read": _right("draws:read", AGENCY, OPERATOR, SUPERVISOR),
    "draw.abort": _right("draws:abort", AGENCY, OPERATOR, SUPERVISOR),
    "draw.attend": _right("draws:supervise", SUPERVISOR, duty="supervise"),
    "draw.operate": _right("draws:operate", OPERATOR, duty="operate"),
    # Together with a supervisor, at an enrolled terminal.
    "draw.start": _right("draws:operate", OPERATOR, duty="operate"),
    "draw.pool-file": _right("draws:disclose", SUPERVISOR, held=("supervise",)),
    "draw.receipt": _right("draws:disclose", OPERATOR, held=("operate",)),
    "draw.roster": _right("draws:disclose", OPERATOR, SUPERVISOR, held=("operate", "supervise")),
    "pool.read": _right("pools:read", OPERATOR, SUPERVISOR),
    "operations.read": _right("operations:read", SUPERVISOR),
}
_INVITING: Final = {
    "campaign.propose": _right("campaigns:operate", OPERATOR, duty="operate"),
    "campaign.approve": _right("campaigns:supervise", SUPERVISOR, duty="supervise"),
    "campaign.read": _right("campaigns:read", OPERATOR, SUPERVISOR),
    "campaign.counts": _right("campaigns:counts", AGENCY, OPERATOR, SUPERVISOR),
    "campaign.ladder": _right("campaigns:operate", OPERATOR),
    "campaign.move": _right("campaigns:operate", OPERATOR),
    "campaign.vacate": _right("campaigns:supervise", SUPERVISOR),
    "campaign.cancel": _right("campaigns:cancel", OPERATOR, SUPERVISOR),
    # Members who are not drawn: two persons, and the second is a supervisor.
    "appointment.propose": _right("appointments:propose", AGENCY, OPERATOR),
    "appointment.decide": _right("appointments:decide", SUPERVISOR),
    "appointment.read": _right("appointments:read", AGENCY, OPERATOR, SUPERVISOR),
    "notices.read": _right("notices:read", OPERATOR, SUPERVISOR),
    "contacts.write": _right("contacts:write", OPERATOR),
    "letter.read": _right("letters:own", EXPERT),
    "letter.reply": _right("letters:own", EXPERT),
}
_ARRIVING: Final = {
    "venue.read": _right("venues:read", AGENCY, OPERATOR, SUPERVISOR, SITE, relation=Relation.ANY),
    "venue.write": _right("venues:write", OPERATOR),
    "venue.book": _right("venues:book", OPERATOR),
    "venue.confirm": _right("venues:confirm", SITE),
    "seat.report": _right("seats:report", SITE, OPERATOR),
    # What passes the relay box: names of files are for who is at the site and for supervision.
    "relay.read": _right("relay:read", SITE, SUPERVISOR),
    "relay.write": _right("relay:write", SITE),
    # By two persons: who begins an enrolment cannot approve it.
    "seat.enrol": _right("seats:enrol", SITE),
    # Whoever has a doubt ends a key; nobody is let in by that.
    "seat.revoke": _right("seats:enrol", SITE, OPERATOR, SUPERVISOR),
    "seat.approve": _right("seats:approve", OPERATOR, SUPERVISOR),
    # Terminals of draw rooms, by two persons like seats.
    "terminal.read": _right("terminals:read", SITE, OPERATOR, SUPERVISOR),
    "terminal.enrol": _right("terminals:enrol", SITE),
    "terminal.approve": _right("terminals:approve", OPERATOR, SUPERVISOR),
    "terminal.revoke": _right("terminals:enrol", SITE, OPERATOR, SUPERVISOR),
    "desk.expected": _right("desk:read", SITE),
    "desk.check-in": _right("desk:write", SITE),
    "desk.locker": _right("desk:write", SITE),
    "desk.gate": _right("desk:gate", SITE, WITNESS),
    "desk.seat": _right("desk:write", SITE),
    # Locks, attestations and release: what a desk cannot give itself.
    "desk.supervise": _right("desk:supervise", SUPERVISOR),
    "alert.read": _right("desk:watch", SITE, WITNESS, OPERATOR, SUPERVISOR),
    "ledger.read": _right("ledger:read", SITE, OPERATOR, SUPERVISOR),
    "device.write": _right("devices:write", OPERATOR),
    "roster.open": _right("rosters:open", OPERATOR, SUPERVISOR),
    # Which names, the tier decides that the roster has reached.
    "roster.read": _right("rosters:read", AGENCY, OPERATOR, SUPERVISOR, SITE),
    # Late arrivals, leaves, no-shows: names once the roster is open.
    "conduct.read": _right("conduct:read", SUPERVISOR, held=("supervise",)),
}
_ROOM: Final = {
    "room.open": _right("rooms:open", OPERATOR),
    # That there is a room and how long its ledger is: never who sits in it.
    "room.read": _right("rooms:read", OPERATOR, SUPERVISOR, SITE, WITNESS),
    # A bidder's way into a call that a witness released.
    "room.call": _right("rooms:call", OPERATOR, WITNESS),
    # What the committee chose, and what the witness signs for.
    "room.chair": _right("rooms:witness", WITNESS),
    "room.report": _right("rooms:witness", WITNESS),
    # A site's gateway carries the media of its seats: its key is believed by two persons, one may end it.
    "gateway.read": _right("gateways:read", OPERATOR, SUPERVISOR),
    "gateway.enrol": _right("gateways:enrol", OPERATOR),
    "gateway.approve": _right("gateways:approve", OPERATOR, SUPERVISOR),
    "gateway.revoke": _right("gateways:revoke", OPERATOR, SUPERVISOR),
    # What happened, by member ids; of the words of the chat see `app.usecases.room.reading.hears`.
    "room.ledger": _right("rooms:ledger", OPERATOR, SUPERVISOR, WITNESS),
    # A breach on record with what there is frozen, and who is replaced for it: the authority's alone.
    "case.open": _right("cases:write", SUPERVISOR),
    "case.decide": _right("cases:write", SUPERVISOR),
    "case.read": _right("cases:read", SUPERVISOR),
    # Pictures and voices of a closed room, each look with a reason and on record.
    "room.view": _right("rooms:view", SUPERVISOR),
    # What becomes of recordings: whoever tends them is their custodian, whoever approves is another person.
    "recording.keep": _right("recordings:read", OPERATOR, SUPERVISOR),
    "recording.tend": _right("recordings:tend", OPERATOR),
    "recording.custodian": _right("recordings:tend", OPERATOR),
    "recording.hold": _right("recordings:hold", SUPERVISOR),
    "recording.approve": _right("recordings:hold", SUPERVISOR),
}
_ACCOUNTS: Final = {
    "users.read": _right("users:read", OPERATOR, SUPERVISOR),
    # Which roles a caller may give is MAKES; nobody touches the own account here.
    "users.write": _right("users:write", OPERATOR, SUPERVISOR),
    # By another person than the one who added the account.
    "users.approve": _right("users:write", OPERATOR, SUPERVISOR),
    "session.read": _right("sessions:own", *ROLES, relation=Relation.OWN_ACCOUNT),
    "session.end": _right("sessions:own", *ROLES, relation=Relation.OWN_ACCOUNT),
    "credentials.write": _right("sessions:own", *ROLES, relation=Relation.OWN_ACCOUNT),
}
ACTIONS: Final[Mapping[str, Right]] = MappingProxyType(_DRAWING | _INVITING | _ARRIVING | _ROOM | _ACCOUNTS)
# Accounts of which role a role may add, disable and reset; supervision appoints itself.
MAKES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {OPERATOR: frozenset({AGENCY, OPERATOR, SITE}), SUPERVISOR: frozenset({SUPERVISOR, WITNESS})}
)
