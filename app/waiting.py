"""Running a draw to a state with patience for a beacon round that is not due yet."""

import asyncio
from collections.abc import Callable

from app.gateways.beacons import BeaconUnavailableError
from app.store.repositories.draws import DrawRow
from app.usecases.ceremony import Ceremony


async def run_patiently(
    ceremony: Ceremony, draw_id: str, *, until: str, waits: Callable[[int], None]
) -> DrawRow:
    """`Ceremony.run`, again when the beacon is due; `waits` hears the seconds before each wait. Raises as it
    does.
    """
    while True:
        try:
            return await ceremony.run(draw_id, until=until)
        except BeaconUnavailableError as error:
            if error.code != "beacon.not-due":
                raise
            seconds = int(str(error.details["seconds"]))
            waits(seconds)
            await asyncio.sleep(seconds)
