"""The ceremony of a draw: from the request in the log to a result that is fixed and still secret
(draw-protocol §4–§5).

Each state has one step. A step (1) asks the parties' nodes, showing them the log; (2) appends what they
signed and moves the state in one transaction, by compare-and-swap; (3) publishes the log, so that the next
step can show it. Nodes repeat their answers and the seal is written down before anybody is asked to sign it:
a server that is killed anywhere, or two that run the same draw, continue the same draw, and at most one of
them writes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from app.errors import AppError, ConflictError, NotFoundError
from app.gateways.parties import PartyError, PartyNode
from app.store.repositories.draws import DrawEntry, DrawRow
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases import evidence, log, party_answers
from app.usecases.campaign_ends import give_up
from app.usecases.evidence import Course
from app.usecases.frozen_draws import FrozenDraw, Prepared, build_cells, load_frozen
from app.usecases.platform import Platform
from app.usecases.pools import load_snapshot
from app.usecases.proof_codes import proof_code
from crypto.beacon import round_time
from draw import lifecycle, outcome, record
from draw.cells import Cells
from draw.entries import Entry, draft, sign, to_json
from draw.entry_bodies import ABORT_REASONS
from draw.record import Deadlines, RecordParts, SealedRecord, sdr_hash

HOLDERS: Final = ("agency", "supervisor")
KEY_BYTES: Final = 32
Beacons = Callable[[str, int], Awaitable[Mapping[str, Any]]]
Prepare = Callable[[UnitOfWork, DrawRow], Awaitable[Prepared]]


class Follow(Protocol):
    """What follows a move of a draw in the same transaction."""

    async def __call__(self, uow: UnitOfWork, draw_id: str, *, now: str) -> None:
        """Look after what hangs on the draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyTimes:
    """How long holders may take to reveal, and the platform to log the result, counted from the seal or
    beacon."""

    reveal: timedelta = timedelta(minutes=10)
    result: timedelta = timedelta(hours=2)


