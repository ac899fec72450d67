"""Alerts of a site: seen, and closed by somebody with name and reason; the time to close is kept (R17, R22).

Closing the last alarm of the detectors at a gate lets those whom it held ask for the gate again.
"""

from app.errors import ConflictError, InputRefusedError, NotFoundError
from app.store.repositories.gates import SiteAlert
from app.store.unit_of_work import UnitOfWork
from app.times import from_text
from app.usecases.arrival.desk import step
from app.usecases.arrival.gates import DETECTOR_ALARM
from app.usecases.arrival.ledger import Act
from app.usecases.arrival.texts import fault
from app.usecases.arrival.turning_away import require_other
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.principals import Principal, require_site
from remote_eval import arrival as way


async def close(
    uow: UnitOfWork, platform: Platform, principal: Principal, alert_id: str, *, reason: str, actor: Actor
) -> SiteAlert:
    """Close one alert of the caller's site.

    Raises NotFoundError ``alert.unknown``, InputRefusedError ``alert.reason`` for a blank reason,
    ConflictError ``alert.closed``, ``alert.two-persons`` for whoever turned somebody away.
    """
    if not reason.strip():
        raise InputRefusedError("alert.reason", [fault("alert.reason", "/reason")])
    alert = await uow.gates.alert(alert_id)
    if alert is None:
        raise NotFoundError("alert.unknown")
    require_site(principal, alert.site, missing="alert.unknown")
    await require_other(uow, alert, actor=actor)
    act = Act(platform=platform, site=alert.site, actor=actor, now=platform.now())
    if not await uow.gates.close_alert(alert.id, by=actor.person, note=reason, now=act.now):
        raise ConflictError("alert.closed")
    seconds = int((from_text(act.now) - from_text(alert.opened_at)).total_seconds())
    await act.enter(uow, "alert-closed", alert=alert.id, about=alert.kind, reason=reason, seconds=seconds)
    await note(uow, actor, "desk.close-alert", alert.id, now=act.now)
    if alert.kind == DETECTOR_ALARM and alert.gate is not None:
        await _let_go(uow, act, alert.gate)
    return await uow.gates.alert(alert.id) or alert


async def _let_go(uow: UnitOfWork, act: Act, gate: str) -> None:
    if await uow.gates.open_at_gate(gate, DETECTOR_ALARM):
        return
    for arrival_id in await uow.gates.held_at(gate):
        arrival = await uow.arrivals.get(arrival_id)
        if arrival is not None and arrival.state == way.DETECTOR_HOLD:
            await step(uow, arrival, way.DEPOSITED, shown={"clearance"}, now=act.now)
            await act.enter(uow, "detector-cleared", arrival=arrival.id, gate=gate)
