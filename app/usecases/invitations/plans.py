"""What a campaign promises the invited: when, where, for how long, what to bring, whom to call.

A plan is shown to experts before anything may be known: it names a place and an hour and nothing of the
project, the tenderee, the bidders or the agency (R12). Every fault is told at once (R73).
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from app.errors import AppError, Fault, InputRefusedError
from app.store.repositories.outbox import Message
from app.store.repositories.projects import Project
from app.store.repositories.venues import Site
from app.times import from_text, to_text
from app.usecases.delivery import templates
from draw.invitation_terms import BEIJING, Hours
from draw.model import ID, TEXT, TIME, DrawParameters
from draw.schema import Boolean, Faults, Integer, ListOf, ObjectOf, Shape

MAX_HOURS: Final = 24 * 14
MIN_TELLING: Final = 4  # shorter names are part of any sentence
_SAMPLE_LINK: Final = "https://sample.example/i#" + 26 * "0"
_IN_SITE: Final = {"area": "/plan/sites/{number}/area", "site": "/plan/sites/{number}/address"}
SITE_SHAPE: Final = ObjectOf({"site": ID, "venue": ID, "area": TEXT, "address": TEXT})
_PLAN: Final[Mapping[str, Shape]] = {
    "begins": TIME,
    "hours": Integer(1, MAX_HOURS),
    "overnight": Boolean(),
    "bring": TEXT,
    "contact": TEXT,
    "sites": ListOf(SITE_SHAPE, 16, low=1),
}
PLAN_SHAPE: Final = ObjectOf(_PLAN)
# `unbooked`: why nobody booked seats for it on the platform. It stands in no letter.
UNBOOKED_SHAPE: Final = ObjectOf({**_PLAN, "unbooked": TEXT})


def require_plan(
    plan: object,
    project: Project,
    parameters: DrawParameters,
    *,
    now: str,
    known: Iterable[Site] | None = None,
) -> Mapping[str, Any]:
    """The plan itself once it is whole; its venues are among the sites `known`, where these are given.

    Raises InputRefusedError ``campaign.refused`` with every fault.
    """
    shape = Faults()
    waived = isinstance(plan, dict) and "unbooked" in plan
    (UNBOOKED_SHAPE if waived else PLAN_SHAPE).check(plan, "", shape)
    faults = [Fault(code=f"schema.{one.code}", pointer=f"/plan{one.pointer}") for one in shape.found]
    if isinstance(plan, dict) and not faults:
        faults = [*_time_faults(plan, now), *_site_faults(plan, parameters), *_telling(plan, project)]
        faults += _waiver_faults(plan)
        if known is not None:
            faults += _venue_faults(plan, {one.id for one in known})
    if faults or not isinstance(plan, dict):
        raise InputRefusedError("campaign.refused", faults)
    return plan


def content_of(plan: Mapping[str, Any], site: str, hours: Hours) -> dict[str, str]:
    """What a letter to somebody of this site of the request says."""
    place = place_of(plan, site)
    begins = from_text(plan["begins"]) + BEIJING
    return {
        "date": f"{begins:%Y-%m-%d}",
        "start": f"{begins:%H:%M}",
        "hours": str(plan["hours"]),
        "overnight": "yes" if plan["overnight"] else "no",
        "area": str(place["area"]),
        "site": str(place["address"]),
        "bring": str(plan["bring"]),
        "contact": str(plan["contact"]),
        "reply_by": hours.reply_by,
        "cut_off": hours.cut_off,
        "arrive_by": hours.arrive_by,
    }


def place_of(plan: Mapping[str, Any], site: str) -> Mapping[str, str]:
    """Where the people of this site of the request meet."""
    found: Mapping[str, str] = next(one for one in plan["sites"] if one["site"] == site)
    return found


def unbooked(plan: Mapping[str, Any]) -> str | None:
    """Why the people of this plan go where no seat is booked for them; None: every seat has to be booked."""
    reason: str | None = plan.get("unbooked")
    return reason


def venues(plan: Mapping[str, Any]) -> dict[str, str]:
    """Venue site by site of the request."""
    return {one["site"]: one["venue"] for one in plan["sites"]}


def require_sayable(plan: Mapping[str, Any], *, now: str) -> None:
    """Raise InputRefusedError ``campaign.refused`` when a message of this plan would be refused later, with
    nobody there to ask."""
    hours = Hours(send_at=now, reply_by=now, cut_off=now, arrive_by=now)
    faults = [
        Fault(code="campaign.plan-text", pointer=pointer)
        for number, one in enumerate(plan["sites"])
        for template in ("invitation", "accepted")
        for pointer in _unsayable(template, content_of(plan, one["site"], hours), number)
    ]
    if faults:
        raise InputRefusedError("campaign.refused", faults)


def is_sayable(plan: Mapping[str, Any], what: str, *, now: str) -> bool:
    """Whether a notice of a change could carry these words."""
    hours = Hours(send_at=now, reply_by=now, cut_off=now, arrive_by=now)
    content = {**content_of(plan, plan["sites"][0]["site"], hours), "what_changed": what}
    return "what_changed" not in _faulty("put-off", content)


def tells(text: str, project: Project) -> bool:
    """Whether a text says whose project it is."""
    return any(name in text for name in _telling_names(project))


def _unsayable(template: str, content: Mapping[str, str], number: int) -> Iterable[str]:
    """The pointer of a text that this template's message could not carry."""
    for name in _faulty(template, content):
        yield _IN_SITE.get(name, "/plan/{name}").format(number=number, name=name)


