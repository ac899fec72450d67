"""Who sits in two evaluations at the same time, once a start has got another hour (K14).

Whoever was drawn was free for the hours of the seal only. Operators learn how many, never who; a supervisor
has everybody judged anew, and whoever is bound elsewhere is replaced as for any conflict.
"""

from typing import Final

from app.store.repositories.draws import DrawRow
from app.usecases import engagements, invites
from app.usecases.invites import Holder
from app.usecases.platform import Platform

# Words for operator and supervisor; they name nobody.
REVIEW: Final = (
    "改时间后有人与其他评标时间冲突，请复核 somebody sits elsewhere at the new hours: check for conflicts"
)


async def clashing(
    platform: Platform, row: DrawRow, *, since: str | None = None, until: str | None = None
) -> list[Holder]:
    """Who sits in this draw and in another one that meets [since, until]; None: the hours that hold now.

    Raises ConflictError ``draw.state`` before the draw and after it was given up.
    """
    start, end = since or row.evaluation_from, until or row.evaluation_to
    held = [one for one in await invites.holders(platform, row) if one is not None]
    if start is None or end is None:
        return []
    async with platform.database.read() as uow:
        busy = await engagements.busy(uow, platform, row, since=start, until=end)
    return [one for one in held if one.record.person in busy]
