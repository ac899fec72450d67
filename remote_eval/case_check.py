"""Whether what a case froze still holds: each item against what is kept now (R38).

A ledger may have grown since: the frozen head has to be an ancestor of its end. A file of a recording may
have grown too; a fault anywhere in it is one of the file. What is kept is read elsewhere and handed in.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from remote_eval.case_file import AlertEvidence, NodeEvidence, RoomEvidence, alert_digest
from remote_eval.errors import LedgerError
from remote_eval.ledger import LedgerEntry, LedgerHead
from remote_eval.ledger import verify_chain as verify_site
from remote_eval.room_ledger import RoomEntry, RoomHead, follow, verify_chain

STEP: Final = "step"
WORDS: Final = "words"
ROOM_LEDGER: Final = "room-ledger"
RECORDING: Final = "recording"
ALERT: Final = "alert"
SITE_LEDGER: Final = "site-ledger"
NODE: Final = "node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One item: what kind, of what (an id, a file's name, a step's number); `code` is None when it holds."""

    item: str
    of: str
    code: str | None = None


def room_ledger(frozen: RoomEvidence, entries: Sequence[RoomEntry], *, shut: Collection[int]) -> Finding:
    """The events up to the frozen head. `shut` are the numbers of those whose detail is not the sealed one.

    ``ledger.…`` as `remote_eval.room_ledger.verify_chain` tells it, ``ledger.detail``.
    """
    head = frozen.head
    code = None
    try:
        verify_chain(entries[: head.seq], head)
    except LedgerError as error:
        code = error.code
    if code is None and any(number <= head.seq for number in shut):
        code = "ledger.detail"
    return Finding(item=ROOM_LEDGER, of=head.room, code=code)


def recordings(frozen: RoomEvidence, faults: Mapping[str, str] | None) -> list[Finding]:
    """Each file; `faults` are those of the archive by file, None: there is no archive any more."""
    return [
        Finding(
            item=RECORDING,
            of=f"{frozen.head.room}/{one.file}",
            code="recording.missing" if faults is None else faults.get(one.file),
        )
        for one in frozen.recordings
    ]


def alert(frozen: AlertEvidence, kept: Mapping[str, str | None] | None) -> Finding:
    """The alert itself: ``alert.missing`` or ``alert.altered``. That it was closed since is no change."""
    code = None
    if kept is None:
        code = "alert.missing"
    elif alert_digest(kept) != frozen.digest:
        code = "alert.altered"
    return Finding(item=ALERT, of=frozen.id, code=code)


def site_ledger(frozen: AlertEvidence, entries: Sequence[LedgerEntry], *, shut: Collection[int]) -> Finding:
    """The site's ledger of the alert's day, as `room_ledger`."""
    head = LedgerHead(site=frozen.site, day=frozen.day, number=frozen.number, hash=frozen.hash)
    code = None
    try:
        verify_site(entries[: head.number], head)
    except LedgerError as error:
        code = error.code
    if code is None and any(number <= head.number for number in shut):
        code = "ledger.detail"
    return Finding(item=SITE_LEDGER, of=f"{frozen.site}/{frozen.day}", code=code)


def node(frozen: NodeEvidence, entries: Sequence[RoomEntry], *, shut: Collection[int]) -> Finding:
    """The witness's own entry: ``node.missing``, or ``node.altered`` when it does not come to its hash any
    more, or its detail is not the sealed one."""
    entry = next((one for one in entries if one.seq == frozen.seq), None)
    code = None
    if entry is None:
        code = "node.missing"
    elif _hash(entry) != frozen.hash or frozen.seq in shut:
        code = "node.altered"
    return Finding(item=NODE, of=frozen.node, code=code)


def _hash(entry: RoomEntry) -> bytes:
    before = RoomHead(room=entry.room, seq=entry.seq - 1, hash=entry.previous)
    return follow(before, at=entry.at, kind=entry.kind, member=entry.member, detail=entry.detail).hash
