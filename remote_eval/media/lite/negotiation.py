"""From an offer to inlets or legs and an answer. Everything is read and refused before anything changes.

What an m-line gets wrong by itself is refused by mid; what the whole offer gets wrong is a MediaError.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from remote_eval.errors import MediaError
from remote_eval.media.engine import (
    KIND_OF,
    MASKED,
    MAX_LEGS_PER_VIEW,
    MAX_TRACKS_PER_MEMBER,
    Grants,
    TrackId,
)
from remote_eval.media.lite.answer import Direction, Line, Sent
from remote_eval.media.lite.codecs import Choice, choose, kind_of
from remote_eval.media.lite.leg import Leg, Outlet
from remote_eval.media.lite.sdp import Description, Section
from remote_eval.media.lite.track import Track

NOT_GRANTED = "not-granted"
NO_TRACK = "no-track"
WRONG_KIND = "wrong-kind"
CODEC = "codec"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an offer comes to: choices by mid for what is carried, codes for the refused, lines to write."""

    choices: Mapping[str, Choice]
    refused: Mapping[str, str]
    lines: tuple[Line, ...]


def plan_publish(offer: Description, sources: Mapping[str, str], grants: Grants) -> Plan:
    """Look at what a member wants to send. Raises ``media.sdp`` for mids and sources that make no sense."""
    _check_mids(offer, sources)
    known = set(KIND_OF) - {MASKED}
    if len(sources) > MAX_TRACKS_PER_MEMBER or len(set(sources.values()) & known) != len(sources):
        raise MediaError("media.sdp", reason="sources")
    refused: dict[str, str] = {}
    choices: dict[str, Choice] = {}
    lines: list[Line] = []
    for section in offer.sections:
        choice = None if section.is_rejected else choose(section, with_mid=True)
        source = sources.get(section.mid)
        code = _refuse_publish(section, source, choice, grants)
        if code is not None and source is not None:
            refused[section.mid] = code
        if source is not None and section.direction not in {"sendonly", "sendrecv"}:
            raise MediaError("media.sdp", reason="direction")
        if code is None and choice is not None:
            choices[section.mid] = choice
        lines.append(_line(section, choice, "recvonly" if section.mid in choices else "inactive", None))
    return Plan(choices=choices, refused=refused, lines=tuple(lines))


def _refuse_publish(
    section: Section, source: str | None, choice: Choice | None, grants: Grants
) -> str | None:
    if source is None or source not in grants.publish:
        return NOT_GRANTED
    if kind_of(section) != KIND_OF[source]:
        return WRONG_KIND
    return CODEC if choice is None else None


def plan_view(
    offer: Description,
    wants: Mapping[str, TrackId],
    grants: Grants,
    tracks: Mapping[TrackId, Track],
    legs: Mapping[str, Leg],
    *,
    draw_ssrc: Callable[[], int],
) -> tuple[Plan, dict[str, Outlet]]:
    """Look at what a member wants to receive; legs that run keep their outlets."""
    _check_mids(offer, wants)
    if len(wants) > MAX_LEGS_PER_VIEW:
        raise MediaError("media.sdp", reason="wants")
    refused: dict[str, str] = {}
    choices: dict[str, Choice] = {}
    outlets: dict[str, Outlet] = {}
    lines: list[Line] = []
    for section in offer.sections:
        name = wants.get(section.mid)
        before = legs.get(section.mid)
        # A leg that the client does not speak of stays, granted now or not: it is off meanwhile.
        is_kept = name is None and before is not None
        if name is None and before is not None:
            name = before.track.name
        choice = None if section.is_rejected else choose(section, with_mid=False)
        code = _refuse_view(section, name, choice, grants, tracks, is_kept=is_kept)
        if code is not None and section.mid in wants:
            refused[section.mid] = code
        sent = None
        if code is None and name is not None and choice is not None and _receives(section):
            choices[section.mid] = choice
            outlet = outlets[section.mid] = _outlet(section.mid, choice, before, draw_ssrc)
            stream = name.rpartition("/")[0]
            sent = Sent(ssrc=outlet.ssrc, repair_ssrc=outlet.repair_ssrc, stream=stream, track=name)
        lines.append(_line(section, choice, "inactive" if sent is None else "sendonly", sent))
    return Plan(choices=choices, refused=refused, lines=tuple(lines)), outlets


def _receives(section: Section) -> bool:
    return section.direction in {"recvonly", "sendrecv"}


def _refuse_view(
    section: Section,
    name: TrackId | None,
    choice: Choice | None,
    grants: Grants,
    tracks: Mapping[TrackId, Track],
    *,
    is_kept: bool,
) -> str | None:
    if name is None or (name not in grants.receive and not is_kept):
        return NOT_GRANTED
    track = tracks.get(name)
    if track is None or not (track.is_up or is_kept):
        return NO_TRACK
    if kind_of(section) != track.kind:
        return WRONG_KIND
    return CODEC if choice is None else None


def _outlet(mid: str, choice: Choice, before: Leg | None, draw_ssrc: Callable[[], int]) -> Outlet:
    if before is not None:
        return before.outlet
    has_repair = choice.repair_type is not None
    return Outlet(
        mid=mid,
        ssrc=draw_ssrc(),
        repair_ssrc=draw_ssrc() if has_repair else None,
        types=choice.types,
        repair_type=choice.repair_type,
        level_id=next(iter(choice.extensions.values()), None),
    )


def _check_mids(offer: Description, named: Mapping[str, str]) -> None:
    mids = {section.mid for section in offer.sections}
    if not set(named) <= mids:
        raise MediaError("media.sdp", reason="mid")
    live = {section.mid for section in offer.sections if section.is_media and not section.is_rejected}
    if not live <= set(offer.bundle):
        raise MediaError("media.sdp", reason="bundle")


def _line(section: Section, choice: Choice | None, direction: Direction, sent: Sent | None) -> Line:
    if choice is None:
        return Line(section=section, direction="rejected")
    return Line(
        section=section,
        direction=direction,
        codecs=choice.codecs,
        extensions=choice.extensions,
        sent=sent,
    )