def _faulty(template: str, content: Mapping[str, str]) -> tuple[str, ...]:
    """The first field that this template's message could not carry, if any."""
    values = {**content, "link": _SAMPLE_LINK}
    fields = {name: values[name] for name in templates.fields_of(template, "sms")}
    moment = content["reply_by"]
    message = Message(
        id="sample",
        channel="sms",
        template=template,
        to="",
        fields=fields,
        dedupe="sample",
        not_before=moment,
        expires_at=moment,
    )
    try:
        templates.check(message)
    except AppError as error:
        return (str(error.details.get("field", "")),)
    return ()


def _time_faults(plan: Mapping[str, Any], now: str) -> Iterable[Fault]:
    if plan["begins"] <= now:
        yield Fault(code="campaign.past", pointer="/plan/begins")


def _site_faults(plan: Mapping[str, Any], parameters: DrawParameters) -> Iterable[Fault]:
    listed = [one["site"] for one in plan["sites"]]
    wanted = [site.id for site in parameters.sites]
    for number, one in enumerate(listed):
        if one not in wanted or one in listed[:number]:
            yield Fault(code="campaign.site", pointer=f"/plan/sites/{number}/site")
    if set(wanted) - set(listed):
        yield Fault(code="campaign.site-missing", pointer="/plan/sites")


def _waiver_faults(plan: Mapping[str, Any]) -> Iterable[Fault]:
    if not (unbooked(plan) or "-").strip():
        yield Fault(code="campaign.text", pointer="/plan/unbooked")


def _venue_faults(plan: Mapping[str, Any], known: Collection[str]) -> Iterable[Fault]:
    for number, one in enumerate(plan["sites"]):
        if one["venue"] not in known:
            yield Fault(code="campaign.venue-unknown", pointer=f"/plan/sites/{number}/venue")


def _telling(plan: Mapping[str, Any], project: Project) -> Iterable[Fault]:
    """Texts that say whose project it is."""
    texts = {"/plan/bring": plan["bring"], "/plan/contact": plan["contact"]}
    for number, one in enumerate(plan["sites"]):
        texts |= {f"/plan/sites/{number}/area": one["area"], f"/plan/sites/{number}/address": one["address"]}
    for pointer, text in texts.items():
        if tells(text, project):
            yield Fault(code="campaign.plan-tells", pointer=pointer)


def _telling_names(project: Project) -> list[str]:
    document = project.document
    named = [document["title"], project.id, *(one["name"] for one in document["names"])]
    return [name for name in named if len(name) >= MIN_TELLING]


def ends(plan: Mapping[str, Any]) -> str:
    """When the evaluation of a plan is expected to end."""
    return to_text(from_text(plan["begins"]) + timedelta(hours=plan["hours"]))
