"""One transaction with its repositories. Nobody but this module commits.

`Database.write()` commits when its block ends and rolls back when it raises; `Database.read()` sees one
snapshot and never writes; `Database.transact(work)` runs `work` in a write transaction and runs it again,
whole, when another writer was first (compare-and-swap lost, deadlock, serialisation failure). On SQLite the
writers of one process queue on a lock of their own: waiting inside the driver instead makes the slowest of
them wait ten times as long.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.errors import AppError, WriteConflictError
from app.store.engine import WRITES, is_sqlite
from app.store.field_cipher import FieldCipher
from app.store.repositories.access import AccessRepository
from app.store.repositories.appointments import AppointmentRepository
from app.store.repositories.arrivals import ArrivalRepository
from app.store.repositories.bookings import BookingRepository
from app.store.repositories.campaigns import CampaignRepository
from app.store.repositories.cases import CaseRepository
from app.store.repositories.conduct import ConductRepository
from app.store.repositories.contacts import ContactRepository
from app.store.repositories.devices import DeviceRepository
from app.store.repositories.draw_invites import DrawInviteRepository
from app.store.repositories.draw_terminals import DrawTerminalRepository
from app.store.repositories.draws import DrawRepository
from app.store.repositories.expert_passkeys import ExpertPasskeyRepository
from app.store.repositories.gates import GateRepository
from app.store.repositories.idempotency import IdempotencyRepository
from app.store.repositories.invitations import InvitationRepository
from app.store.repositories.lockers import LockerRepository
from app.store.repositories.log import LogRepository
from app.store.repositories.notices import NoticeRepository
from app.store.repositories.one_time_codes import OneTimeCodeRepository
from app.store.repositories.operations import OperationRepository
from app.store.repositories.outbox import OutboxRepository
from app.store.repositories.parties import PartyRepository
from app.store.repositories.passkeys import PasskeyRepository
from app.store.repositories.pools import PoolRepository
from app.store.repositories.preservation import PreservationRepository
from app.store.repositories.projects import ProjectRepository
from app.store.repositories.relay import RelayRepository
from app.store.repositories.reports import ReportRepository
from app.store.repositories.rooms import RoomRepository
from app.store.repositories.rosters import RosterRepository
from app.store.repositories.seat_access import SeatAccessRepository
from app.store.repositories.sessions import SessionRepository
from app.store.repositories.site_gateways import SiteGatewayRepository
from app.store.repositories.site_ledger import SiteLedgerRepository
from app.store.repositories.timers import TimerRepository
from app.store.repositories.users import UserRepository
from app.store.repositories.venues import VenueRepository

T = TypeVar("T")

MAX_ATTEMPTS: Final = 20
# SQLSTATE of serialization_failure and deadlock_detected.
_RETRYABLE: Final = frozenset({"40001", "40P01"})


class UnitOfWork:
    """The repositories of one open transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """The connection is inside a transaction that the caller ends."""
        self.cipher = cipher
        self.log = LogRepository(connection)
        self.parties = PartyRepository(connection)
        self.keys = AccessRepository(connection)
        self.projects = ProjectRepository(connection)
        self.pools = PoolRepository(connection, cipher)
        self.draws = DrawRepository(connection, cipher)
        self.invites = DrawInviteRepository(connection, cipher)
        self.rosters = RosterRepository(connection, cipher)
        self.campaigns = CampaignRepository(connection)
        self.invitations = InvitationRepository(connection, cipher)
        self.conduct = ConductRepository(connection, cipher)
        self.contacts = ContactRepository(connection, cipher)
        self.venues = VenueRepository(connection)
        self.bookings = BookingRepository(connection)
        self.relay = RelayRepository(connection, cipher)
        self.idempotency = IdempotencyRepository(connection)
        self.operations = OperationRepository(connection)
        self.codes = OneTimeCodeRepository(connection)
        self.users = UserRepository(connection, cipher)
        self.passkeys = PasskeyRepository(connection)
        self.expert_passkeys = ExpertPasskeyRepository(connection)
        self.sessions = SessionRepository(connection)
        self.outbox = OutboxRepository(connection, cipher)
        self.timers = TimerRepository(connection)
        self.reports = ReportRepository(connection, cipher)
        self.notices = NoticeRepository(connection)
        self.arrivals = ArrivalRepository(connection)
        self.lockers = LockerRepository(connection, cipher)
        self.gates = GateRepository(connection, cipher)
        self.devices = DeviceRepository(connection)
        self.seat_access = SeatAccessRepository(connection, cipher)
        self.site_ledger = SiteLedgerRepository(connection, cipher)
        self.rooms = RoomRepository(connection, cipher)
        self.site_gateways = SiteGatewayRepository(connection)
        self.cases = CaseRepository(connection, cipher)
        self.preservation = PreservationRepository(connection, cipher)
        self.draw_terminals = DrawTerminalRepository(connection)
        self.appointments = AppointmentRepository(connection, cipher)


class Database:
    """An engine and the cipher of its sealed fields; hands out units of work."""

    def __init__(self, engine: AsyncEngine, cipher: FieldCipher) -> None:
        """One instance per engine and process: the lock of the SQLite writers lives here."""
        self.engine = engine
        self.cipher = cipher
        self._writers = asyncio.Lock() if is_sqlite(engine) else None
        self._write_engine = engine.execution_options(**{WRITES: True})
        self._read_engine = engine if is_sqlite(engine) else _snapshot_reader(engine)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[UnitOfWork]:
        """A write transaction. Raises WriteConflictError when the engine gave it up in favour of another."""
        async with AsyncExitStack() as stack:
            if self._writers is not None:
                await stack.enter_async_context(self._writers)
            try:
                async with self._write_engine.begin() as connection:
                    yield UnitOfWork(connection, self.cipher)
            except DBAPIError as error:
                raise _translated(error) from error

    @asynccontextmanager
    async def read(self) -> AsyncIterator[UnitOfWork]:
        """A read-only transaction on one snapshot."""
        async with self._read_engine.connect() as connection, connection.begin():
            yield UnitOfWork(connection, self.cipher)

    async def transact(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """The result of `work` once its transaction has committed; `work` may run several times.

        Raises the last WriteConflictError after `MAX_ATTEMPTS`, and whatever `work` raises otherwise.
        """
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                async with self.write() as uow:
                    return await work(uow)
            except WriteConflictError:
                if attempt == MAX_ATTEMPTS:
                    raise
        raise AppError("store.unreachable")  # pragma: no cover - the loop returns or raises

    async def dispose(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def _snapshot_reader(engine: AsyncEngine) -> AsyncEngine:
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _translated(error: DBAPIError) -> Exception:
    if getattr(error.orig, "sqlstate", None) in _RETRYABLE:
        return WriteConflictError("store.write-conflict")
    if "database is locked" in str(error.orig):
        return WriteConflictError("store.busy")
    return error
