"""What gateways reported, each once per (gateway, report id), and whether it was handed on.

`detail` (keys pressed, the gateway's signed record) is sealed.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import ConflictError, WriteConflictError
from app.store.delivery_tables import delivery_reports
from app.store.field_cipher import FieldCipher
from app.store.repositories.leases import Claim, claim, end


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report on one message. `record` are the canonical bytes of a signed keypad answer, with its
    signature; `keys` the keys pressed.
    """

    gateway: str
    report_id: str
    message_id: str
    kind: str
    at: str
    keys: str | None = field(default=None, repr=False)
    record: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedReport:
    """A report that a worker hands on; `attempts` counts this one."""

    report: Report
    attempts: int
    token: str


class ReportRepository:
    """Access to reports inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def add(self, report: Report, *, now: str) -> bool:
        """Store a report; False for one that is there already.

        Raises ConflictError ``report.other-content`` when its id was used for something else, and
        WriteConflictError when it is being stored right now.
        """
        found = await self.get(report.gateway, report.report_id)
        if found is not None:
            if found != report:
                raise ConflictError("report.other-content")
            return False
        try:
            await self._connection.execute(delivery_reports.insert().values(**self._row(report, now)))
        except IntegrityError as error:
            raise WriteConflictError("report.exists") from error
        return True

    async def get(self, gateway: str, report_id: str) -> Report | None:
        """One report."""
        query = select(delivery_reports).where(
            delivery_reports.c.gateway == gateway, delivery_reports.c.report_id == report_id
        )
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return None if row is None else self._report(row)

    async def of_message(self, message_id: str) -> list[Report]:
        """Every report on a message, by the time it tells of."""
        query = select(delivery_reports).where(delivery_reports.c.message_id == message_id)
        rows = await self._connection.execute(
            query.order_by(delivery_reports.c.at, delivery_reports.c.report_id)
        )
        return [self._report(row) for row in rows.mappings()]

    async def claim(self, asked: Claim) -> list[ClaimedReport]:
        """Lease reports that wait to be handed on."""
        waiting = delivery_reports.c.handled_at.is_(None)
        return [
            ClaimedReport(report=self._report(row), attempts=row["attempts"], token=asked.token)
            for row in await claim(self._connection, delivery_reports, waiting, asked)
        ]

    async def done(self, claimed: ClaimedReport, *, now: str) -> bool:
        """Note that a report was handed on."""
        held = self._is(claimed.report)
        return await end(self._connection, delivery_reports, held, claimed.token, handled_at=now)

    async def put_off(self, claimed: ClaimedReport, *, next_at: str) -> bool:
        """Try again later."""
        held = self._is(claimed.report)
        return await end(self._connection, delivery_reports, held, claimed.token, next_at=next_at)

    async def oldest_waiting(self, now: str) -> str | None:
        """Since when the longest waiting report waits."""
        query = select(func.min(delivery_reports.c.received_at)).where(
            delivery_reports.c.handled_at.is_(None), delivery_reports.c.received_at <= now
        )
        oldest: str | None = (await self._connection.execute(query)).scalar_one_or_none()
        return oldest

    def _is(self, report: Report) -> Any:
        return (delivery_reports.c.gateway == report.gateway) & (
            delivery_reports.c.report_id == report.report_id
        )

    def _row(self, report: Report, now: str) -> dict[str, Any]:
        detail = None
        if report.keys is not None or report.record is not None:
            record = None if report.record is None else report.record.hex()
            content = json.dumps({"keys": report.keys, "record": record}).encode()
            detail = self._cipher.seal(content, **_place(report.gateway, report.report_id))
        same = ("gateway", "report_id", "message_id", "kind", "at")
        values: dict[str, Any] = {name: getattr(report, name) for name in same}
        return values | {"sealed_detail": detail, "received_at": now, "next_at": now, "attempts": 0}

    def _report(self, row: RowMapping) -> Report:
        keys, record = None, None
        if row["sealed_detail"] is not None:
            place = _place(row["gateway"], row["report_id"])
            detail = json.loads(self._cipher.open(row["sealed_detail"], **place))
            keys = detail["keys"]
            record = None if detail["record"] is None else bytes.fromhex(detail["record"])
        same = ("gateway", "report_id", "message_id", "kind", "at")
        return Report(**{name: row[name] for name in same}, keys=keys, record=record)


def _place(gateway: str, report_id: str) -> dict[str, str]:
    return {"table": "delivery_reports", "column": "sealed_detail", "row": f"{gateway}/{report_id}"}
