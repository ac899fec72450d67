"""Acts on a closed room's recordings, their custodian, and holds (R25, R27, R38).

An act is appended under the number that its writer read before: two at once cannot both be right. Deletions
are `app.usecases.room.deleting`, checks `app.usecases.room.fixity`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.errors import AccessRefusedError, CipherError, ConflictError, Fault, InputRefusedError, NotFoundError
from app.store.repositories.preservation import Custodian
from app.store.repositories.rooms import RoomRow
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.arrival.desk import new_id
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.principals import OPERATOR, Principal
from remote_eval import preservation
from remote_eval.errors import PreservationError
from remote_eval.preservation import Act, Course, Terms
from remote_eval.room_events import moment_of

SALT_BYTES: Final = 16
DELETION_TIMER: Final = "recording-deletion"
# Who acts where a timer does.
WORKER: Final = "worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Who acts and why; the words may name people."""

    actor: Actor
    words: str = field(repr=False)


@dataclass(slots=True, kw_only=True)
class Preserved:
    """The recordings of one room inside one transaction: its acts, and what they had come to when read."""

    uow: UnitOfWork
    platform: Platform
    row: RoomRow
    course: Course
    count: int

    async def append(
        self,
        kind: str,
        *,
        actor: str,
        subject: str | None = None,
        body: Mapping[str, Any] | None = None,
        words: bytes | None = None,
    ) -> Act:
        """The next act. Raises WriteConflictError when another was first."""
        self.count += 1
        now = self.platform.now()
        act = Act(number=self.count, kind=kind, at=now, actor=actor, subject=subject, body=body or {})
        await self.uow.preservation.add(self.row.id, act, words=words)
        return act

    async def say(
        self, kind: str, subject: str, said: Said, *, body: Mapping[str, Any] | None = None
    ) -> bytes:
        """The next act, with its words and in the operation log; gives the words as kept, salt in front."""
        words = self.platform.random(SALT_BYTES) + said.words.encode()
        person = said.actor.person
        act = await self.append(kind, actor=person, subject=subject, body=body, words=words)
        await note(self.uow, said.actor, f"recording.{kind}", f"{self.row.id}/{subject}", now=act.at)
        return words


async def preserved(uow: UnitOfWork, platform: Platform, row: RoomRow) -> Preserved:
    """A room's recordings. Raises ConflictError ``preservation.acts``."""
    acts, course = await course_of(uow, row.id)
    return Preserved(uow=uow, platform=platform, row=row, course=course, count=len(acts))


async def course_of(uow: UnitOfWork, room_id: str) -> tuple[list[Act], Course]:
    """A room's acts and what they have come to. Raises ConflictError ``preservation.acts``."""
    acts = await uow.preservation.acts(room_id)
    try:
        return acts, preservation.fold(acts)
    except PreservationError as error:
        raise ConflictError(error.code, **error.details) from error


async def hold(uow: UnitOfWork, platform: Platform, row: RoomRow, said: Said) -> str:
    """Nothing of the room is deleted until the hold, whose id this gives, is released."""
    subject = new_id(platform, "rhd")
    await (await preserved(uow, platform, row)).say(preservation.HOLD, subject, said)
    return subject


async def release(uow: UnitOfWork, platform: Platform, row: RoomRow, hold_id: str, *, said: Said) -> None:
    """End a hold. Raises NotFoundError ``preservation.unknown``."""
    kept = await preserved(uow, platform, row)
    if hold_id not in kept.course.holds:
        raise NotFoundError("preservation.unknown")
    await kept.say(preservation.RELEASE, hold_id, said)
    await go_on(kept)


async def go_on(kept: Preserved) -> None:
    """Deletions that were approved and kept waiting come up again."""
    for deletion in kept.course.approved:
        await kept.uow.timers.set(DELETION_TIMER, f"{kept.row.id}/{deletion}", kept.platform.now())


async def name_custodian(
    uow: UnitOfWork, platform: Platform, principal: Principal, login: str, *, actor: Actor
) -> None:
    """Name who keeps the recordings from now on, an operator by its login.

    Raises InputRefusedError ``preservation.refused`` unless there is such an account that can be used.
    """
    user = await uow.users.by_login(login)
    usable = user is not None and user.approved_by is not None and user.disabled_at is None
    if user is None or not usable or (user.role, user.mode) != (OPERATOR, principal.mode):
        fault = Fault(code="preservation.account", pointer="/login")
        raise InputRefusedError("preservation.refused", [fault])
    now = platform.now()
    await uow.preservation.name_custodian(Custodian(user_id=user.id, named_by=actor.person, at=now))
    await note(uow, actor, "recording.custodian", user.id, now=now)


async def require_custodian(uow: UnitOfWork, actor: Actor) -> None:
    """Raise AccessRefusedError ``preservation.custodian`` for everybody but the custodian (R27)."""
    custodian = await uow.preservation.custodian()
    user = None if custodian is None else await uow.users.get(custodian.user_id)
    if user is None or user.person != actor.person:
        raise AccessRefusedError("preservation.custodian")


def until(row: RoomRow, klass: str, terms: Terms) -> str | None:
    """Until when a class is kept at least; None for a room that is not closed."""
    if row.closed_at is None:
        return None
    return to_text(preservation.kept_until(moment_of(row.closed_at), terms.months[klass]))


async def words_of(uow: UnitOfWork, room_id: str) -> dict[int, str]:
    """What was said with each act, by number; nothing where it does not open any more."""
    try:
        sealed = await uow.preservation.words(room_id)
    except CipherError:
        return {}
    return {number: one[SALT_BYTES:].decode("utf-8", "replace") for number, one in sealed.items()}
