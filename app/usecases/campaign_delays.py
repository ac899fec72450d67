"""A start that was put off: which one stands, and what the log's record of it says.

Putting off is `app.usecases.day.putting_off`; rooms, campaigns and desks read here what came of it.
"""

from typing import Final

from app.store.repositories.campaigns import CampaignRow, Delay
from app.store.unit_of_work import UnitOfWork
from app.usecases.rounds import rounds_of
from crypto.canonical import JsonValue, canonical

FORMAT: Final = "qt/1 start"


async def standing_delay(uow: UnitOfWork, campaign: CampaignRow) -> Delay | None:
    """The delay by which the campaign begins when it does; None where it was not put off, or moved since."""
    made = await uow.campaigns.delays(campaign.id)
    return made[-1] if made and made[-1].begins == campaign.begins else None


async def delay_of_draw(uow: UnitOfWork, draw_id: str) -> Delay | None:
    """The latest such delay of a draw's committee; None where no round of it was put off."""
    found = [await uow.campaigns.of_draw(one.id) for one in await rounds_of(uow, draw_id)]
    made = [await standing_delay(uow, one) for one in found if one is not None]
    return max((one for one in made if one is not None), key=lambda one: one.begins, default=None)


def document(k: int, made: Delay) -> bytes:
    """What the log's record of a delay of draw k is the digest of."""
    said: dict[str, JsonValue] = {
        "format": FORMAT,
        "draw": k,
        "number": made.number,
        "from": made.before,
        "to": made.begins,
        "reason": made.reason,
        "words": made.words,
        "extended": made.extended,
        "at": made.put_off_at,
    }
    return canonical(said)
