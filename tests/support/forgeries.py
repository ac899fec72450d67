"""Every forged bundle, pool file and receipt: FORGERIES, by the check of draw-proof §10 that must find it."""

from typing import Final

from tests.support import (
    forgeries_beacon,
    forgeries_bounds,
    forgeries_ceremony,
    forgeries_eligibility,
    forgeries_format,
    forgeries_grounds,
    forgeries_invitations,
    forgeries_log,
    forgeries_opening,
    forgeries_receipts,
)
from tests.support.forgery import Evidence, Forgery, registered

__all__ = ["FORGERIES", "SOURCES", "Evidence", "Forgery"]

# Importing a module registers its forgeries.
SOURCES: Final = (
    forgeries_format,
    forgeries_log,
    forgeries_ceremony,
    forgeries_beacon,
    forgeries_opening,
    forgeries_eligibility,
    forgeries_receipts,
    forgeries_bounds,
    forgeries_invitations,
    forgeries_grounds,
)
FORGERIES: Final[list[Forgery]] = registered()
