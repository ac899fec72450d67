"""The transparency log: append, publish, prove, and verify whole (draw-proof §2, C2SP tlog-checkpoint).

1. `append` adds an entry inside the business transaction, by compare-and-swap on the size. It counts for
   nobody yet.
2. `publish` signs a checkpoint over the present size, collects the cosignature of every cosigner, and
   stores the
   note by compare-and-swap. One cosigner missing: QuorumMissingError, and whoever waited acknowledges
      nothing.
3. `Publisher.covering(size)` waits until a published checkpoint covers `size`; callers at the same time
   share one.
4. `verify_log` recomputes everything from the entries' bytes.

A crash between 1 and 2 leaves entries that the next publication covers; between the cosigners' signing and
the store it leaves nothing: they sign the same or a longer tree again.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from app.errors import LogCorruptError, QuorumMissingError
from app.gateways.cosigners import Cosigner, CosignerBehindError, CosignerError
from app.store.repositories.log import LogEntry
from app.store.unit_of_work import Database, UnitOfWork
from app.times import to_text
from app.usecases.log_appointments import SectionAppointments
from app.usecases.log_rounds import SectionRounds
from crypto.checkpoint import (
    Checkpoint,
    parse_note,
    sign_note,
    verify_cosignature,
    verify_log_signature,
    with_signature,
)
from crypto.errors import CryptoError
from crypto.merkle import append_nodes, consistency_at, grown_nodes, inclusion_at, leaf_hash, root_at
from crypto.signing import SigningKey
from draw.entries import Entry, entry_bytes

# Times a publication starts over because the log or a cosigner moved on meanwhile.
MAX_ROUNDS: Final = 8
VERIFY_BATCH: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIdentity:
    """Who the log is: its origin (the key name of its notes) and the platform's signing key."""

    origin: str
    key: SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A checkpoint that every cosigner signed."""

    size: int
    note: str


async def append(uow: UnitOfWork, entry: Entry) -> int:
    """`append_all` of one entry: its index."""
    return (await append_all(uow, [entry]))[0]


async def append_all(uow: UnitOfWork, entries: Sequence[Entry]) -> range:
    """Append finished entries in this order and return their indexes; the caller's commit makes them part of
    the log.

    Raises LogConflictError when another writer was first: retry the whole transaction. Raises EntryError for
    an entry that is not fully signed.
    """
    data = [entry_bytes(entry) for entry in entries]
    digests = [leaf_hash(one) for one in data]
    # The lock spares PostgreSQL writers a lost swap; what keeps the log from forking is the swap below.
    size = (await uow.log.head(lock=True)).size
    nodes = await uow.log.compute(lambda read: grown_nodes(size, digests, read))
    await uow.log.swap_size(expected=size, size=size + len(data))
    rows = zip(range(size, size + len(data)), data, digests, strict=True)
    await uow.log.insert([LogEntry(index=n, entry=one, leaf_hash=leaf) for n, one, leaf in rows], nodes)
    return range(size, size + len(data))


async def inclusion(uow: UnitOfWork, index: int, size: int) -> list[bytes]:
    """Audit path of entry `index` in the tree of `size` entries. Raises MerkleError outside it."""
    return await uow.log.compute(lambda read: inclusion_at(index, size, read))


async def inclusions(uow: UnitOfWork, indexes: Sequence[int], size: int) -> list[list[bytes]]:
    """`inclusion` of each index, from one reading of the tree."""
    return await uow.log.compute(lambda read: [inclusion_at(index, size, read) for index in indexes])


async def consistency(uow: UnitOfWork, old: int, new: int) -> list[bytes]:
    """Proof that the log at `new` extends the log at `old`. Raises MerkleError when `new` is smaller."""
    return await uow.log.compute(lambda read: consistency_at(old, new, read))


async def root(uow: UnitOfWork, size: int) -> bytes:
    """Tree head over the first `size` entries."""
    return await uow.log.compute(lambda read: root_at(size, read))


async def publish(
    database: Database,
    log: LogIdentity,
    cosigners: Sequence[Cosigner],
    *,
    now: datetime,
    size: int | None = None,
) -> Published:
    """A checkpoint of at least `size` entries, without `size` of everything appended before this call, signed
    by the log and every cosigner. A new one covers everything there is.

    Signature lines stand in the order log, then `cosigners`. Raises QuorumMissingError (fail closed) and
    LogCorruptError when a cosigner has already signed more than this log holds.
    """
    for _round in range(MAX_ROUNDS):
        draft = await _drafted(database, log, size)
        if isinstance(draft, Published):
            return draft
        try:
            lines = await _cosignatures(database, draft, cosigners)
        except _OvertakenError:
            continue
        full = _complete(draft.note, cosigners, lines)
        if await _store(database, draft.size, full, now):
            return Published(size=draft.size, note=full)
        # Another server has stored a tree as long or longer: its note stands, and covers ours.
        size = draft.size
    raise QuorumMissingError("log.quorum-missing", reason="overtaken")


class Publisher:
    """Publishes on behalf of many callers of one process; whoever waits while a publication runs shares the
    next. It remembers the newest checkpoint it has seen published: that stays true.
    """

    def __init__(self, database: Database, log: LogIdentity, cosigners: Sequence[Cosigner]) -> None:
        """`cosigners` in the order of the signature lines: supervisor, cosigner."""
        self._database = database
        self._log = log
        self._cosigners = tuple(cosigners)
        self._turn = asyncio.Lock()
        self.newest: Published | None = None

    async def covering(self, size: int, *, now: Callable[[], datetime]) -> Published:
        """A published checkpoint of at least `size` entries. Raises as `publish` does."""
        found = self.newest
        if found is None or found.size < size:
            async with self._turn:
                found = self.newest
                if found is None or found.size < size:
                    found = await publish(self._database, self._log, self._cosigners, now=now(), size=size)
                    self.newest = found
        return found


async def verify_log(database: Database, log: LogIdentity, cosigners: Sequence[Cosigner]) -> int:
    """Recompute the whole log from its bytes and return its size.

    Leaf hashes, every stored subtree, the head, and each published checkpoint's root and three signatures
    must agree, and each section's draws be one line of rounds (`app.usecases.log_rounds`). Raises
    LogCorruptError that names the first place where they do not. Cosigners are only read for name and key.
    """
    async with database.read() as uow:
        head = await uow.log.head()
        levels = await _recomputed_levels(uow, head.size)
        for level, expected in enumerate(levels):
            if await uow.log.nodes_from(level, 0, head.size + 1) != expected:
                raise LogCorruptError("log.node-differs", level=level)
        for size, note in await uow.log.checkpoints():
            _verify_note(note, size, _root_of(levels, size), log, cosigners)
        if await uow.log.checkpoint(head.published_size) != head.published_note:
            raise LogCorruptError("log.published-note-differs")
    return head.size


class _OvertakenError(Exception):
    """A cosigner has signed a longer tree: another server published meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A checkpoint that the log alone has signed, and the proof that it extends the published size `old`."""

    size: int
    note: str
    old: int
    proof: Sequence[bytes]


async def _drafted(database: Database, log: LogIdentity, wanted: int | None) -> Published | _Draft:
    """What is published if it covers `wanted` entries (None: all), else the next checkpoint; from one reading
    of the log.
    """
    async with database.read() as uow:
        head = await uow.log.head()
        old, size = head.published_size, head.size
        if head.published_note is not None and old >= (size if wanted is None else wanted):
            return Published(size=old, note=head.published_note)
        root, proof = await uow.log.compute(
            lambda read: (root_at(size, read), consistency_at(old, size, read))
        )
    checkpoint = Checkpoint(log.origin, size, root)
    return _Draft(size=size, note=sign_note(checkpoint.body(), log.origin, log.key), old=old, proof=proof)


async def _cosignatures(database: Database, draft: _Draft, cosigners: Sequence[Cosigner]) -> list[str]:
    asked = [_ask(database, one, draft) for one in cosigners]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    failures = [one for one in answers if isinstance(one, BaseException)]
    for failure in failures:
        if not isinstance(failure, CosignerError):
            raise failure
    if failures:
        codes = [one.code for one in failures if isinstance(one, CosignerError)]
        raise QuorumMissingError("log.quorum-missing", missing=len(failures), reasons=codes) from failures[0]
    return [one for one in answers if isinstance(one, str)]


async def _ask(database: Database, cosigner: Cosigner, draft: _Draft) -> str:
    old, proof = draft.old, draft.proof
    for _attempt in range(MAX_ROUNDS):
        try:
            line = await cosigner.add_checkpoint(old, proof, draft.note)
        except CosignerBehindError as conflict:
            if conflict.size > draft.size:
                await _refuse_shorter_log(database, conflict.size)
                raise _OvertakenError from conflict
            old = conflict.size
            async with database.read() as uow:
                proof = await consistency(uow, old, draft.size)
        else:
            return _checked_line(cosigner, draft.note, line)
    raise CosignerError("cosigner.unsettled", cosigner=cosigner.name)


async def _refuse_shorter_log(database: Database, signed: int) -> None:
    """A cosigner that signed more than the database holds has seen entries that were lost here."""
    async with database.read() as uow:
        if (await uow.log.head()).size < signed:
            raise LogCorruptError("log.shorter-than-cosigned", signed=signed)


def _checked_line(cosigner: Cosigner, note: str, line: str) -> str:
    try:
        verify_cosignature(parse_note(with_signature(note, line)), cosigner.name, cosigner.public)
    except CryptoError as error:
        raise CosignerError("cosigner.malformed", cosigner=cosigner.name) from error
    return line


def _complete(note: str, cosigners: Sequence[Cosigner], lines: Sequence[str]) -> str:
    if not cosigners or len(lines) != len(cosigners):
        raise QuorumMissingError("log.quorum-missing", missing=len(cosigners) - len(lines))
    for line in lines:
        note = with_signature(note, line)
    return note


async def _store(database: Database, size: int, note: str, now: datetime) -> bool:
    async def work(uow: UnitOfWork) -> bool:
        return await uow.log.swap_published(size=size, note=note, at=to_text(now))

    return await database.transact(work)


async def _recomputed_levels(uow: UnitOfWork, size: int) -> list[list[bytes]]:
    """Hashes of all perfect subtrees by level, from the entries' bytes, which are read on the way."""
    levels: list[list[bytes]] = [[]]
    rounds, appointments = SectionRounds(), SectionAppointments()
    for start in range(0, size, VERIFY_BATCH):
        batch = await uow.log.entries(start, min(start + VERIFY_BATCH, size))
        for expected, entry in enumerate(batch, start):
            if entry.index != expected or entry.leaf_hash != leaf_hash(entry.entry):
                raise LogCorruptError("log.entry-differs", index=expected)
            rounds.read(expected, entry.entry)
            appointments.read(expected, entry.entry)
            for level, _index, digest in append_nodes(expected, entry.leaf_hash, partial(_at, levels)):
                while len(levels) <= level:
                    levels.append([])
                levels[level].append(digest)
    if len(levels[0]) != size or await uow.log.entries(size, size + 1):
        raise LogCorruptError("log.size-differs", size=size)
    return levels


def _at(levels: Sequence[Sequence[bytes]], level: int, index: int) -> bytes:
    return levels[level][index]


def _root_of(levels: Sequence[Sequence[bytes]], size: int) -> bytes:
    if size > len(levels[0]):
        raise LogCorruptError("log.checkpoint-beyond-log", size=size)
    return root_at(size, partial(_at, levels))


def _verify_note(note: str, size: int, root: bytes, log: LogIdentity, cosigners: Sequence[Cosigner]) -> None:
    try:
        parsed = parse_note(note)
        if Checkpoint.from_body(parsed.body) != Checkpoint(log.origin, size, root):
            raise LogCorruptError("log.checkpoint-differs", size=size)
        verify_log_signature(parsed, log.origin, log.key.public)
        for one in cosigners:
            verify_cosignature(parsed, one.name, one.public)
    except CryptoError as error:
        raise LogCorruptError("log.checkpoint-signature", size=size) from error
