"""What single readers may see beyond the bundle: pool file, receipts, roster (draw-proof §11).

The pool file lets the supervisor recompute who was eligible; a receipt lets one expert check their own
outcome, a reply receipt their own answer; the roster tells the entitled who sits. Who is entitled is decided
elsewhere, before these functions are called.
"""

from collections.abc import Sequence
from typing import Final

from crypto.canonical import JsonValue, canonical
from draw.cells import Cells
from draw.errors import RecordError
from draw.model import Case, ExpertRecord
from draw.outcome import Outcome
from draw.proof import Logged, logged_json

POOL_FILE_FORMAT: Final = "qt/1 pool-file"
RECEIPT_FORMAT: Final = "qt/1 receipt"
REPLY_RECEIPT_FORMAT: Final = "qt/1 reply-receipt"
MAX_POOL_FILE_BYTES: Final = 256 << 20
MAX_RECEIPT_BYTES: Final = 1 << 20


def pool_file(draw: int, cells: Cells, case: Case, case_salt: bytes) -> dict[str, JsonValue]:
    """The supervisor's file: case, keys and every record of the snapshot with its salts."""
    snapshot = cells.snapshot
    entries = (snapshot.entry_at(row) for row in snapshot.rows_by_leaf())
    return {
        "format": POOL_FILE_FORMAT,
        "draw": draw,
        "case": case.to_json(),
        "case_salt": case_salt.hex(),
        "cell_key": cells.cell_key.hex(),
        "tag_key": cells.tag_key.hex(),
        "experts": [{"record": entry.record.to_json(), "salts": _hexes(entry.salts)} for entry in entries],
    }


def pool_file_bytes(file: dict[str, JsonValue]) -> bytes:
    """C(file). Raises RecordError above 256 MiB."""
    return _bounded(file, MAX_POOL_FILE_BYTES)


def receipt(draw: int, cells: Cells, expert_id: str) -> dict[str, JsonValue]:
    """One expert's receipt. Raises SnapshotError for an expert who is not in the snapshot."""
    entry = cells.snapshot.entry(expert_id)
    return {
        "format": RECEIPT_FORMAT,
        "draw": draw,
        "record": entry.record.to_json(),
        "salts": _hexes(entry.salts),
        "pool": {"index": entry.index, "proof": _hexes(entry.proof)},
        "outcome": _outcome(cells, entry.row),
    }


def receipt_bytes(value: dict[str, JsonValue]) -> bytes:
    """C(receipt). Raises RecordError above 1 MiB."""
    return _bounded(value, MAX_RECEIPT_BYTES)


def reply_receipt(origin: str, note: str, invite: Logged, reply: Logged) -> dict[str, JsonValue]:
    """What an expert gets with every answer: invitation and reply, both in the tree of the checkpoint."""
    return {
        "format": REPLY_RECEIPT_FORMAT,
        "origin": origin,
        "checkpoint": note,
        "invite": logged_json(invite),
        "reply": logged_json(reply),
    }


def roster(outcome: Outcome, cells: Cells) -> list[tuple[int, ExpertRecord]]:
    """(seat, record) of the occupied seats in the end, by seat."""
    records = cells.snapshot.records
    return [
        (seat, records[cells.row(at.stratum, at.site, at.index)])
        for seat, at in enumerate(outcome.seats)
        if at is not None
    ]


def ever_on_panel(outcome: Outcome, cells: Cells) -> list[ExpertRecord]:
    """Everybody who is or was on the panel, in no order that tells anything."""
    records = cells.snapshot.records
    return [records[cells.row(at.stratum, at.site, at.index)] for at in outcome.ever_on_panel()]


def _outcome(cells: Cells, row: int) -> dict[str, JsonValue]:
    positions = cells.positions_of(row)
    if positions:
        return {"kind": "eligible", "cells": [_eligible(cells, at) for at in positions]}
    if row in cells.reasons:
        return _excluded(cells, row)
    return {"kind": "out_of_scope"}


def _eligible(cells: Cells, at: tuple[int, int, int]) -> dict[str, JsonValue]:
    opened = cells.opening(*at)
    return {
        "at": list(at),
        "person_salt": opened.person_salt.hex(),
        "tag_salt": opened.employer_salt.hex(),
        "tag": opened.tag.hex(),
        "proof": _hexes(opened.proof),
    }


def _excluded(cells: Cells, row: int) -> dict[str, JsonValue]:
    opened = cells.exclusion(row)
    return {
        "kind": "excluded",
        "reasons": list(opened.reasons),
        "person_salt": opened.person_salt.hex(),
        "reasons_salt": opened.reasons_salt.hex(),
        "index": opened.index,
        "size": cells.excluded.size,
        "size_salt": cells.excluded.salt.hex(),
        "proof": _hexes(opened.proof),
    }


def _bounded(value: dict[str, JsonValue], limit: int) -> bytes:
    data = canonical(value)
    if len(data) > limit:
        raise RecordError("disclosure.too_large", size=len(data), limit=limit)
    return data


def _hexes(digests: Sequence[bytes]) -> list[str]:
    return [digest.hex() for digest in digests]