class Ceremony:
    """Runs draws for one platform: `prepare` reads a request, `beacons` fetches a round (chain, number)."""

    def __init__(
        self,
        platform: Platform,
        *,
        prepare: Prepare,
        beacons: Beacons,
        times: CeremonyTimes = CeremonyTimes(),
        sealed: Follow | None = None,
    ) -> None:
        """Holds no state of a draw: any number of instances may run beside one another. `sealed` follows a
        seal in its transaction."""
        self.platform = platform
        self._prepare = prepare
        self._beacons = beacons
        self._times = times
        self._sealed = sealed
        self._steps: Mapping[str, Callable[[DrawRow], Awaitable[DrawRow]]] = {
            lifecycle.REQUESTED: self._commit,
            lifecycle.COMMITTED: self._seal,
            lifecycle.SEALED: self._escrow,
            lifecycle.ESCROWED: self._reveal,
            lifecycle.REVEALED: self._draw,
        }

    async def run(self, draw_id: str, *, until: str = lifecycle.DRAWN) -> DrawRow:
        """Advance step by step to `until`. Raises NotFoundError, ConflictError, PartyError,
        QuorumMissingError, DrawError."""
        row = await self.row(draw_id)
        if row.state == until:
            await self.acknowledged(row)
        while row.state != until:
            if row.state not in self._steps:
                raise ConflictError("draw.state", state=row.state, wanted=until)
            row = await self._steps[row.state](row)
        return row

    async def row(self, draw_id: str) -> DrawRow:
        """The draw as stored. Raises NotFoundError."""
        async with self.platform.database.read() as uow:
            row = await uow.draws.get(draw_id)
        if row is None:
            raise NotFoundError("draw.unknown")
        return row

    async def abort(self, draw_id: str, reason: str) -> DrawRow:
        """End a draw that is not opened; it stays in the log for ever, and the next one of its section counts
        on from it. Asked again with the same reason: no change. Raises LifecycleError once it is open."""
        if reason not in ABORT_REASONS:
            raise ConflictError("draw.abort-reason", reason=reason)
        row = await self.row(draw_id)
        # A step that was under way may move the draw first: then it ends from where it stands now.
        while (row.state, row.abort_reason) != (lifecycle.ABORTED, reason):
            lifecycle.advance(row.state, lifecycle.ABORTED, now=self.platform.now())
            body = {"draw": row.k, "sdr": row.sdr_hash, "reason": reason}
            entry = self.own("abort", body)
            row = await self.append(
                row, [entry], lifecycle.ABORTED, also=give_up, abort_reason=reason, live=False
            )
        await self.acknowledged(row)
        return row

    # -- steps

    async def _commit(self, row: DrawRow) -> DrawRow:
        await self._require_start(row)
        shown, course = await self.shown(row)
        entries = []
        for role in HOLDERS:
            answer = await self.ask(course, role, "commitment", shown)
            entries.append(party_answers.commitment(answer, course, role))
        return await self.append(row, entries, lifecycle.COMMITTED)

    async def _seal(self, row: DrawRow) -> DrawRow:
        frozen = await self._frozen(row)
        shown, course = await self.shown(row, pool_index=frozen.seal.body["pool"]["index"])
        entry = sign(frozen.seal, "platform", self.platform.log.key)
        for role in HOLDERS:
            rules = frozen.rules.to_json()
            entry = await self.countersigned(entry, course, role, "seal", shown, rules=rules)
        digest = frozen.record.hash
        return await self.append(
            row,
            [entry],
            lifecycle.SEALED,
            also=self._sealed,
            sdr=dict(entry.body),
            sdr_hash=digest.hex(),
            code=proof_code(digest),
        )

    async def _require_start(self, row: DrawRow) -> None:
        """Where draws start at a terminal, two persons have started this one (R07)."""
        if not self.platform.draw_sites:
            return
        async with self.platform.database.read() as uow:
            if await uow.draw_terminals.begun(row.id) is None:
                raise ConflictError("start.missing")

    async def _escrow(self, row: DrawRow) -> DrawRow:
        shown, course = await self.shown(row)
        entries = []
        for role in HOLDERS:
            sealed = party_answers.sealed_value(await self.ask(course, role, "escrow", shown))
            named = {"role": role, "sealed": sealed.hex()}
            receipt = await self.ask(course, "cosigner", "escrow-receipt", shown, **named)
            entries.append(party_answers.escrow_receipt(receipt, course, role, sealed))
        return await self.append(row, entries, lifecycle.ESCROWED)

    async def _reveal(self, row: DrawRow) -> DrawRow:
        shown, course = await self.shown(row)
        entries = [await self._revealed(row, course, role, shown) for role in HOLDERS]
        return await self.append(row, entries, lifecycle.REVEALED)

    async def _draw(self, row: DrawRow) -> DrawRow:
        async with self.platform.database.read() as uow:
            course = await evidence.course(uow, row)
        await self.platform.publisher.covering(course.last + 1, now=self.platform.clock)
        body = course.one("seal").body
        sealed = SealedRecord(body=body, hash=sdr_hash(body))
        deadlines = Deadlines(**body["deadlines"])
        lifecycle.advance(row.state, lifecycle.DRAWN, now=self.platform.now(), deadlines=deadlines)
        choice = body["beacon"]
        beacon = None if choice is None else await self._beacons(choice["chain"], choice["round"])
        reveals = {role: bytes.fromhex(course.one("reveal", role=role).body["r"]) for role in HOLDERS}
        signature = None if beacon is None else bytes.fromhex(beacon["signature"])
        alpha = outcome.alpha_of(sealed, reveals, signature)
        commitment = outcome.result_commitment(self.platform.vrf, alpha)
        result = {
            "draw": row.k,
            "sdr": row.sdr_hash,
            "beacon": None if beacon is None else dict(beacon),
            "alpha": alpha.hex(),
            "beta": commitment.hex(),
        }
        return await self.append(row, [self.own("result", result)], lifecycle.DRAWN)

    # -- the seal's draft

    async def _frozen(self, row: DrawRow) -> FrozenDraw:
        async with self.platform.database.read() as uow:
            found = await load_frozen(uow, row)
        if found is not None:
            return found
        async with self.platform.database.read() as uow:
            prepared = await self._prepare(uow, row)
            snapshot = await load_snapshot(uow, prepared.pool.id, prepared.pool.version)
            course = await evidence.course(uow, row, pool_index=prepared.pool.entry_index)
        _require_age(course, self.platform.pool_age)
        secrets = self.platform.random(3 * KEY_BYTES)
        fresh = await asyncio.to_thread(self._drafted, row, prepared, snapshot, course, secrets)
        return await self._store_frozen(row, fresh)

    def _drafted(
        self, row: DrawRow, prepared: Prepared, snapshot: Any, course: Course, secrets: bytes
    ) -> FrozenDraw:
        cell_key, tag_key, case_salt = (secrets[n * KEY_BYTES : (n + 1) * KEY_BYTES] for n in range(3))
        case, rules, parameters = prepared.case, prepared.rules, prepared.parameters
        cells = build_cells(
            snapshot, case=case, rules=rules, parameters=parameters, cell_key=cell_key, tag_key=tag_key
        )
        parts = self._parts(row, prepared, course, cells, case_salt)
        return FrozenDraw(
            case=case,
            rules=rules,
            parameters=parameters,
            pool_id=prepared.pool.id,
            pool_version=prepared.pool.version,
            case_salt=case_salt,
            cell_key=cell_key,
            tag_key=tag_key,
            bound_by=prepared.bound_by,
            seal=draft("seal", parts.sealed_at, dict(record.build(parts).body)),
        )

    def _parts(
        self, row: DrawRow, prepared: Prepared, course: Course, cells: Cells, case_salt: bytes
    ) -> RecordParts:
        sealed_at = self.platform.now()
        return RecordParts(
            draw=k_of(row),
            request=course.one("request"),
            pool_index=prepared.pool.entry_index,
            pool=course.one("pool"),
            rules=prepared.rules,
            case=prepared.case,
            case_salt=case_salt,
            parameters=prepared.parameters,
            cells=cells,
            vrf={role: _vrf(course, role) for role in ("platform", "supervisor")},
            commitments={
                role: bytes.fromhex(course.one("commit", role=role).body["commitment"]) for role in HOLDERS
            },
            beacon=prepared.beacon,
            override=prepared.override,
            deadlines=self._deadlines_from(sealed_at, prepared),
            sealed_at=sealed_at,
            invitations=prepared.invitations,
        )

    def _deadlines_from(self, sealed_at: str, prepared: Prepared) -> Deadlines:
        start = from_text(sealed_at)
        if prepared.beacon is not None:
            due = round_time(prepared.beacon.chain, prepared.beacon.round)
            start = max(start, datetime.fromtimestamp(due, UTC))
        return Deadlines(
            reveal=to_text(start + self._times.reveal),
            result=to_text(start + self._times.result),
            open=max(sealed_at, prepared.opens_at),
        )

    async def _store_frozen(self, row: DrawRow, fresh: FrozenDraw) -> FrozenDraw:
        async def work(uow: UnitOfWork) -> FrozenDraw:
            found = await load_frozen(uow, row)
            if found is not None:
                return found
            await uow.draws.store_secrets(row.id, fresh.to_bytes())
            return fresh

        return await self.platform.database.transact(work)

    async def frozen(self, row: DrawRow) -> FrozenDraw:
        """What the seal fixed. Raises AppError ``draw.not-sealed``."""
        async with self.platform.database.read() as uow:
            found = await load_frozen(uow, row)
        if found is None:
            raise AppError("draw.not-sealed")
        return found

    # -- what every step does

    async def shown(self, row: DrawRow, *, pool_index: int | None = None) -> tuple[dict[str, Any], Course]:
        """Evidence that covers every entry of the draw so far, published first if need be."""
        platform = self.platform
        # Looked up before the reading begins, which then sees at least what this checkpoint covers.
        published = platform.publisher.newest
        async with platform.database.read() as uow:
            found = await evidence.course(uow, row, pool_index=pool_index)
            if published is not None and published.size > found.last:
                return evidence.document(published, await evidence.shown(uow, found, published.size)), found
        published = await platform.publisher.covering(found.last + 1, now=platform.clock)
        async with platform.database.read() as uow:
            return evidence.document(published, await evidence.shown(uow, found, published.size)), found

    async def acknowledged(self, row: DrawRow) -> None:
        """Publish the log up to the draw's newest entry: only then may anybody be told of it."""
        async with self.platform.database.read() as uow:
            listed = await uow.draws.entries(row.id)
        last = max((one.log_index for one in listed), default=k_of(row))
        await self.platform.publisher.covering(last + 1, now=self.platform.clock)

    async def append(
        self, row: DrawRow, entries: list[Entry], state: str, *, also: Follow | None = None, **changes: Any
    ) -> DrawRow:
        """Append entries and move the state in one transaction, with what else has to follow; when another
        server was first, its row."""
        changes |= {"state": state, "updated_at": self.platform.now()}

        async def work(uow: UnitOfWork) -> tuple[DrawRow, int | None]:
            if await uow.draws.version(row.id) != row.state_version:
                return await uow.draws.get(row.id) or row, None
            indexes = await log.append_all(uow, entries)
            listed = zip(indexes, entries, strict=True)
            await uow.draws.add_entries(
                row.id, [DrawEntry(log_index=index, type=entry.type) for index, entry in listed]
            )
            version = await uow.draws.advance(row.id, expected=row.state_version, **changes)
            if also is not None:
                await also(uow, row.id, now=changes["updated_at"])
            return replace(row, state_version=version, **changes), indexes[-1]

        moved, last = await self.platform.database.transact(work)
        if last is None:
            await self.acknowledged(moved)
        else:
            await self.platform.publisher.covering(last + 1, now=self.platform.clock)
        return moved

    async def ask(
        self, course: Course, role: str, duty: str, shown: Mapping[str, Any], /, **more: Any
    ) -> Mapping[str, Any]:
        """What a party answers a duty with, to be read by `party_answers`. Raises PartyError."""
        k, _ = course.beginning
        return await self._node(course, role).call(f"/draws/{k}/{duty}", {"evidence": shown, **more})

    async def _revealed(self, row: DrawRow, course: Course, role: str, shown: Mapping[str, Any]) -> Entry:
        """The value r from its holder, or out of the escrow once the holder has missed the deadline of the
        record; a value that does not open the commitment is a missing one."""
        try:
            answer = await self.ask(course, role, "reveal", shown)
            return party_answers.reveal(answer, course, role, source="holder")
        except PartyError:
            deadlines = deadlines_of(await self.frozen(row))
            if not lifecycle.may_open_escrow(row.state, now=self.platform.now(), deadlines=deadlines):
                raise
            answer = await self.ask(course, "cosigner", "escrow-open", shown, role=role)
            return party_answers.reveal(answer, course, role, source="escrow")

    async def countersigned(
        self, entry: Entry, course: Course, role: str, duty: str, shown: Mapping[str, Any], /, **more: Any
    ) -> Entry:
        """The entry with a party's signature added, who is shown `more` besides. Raises PartyError."""
        answer = await self.ask(course, role, duty, shown, entry=to_json(entry), **more)
        return party_answers.countersigned(entry, answer, course, role)

    def own(self, kind: str, body: Mapping[str, Any]) -> Entry:
        """An entry that the platform alone signs, or signs first."""
        return sign(draft(kind, self.platform.now(), body), "platform", self.platform.log.key)

    def _node(self, course: Course, role: str) -> PartyNode:
        public = course.beginning[1].body["parties"][role]
        node = self.platform.nodes.get(public)
        if node is None:
            raise PartyError("party.unknown", role=role)
        return node


def k_of(row: DrawRow) -> int:
    """Draw number. Raises ConflictError before the request is logged."""
    if row.k is None:
        raise ConflictError("draw.not-logged")
    return row.k


def _vrf(course: Course, role: str) -> bytes:
    public = course.one("request").body["parties"][role]
    return bytes.fromhex(course.one("key", role=role, public=public).body["vrf"])


def _require_age(course: Course, age: timedelta) -> None:
    """A version made for this very draw has no age to be looked at in: raises ConflictError
    ``draw.pool-too-young``.

    Times are those signed in the log, of the pool's entry and of the request's: waiting mends neither.
    """
    frozen, asked = course.one("pool").time, course.one("request").time
    if from_text(asked) - from_text(frozen) < age:
        raise ConflictError("draw.pool-too-young", hours=int(age / timedelta(hours=1)), frozen=frozen)


def deadlines_of(frozen: FrozenDraw) -> Deadlines:
    """Deadlines of the sealed record."""
    return Deadlines(**frozen.record.body["deadlines"])
