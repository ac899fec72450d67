"""The ledger of a site's day: every act at desk, locker, gate, detector and seat (R08, R18).

An entry is written in the transaction of the act, and never says who an expert is: arrivals by id, devices by
id, staff by account. `read` checks the whole chain and every opened detail; `close` puts the head into the
log of a draw, from where nobody can take it back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.errors import CipherError, NotFoundError
from app.store.repositories.draws import DrawRow
from app.store.repositories.gates import SiteAlert
from app.store.repositories.site_ledger import Anchor
from app.store.unit_of_work import UnitOfWork
from app.usecases import evidence
from app.usecases.arrival.desk import day_of, new_id, span_of
from app.usecases.invites import log_record
from app.usecases.operations import Actor
from app.usecases.platform import Platform
from crypto.canonical import JsonValue, canonical, parse
from draw.letters import record_digest
from remote_eval.errors import LedgerError
from remote_eval.ledger import (
    SALT_BYTES,
    LedgerEntry,
    LedgerHead,
    detail_digest,
    follow,
    head_document,
    verify_chain,
)

MAX_DETAIL_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEntry:
    """An entry with what it tells; empty when the detail does not open."""

    entry: LedgerEntry
    about: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLedger:
    """A site's day; `fault` is the code of the first thing that does not hold, `at` the entry's number."""

    head: LedgerHead
    entries: Sequence[ReadEntry]
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act at a site: where, by whom, when."""

    platform: Platform
    site: str
    actor: Actor
    now: str

    async def enter(self, uow: UnitOfWork, kind: str, /, **about: JsonValue) -> None:
        """Write it into the site's ledger."""
        await record(
            uow,
            self.platform,
            site=self.site,
            kind=kind,
            actor=self.actor.person,
            now=self.now,
            about=about,
        )

    async def alert(
        self, uow: UnitOfWork, kind: str, *, level: str, subject: str, gate: str | None = None
    ) -> bool:
        """Open an alert and write it down; false, and nothing written, when the same one is open already."""
        alert = SiteAlert(
            id=new_id(self.platform, "alr"),
            site=self.site,
            kind=kind,
            level=level,
            subject=subject,
            gate=gate,
            opened_at=self.now,
        )
        if not await uow.gates.open_alert(alert):
            return False
        await self.enter(uow, "alert", alert=alert.id, about=kind, level=level, subject=subject)
        return True


async def record(
    uow: UnitOfWork,
    platform: Platform,
    *,
    site: str,
    kind: str,
    actor: str,
    now: str,
    about: Mapping[str, JsonValue],
) -> None:
    """Write one entry into the ledger of `site` today. Raises WriteConflictError when another was first."""
    head = await uow.site_ledger.head(site, day_of(now))
    salt, detail = platform.random(SALT_BYTES), canonical(dict(about))
    entry = follow(head, time=now, kind=kind, actor=actor, detail=detail_digest(salt, detail))
    await uow.site_ledger.append(head, entry, salt=salt, detail=detail)


async def draw_at(uow: UnitOfWork, site: str, draw_id: str) -> DrawRow:
    """A draw for which somebody came to this site. Raises NotFoundError ``draw.unknown``."""
    row = await uow.draws.get(draw_id)
    if row is None or not any(one.site == site for one in await uow.arrivals.of_draw(draw_id)):
        raise NotFoundError("draw.unknown")
    return row


def hash_of(anchor: Anchor) -> str:
    """The head's hash in an anchor's document, hex32."""
    value: Any = parse(anchor.document.encode("ascii"), max_bytes=MAX_DETAIL_BYTES)
    return str(value["hash"])


async def read(uow: UnitOfWork, site: str, day: str) -> ReadLedger:
    """A site's day, checked against its head, its details and the heads in the logs."""
    head = await uow.site_ledger.head(site, day)
    stored = await uow.site_ledger.entries(site, day)
    opened = [_opened(uow, entry, sealed) for entry, sealed in stored]
    fault = next((one for _, one in opened if one is not None), None)
    fault = _chain_fault(head, [entry for entry, _ in stored]) or fault
    fault = fault or await _anchor_fault(uow, head, [entry for entry, _ in stored])
    return ReadLedger(head=head, entries=[one for one, _ in opened], fault=fault)


async def close(uow: UnitOfWork, act: Act, row: DrawRow) -> Anchor:
    """Close the arrival of a draw at a site: one last entry, and the head goes into the draw's log."""
    await act.enter(uow, "arrival-closed", draw=row.id)
    return await anchor(uow, act, row)


async def anchor(uow: UnitOfWork, act: Act, row: DrawRow) -> Anchor:
    """Put the head of a site's day into the log of a draw."""
    head = await uow.site_ledger.head(act.site, day_of(act.now))
    document = head_document(head)
    index = await log_record(uow, act.platform, row, topic="ledger", document=document, now=act.now)
    fresh = Anchor(
        draw_id=row.id,
        site=act.site,
        day=head.day,
        number=head.number,
        document=document.decode("ascii"),
        log_index=index,
        at=act.now,
    )
    await uow.site_ledger.add_anchor(fresh)
    return fresh


def _opened(uow: UnitOfWork, entry: LedgerEntry, sealed: bytes) -> tuple[ReadEntry, str | None]:
    try:
        salt, detail = uow.site_ledger.opened(entry, sealed)
        if detail_digest(salt, detail) != entry.detail:
            return ReadEntry(entry=entry, about={}), "ledger.detail"
    except (CipherError, LedgerError):
        return ReadEntry(entry=entry, about={}), "ledger.detail"
    about: Any = parse(detail, max_bytes=MAX_DETAIL_BYTES)
    return ReadEntry(entry=entry, about=about), None


def _chain_fault(head: LedgerHead, entries: Sequence[LedgerEntry]) -> str | None:
    try:
        verify_chain(entries, head)
    except LedgerError as error:
        return error.code
    return None


async def _anchor_fault(uow: UnitOfWork, head: LedgerHead, entries: Sequence[LedgerEntry]) -> str | None:
    """A chain that was computed anew holds in itself; what it cannot do is to meet the heads in the logs."""
    hashes = {one.number: one.hash for one in entries}
    draws = {one.draw_id for one in await uow.arrivals.at_site(head.site, head.day)}
    since, until = span_of(head.day)
    draws |= set(await uow.draw_terminals.draws_begun_at(head.site, since=since, until=until))
    for draw_id in sorted(draws):
        if not await _stands(uow, draw_id, head, hashes):
            return "ledger.anchor"
    return None


async def _stands(uow: UnitOfWork, draw_id: str, head: LedgerHead, hashes: Mapping[int, bytes]) -> bool:
    """Whether the heads in a draw's log are the ones that are kept, and this day still runs through them."""
    row = await uow.draws.get(draw_id)
    if row is None:
        return False
    logged = (await evidence.course(uow, row)).all("record", topic="ledger")
    anchors = await uow.site_ledger.anchors(draw_id)
    kept = [record_digest(one.document.encode("ascii")).hex() for one in anchors]
    if kept != [entry.body["digest"] for _, entry in logged]:
        return False
    own = [one for one in anchors if (one.site, one.day) == (head.site, head.day)]
    return all(one.document.encode("ascii") == _document_at(head, one.number, hashes) for one in own)


def _document_at(head: LedgerHead, number: int, hashes: Mapping[int, bytes]) -> bytes:
    return head_document(
        LedgerHead(site=head.site, day=head.day, number=number, hash=hashes.get(number, b""))
    )
