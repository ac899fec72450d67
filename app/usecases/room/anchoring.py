"""What of a room stands in the log of its draw: heads of its ledger, and of its recordings (R24, R27).

At each phase, when somebody was moved to another seat, and once it is closed, the head of the room's ledger
becomes a record of topic ``room``. While the recorder runs, the newest heads of its chains become a record of
topic ``recording`` once a minute; a part that has ended leaves its whole manifest. So nothing before an
anchor can be changed, cut or added to.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from app.errors import AppError, QuorumMissingError
from app.store.repositories.draws import DrawRow
from app.store.repositories.rooms import RecordingAnchor, RoomAnchor, RoomRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.invites import log_record
from app.usecases.platform import Platform
from app.usecases.room.live import LiveRoom
from crypto.canonical import JsonValue, canonical
from draw.errors import DrawError
from remote_eval.room_ledger import head_document

LOG: Final = structlog.get_logger("qiantong.room")
ANCHOR_SECONDS: Final = 60.0
# Kinds of events after which the room's head goes into the log.
ANCHORED: Final = frozenset({"opened", "phase", "swap", "closed"})


async def anchor_room(live: LiveRoom) -> None:
    """Put the head of a room's ledger into the log; a refusal is told and stops nothing."""
    head, now = live.head, live.platform.now()
    document = head_document(head, phase=live.state.phase)

    async def work(uow: UnitOfWork) -> int:
        for one in await uow.rooms.anchors(head.room):
            if one.seq == head.seq:
                return one.log_index
        row = await _draw(uow, live.row)
        index = await log_record(uow, live.platform, row, topic="room", document=document, now=now)
        await uow.rooms.add_anchor(
            RoomAnchor(
                room_id=head.room, seq=head.seq, document=document.decode("ascii"), log_index=index, at=now
            )
        )
        return index

    await _logged(live.platform, live.row, work, "room")


async def anchor_recording(
    platform: Platform,
    room: RoomRow,
    *,
    part: int,
    heads: Mapping[str, Mapping[str, JsonValue]],
    manifest: bytes | None = None,
) -> None:
    """Put the heads of a part's recordings into the log, or its manifest once the part has ended."""
    now = platform.now()
    document = manifest or canonical(
        {
            "format": "qt/1 recording-heads",
            "room": room.id,
            "part": part,
            "heads": {name: dict(head) for name, head in heads.items()},
        }
    )

    async def work(uow: UnitOfWork) -> int:
        row = await _draw(uow, room)
        index = await log_record(uow, platform, row, topic="recording", document=document, now=now)
        await uow.rooms.add_recording_anchor(
            RecordingAnchor(
                room_id=room.id,
                part=part,
                number=await uow.rooms.next_recording_anchor(room.id, part),
                document=document.decode("utf-8"),
                log_index=index,
                at=now,
                final=int(manifest is not None),
            )
        )
        return index

    await _logged(platform, room, work, "recording")


async def _draw(uow: UnitOfWork, room: RoomRow) -> DrawRow:
    row = await uow.draws.get(room.draw_id)
    if row is None:
        raise AppError("draw.unknown")
    return row


async def _logged(
    platform: Platform, room: RoomRow, work: Callable[[UnitOfWork], Awaitable[int]], topic: str
) -> None:
    try:
        index = await platform.database.transact(work)
        await platform.publisher.covering(index + 1, now=platform.clock)
    except QuorumMissingError:
        LOG.warning("room.anchor-unpublished", room=room.id, topic=topic)
    except (AppError, DrawError) as error:
        LOG.warning("room.anchor-refused", room=room.id, topic=topic, code=str(error))
