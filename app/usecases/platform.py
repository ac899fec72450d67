"""What every use case of one running platform shares: database, log, keys, nodes, rules, clock and chance.

Made once, in `app.main` (or by a command); nothing here decides anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.gateways.cosigners import Cosigner
from app.gateways.parties import PartyNode
from app.gateways.rule_packs import RulePacks
from app.store.unit_of_work import Database
from app.times import to_text
from app.usecases.log import LogIdentity, Publisher
from crypto.vrf import VrfKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One running platform.

    `nodes` are the parties' nodes by public key (hex32); `cosigners` stand in the order of the signature
    lines; `clock` gives aware UTC, `random` n unpredictable bytes; `mode` is ``live`` or ``test`` for the
    whole process; `pool_age` is how long a pool version stands in the log before a draw from it is
    requested; `draw_sites` are the sites at whose terminals draws start, and without one they start
    anywhere; `person_key` keys the hashes that stand for human beings; `custody` is the X25519 key of the
    platform's share of a sealed roster.
    """

    database: Database
    log: LogIdentity
    vrf: VrfKey
    person_key: bytes = field(repr=False)
    custody: bytes = field(repr=False)
    cosigners: Sequence[Cosigner]
    nodes: Mapping[str, PartyNode]
    packs: RulePacks
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    mode: str = "live"
    pool_age: timedelta = timedelta(0)
    draw_sites: tuple[str, ...] = ()
    publisher: Publisher = field(init=False)

    def __post_init__(self) -> None:
        """The publisher holds state of the process and belongs to exactly this database."""
        object.__setattr__(self, "publisher", Publisher(self.database, self.log, self.cosigners))

    def now(self) -> str:
        """The present time in its written form."""
        return to_text(self.clock())
