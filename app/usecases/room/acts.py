"""What is done to a running room over HTTP: a bidder's link, the chair, the witness's report (R28, R35).

Each goes through the room's one decision after another, like a frame of its socket. A bidder's token is told
once and kept as a hash; a report is one document of what the ledger says, signed by a witness who is in the
room, and its digest is an event of the room.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from app.errors import ConflictError, Fault, InputRefusedError, NotFoundError
from app.store.repositories.rooms import CallToken, WitnessReport
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.arrival.desk import new_id
from app.usecases.operations import Actor, note
from app.usecases.principals import Principal
from app.usecases.room.live import LiveRoom
from app.usecases.room.reading import report_document
from crypto.canonical import canonical
from crypto.hashing import sha256
from remote_eval import commands as cmd
from remote_eval.checklist import open_nodes
from remote_eval.errors import EvaluationError
from remote_eval.room_events import time_text
from remote_eval.room_state import COMMITTEE, Member, RoomState

TOKEN_BYTES: Final = 32
# A released call is begun within the day's work; the link of one that is over opens nothing.
TOKEN_LIFE: Final = timedelta(hours=2)
_OPEN_CALLS: Final = frozenset({"released", "live"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLink:
    """A bidder's way in; the token is told here and never again."""

    token: str = field(repr=False)
    expires_at: str


async def call_token(live: LiveRoom, call_id: str, *, actor: Actor) -> CallLink:
    """A fresh token for a released call; one that was given before opens nothing any more.

    Raises NotFoundError ``room.unknown-call``, ConflictError ``room.call-state``.
    """
    call = live.state.calls.get(call_id)
    if call is None:
        raise NotFoundError("room.unknown-call")
    if call.state not in _OPEN_CALLS:
        raise ConflictError("room.call-state")
    token, now = live.platform.random(TOKEN_BYTES).hex(), live.platform.clock()
    row = CallToken(
        token_hash=sha256(token.encode()).hex(),
        room_id=live.row.id,
        call_id=call.id,
        bidder=call.bidder,
        issued_at=time_text(now),
        expires_at=time_text(now + TOKEN_LIFE),
    )

    async def work(uow: UnitOfWork) -> None:
        await uow.rooms.end_call_tokens(row.room_id, call.id, at=row.issued_at)
        await uow.rooms.add_call_token(row)
        await note(uow, actor, "room.call-token", f"{row.room_id}/{call.id}", now=to_text(now))

    await live.platform.database.transact(work)
    return CallLink(token=token, expires_at=row.expires_at)


async def name_chair(live: LiveRoom, member_id: str) -> None:
    """The chair that the committee has chosen. Raises NotFoundError ``room.unknown-member``."""
    member = live.state.members.get(member_id)
    if member is None or member.role not in COMMITTEE:
        raise NotFoundError("room.unknown-member")
    try:
        await live.fact(cmd.NameChair(member=member_id))
    except EvaluationError as refusal:
        raise refused(refusal) from refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """What a witness signs under: own words and the signature as drawn on the screen (PNG, base64url)."""

    words: str
    signature: str = field(repr=False)


async def sign_report(live: LiveRoom, principal: Principal, signing: Signing) -> WitnessReport:
    """Sign the witness's report: document and event are stored together or not at all.

    Raises ConflictError ``room.not-in`` for a witness who is not in the room, ``room.report-signed``;
    InputRefusedError ``room.report-open`` with every open node.
    """
    member = await _member_of(live, principal)
    made: list[WitnessReport] = []

    async def prepare(uow: UnitOfWork, state: RoomState) -> cmd.Command:
        _require_whole(state)
        report = _report(live, principal, member, signing)
        await uow.rooms.add_report(report)
        made[:] = [report]
        return cmd.SignReport(digest=report.digest)

    try:
        await live.decide_with(member, prepare)
    except EvaluationError as refusal:
        raise refused(refusal) from refusal
    return made[0]


async def _member_of(live: LiveRoom, principal: Principal) -> Member:
    async with live.platform.database.read() as uow:
        row = await uow.rooms.member(live.row.id, f"account:{principal.person}")
    member = None if row is None else live.state.members.get(row.id)
    if member is None:
        raise ConflictError("room.not-in")
    return member


def _require_whole(state: RoomState) -> None:
    if state.report is not None:
        raise ConflictError("room.report-signed")
    left = open_nodes(state)
    if left:
        faults = [Fault(code="room.node-open", figures={"node": node}) for node in left]
        raise InputRefusedError("room.report-open", faults)


def _report(live: LiveRoom, principal: Principal, member: Member, signing: Signing) -> WitnessReport:
    now = live.now()
    document = canonical(
        {
            **report_document(live.state, live.head, draw=live.row.draw_id, now=now),
            "witness": {"member": member.id, "account": principal.person, "site": member.site},
            "words": signing.words,
            "signature": signing.signature,
            "signed_at": time_text(now),
        }
    )
    return WitnessReport(
        id=new_id(live.platform, "wrp"),
        room_id=live.row.id,
        witness=principal.person,
        site=member.site,
        document=document,
        digest=sha256(document).hex(),
        signed_at=time_text(now),
    )


def refused(refusal: EvaluationError) -> InputRefusedError:
    """A refusal of the room's core as HTTP tells it: every reason at once."""
    reasons = refusal.details.get("reasons")
    found = [one["code"] for one in reasons] if isinstance(reasons, list) else [refusal.code]
    faults = [Fault(code="room.not-now", figures={"reason": str(one)}) for one in found]
    return InputRefusedError("room.cannot", faults)
