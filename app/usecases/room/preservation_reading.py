"""What is told of the preservation of a room's recordings, as JSON."""

from typing import Any, Final

from app.gateways.room_pack import room_pack
from app.store.repositories.rooms import RoomRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.platform import Platform
from app.usecases.room import deleting
from app.usecases.room.fixity import CHECK_TIMER
from app.usecases.room.preserving import Preserved, preserved, until, words_of
from remote_eval import preservation

_PARAMETER: Final = "retention.{}_months"


async def preservation_json(uow: UnitOfWork, platform: Platform, row: RoomRow) -> dict[str, Any]:
    """Terms, obstacles, what is open, and every act. Raises ConflictError ``preservation.acts``."""
    kept = await preserved(uow, platform, row)
    words = await words_of(uow, row.id)
    due = await uow.timers.get(CHECK_TIMER, row.id)
    course = kept.course
    return {
        "room": row.id,
        "closed_at": row.closed_at,
        "custodian": await custodian_json(uow),
        "next_check": None if due is None else due.due_at,
        "terms": [await _term(kept, klass) for klass in preservation.CLASSES],
        "holds": list(course.holds),
        "incidents": list(course.incidents),
        "proposals": list(course.proposals),
        "approved": list(course.approved),
        "acts": [
            {
                "number": one.number,
                "kind": one.kind,
                "at": one.at,
                "by": await _login(uow, one.actor),
                "subject": one.subject,
                "words": words.get(one.number),
                "body": one.body,
            }
            for one in await uow.preservation.acts(row.id)
        ],
    }


async def custodian_json(uow: UnitOfWork) -> dict[str, Any]:
    """Who keeps the recordings, by login; nulls while nobody was named."""
    found = await uow.preservation.custodian()
    if found is None:
        return {"login": None, "named_by": None, "at": None}
    user = await uow.users.get(found.user_id)
    return {
        "login": None if user is None else user.login,
        "named_by": await _login(uow, found.named_by),
        "at": found.at,
    }


async def _term(kept: Preserved, klass: str) -> dict[str, Any]:
    pack = room_pack()
    rule = pack.parameters[_PARAMETER.format(klass)]
    found = await deleting.circumstances(kept, klass)
    return {
        "klass": klass,
        "months": rule.value,
        "until": until(kept.row, klass, pack.terms),
        "source": rule.source,
        "status": rule.status,
        "zh": rule.zh,
        "en": rule.en,
        "files": len(set(found.files) - kept.course.erased),
        "obstacles": preservation.obstacles(kept.course, klass, found),
    }


async def _login(uow: UnitOfWork, person: str) -> str:
    user = await uow.users.get(person)
    return person if user is None else user.login
