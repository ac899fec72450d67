"""Whether the evaluation of a draw has begun: from then on neither hour nor place is moved any more."""

from app.store.unit_of_work import UnitOfWork
from app.usecases.room import keeping
from app.usecases.rounds import rooms_of
from remote_eval.room_state import BEFORE


async def begun(uow: UnitOfWork, draw_id: str) -> bool:
    """Whether an open room of the draw's committee is past its start."""
    rooms = [one for one in await rooms_of(uow, draw_id) if one.closed_at is None]
    return any([(await keeping.read(uow, one.id)).state.phase not in BEFORE for one in rooms])
