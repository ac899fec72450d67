"""Every call of the media port as a row: the names of its arguments, how each travels, how its result does.

The table is the protocol: what is not in it cannot be asked for. Arguments without a form of their own are
JSON as they are; a set travels as a sorted list (docs/spec/media-control.md §2).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from remote_eval.media.control import forms
from remote_eval.media.engine import TrackId

Form = Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


def _set_form(value: frozenset[TrackId]) -> list[str]:
    return sorted(value)


def _read_set(form: Any) -> frozenset[TrackId]:
    return frozenset(TrackId(one) for one in form)


@dataclass(frozen=True, slots=True, kw_only=True)
class Travels:
    """How one value goes out (`write`) and comes in (`read`)."""

    write: Form = _same
    read: Form = _same


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A method: its positional arguments by name, its keyword arguments, its result."""

    arguments: Mapping[str, Travels]
    keywords: Mapping[str, Travels] = field(default_factory=dict)
    result: Travels = field(default_factory=Travels)


_PLAIN: Final = Travels()
_MAP: Final = Travels(write=dict)
_LIST: Final = Travels(write=list)
_TRACKS: Final = Travels(write=_set_form, read=_read_set)
_GRANTS: Final = Travels(write=forms.grants_form, read=forms.read_grants)
_ANSWERED: Final = Travels(write=forms.answered_form, read=forms.read_answered)
_OFFERED: Final = Travels(write=forms.offered_form, read=forms.read_offered)
_ROOM: Final = {"room": _PLAIN}
_MEMBER: Final = {"room": _PLAIN, "member": _PLAIN}

CALLS: Final[Mapping[str, Call]] = MappingProxyType(
    {
        "open_room": Call(arguments=_ROOM | {"spec": Travels(write=forms.spec_form, read=forms.read_spec)}),
        "close_room": Call(arguments=_ROOM),
        "admit": Call(arguments=_MEMBER | {"grants": _GRANTS}),
        "set_grants": Call(arguments=_MEMBER | {"grants": _GRANTS}),
        "expel": Call(arguments=_MEMBER),
        "publish": Call(arguments=_MEMBER | {"offer": _PLAIN, "sources": _MAP}, result=_ANSWERED),
        "view": Call(arguments=_MEMBER | {"offer": _PLAIN, "wants": _MAP}, result=_ANSWERED),
        "offer_view": Call(
            arguments=_MEMBER | {"wants": _LIST}, keywords={"restart": _PLAIN}, result=_OFFERED
        ),
        "answer_view": Call(arguments=_MEMBER | {"answer": _PLAIN}),
        "restart": Call(arguments=_MEMBER | {"purpose": _PLAIN, "offer": _PLAIN}, result=_ANSWERED),
        "start_mask": Call(
            arguments=_ROOM
            | {"voices": _TRACKS, "profile": Travels(write=forms.profile_form, read=forms.read_profile)}
        ),
        "set_voices": Call(arguments=_ROOM | {"track": _PLAIN, "voices": _TRACKS}),
        "stop_mask": Call(arguments=_ROOM | {"track": _PLAIN}),
        "stats": Call(arguments=_ROOM, result=Travels(write=forms.stats_form, read=forms.read_stats)),
    }
)
