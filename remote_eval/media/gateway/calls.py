"""What a hub asks of a gateway beyond the media port: links, recordings (docs/spec/site-gateway.md §4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from remote_eval.media.control.calls import CALLS, Call, Travels
from remote_eval.media.engine import TrackId

Way = Literal["up", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOffer:
    """A gateway's offer of a link: the track of each m-line that carries."""

    sdp: str
    mids: Mapping[str, TrackId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file of recordings at a gateway: its name and how many bytes of it are on the disk now."""

    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some bytes of a file and their SHA-256."""

    data: bytes
    digest: bytes


def _link_form(offer: LinkOffer) -> Any:
    return {"sdp": offer.sdp, "mids": dict(offer.mids)}


def _read_link(form: Any) -> LinkOffer:
    return LinkOffer(**form)


def _kept_form(kept: list[Kept]) -> Any:
    return [[one.name, one.size] for one in kept]


def _read_kept(form: Any) -> list[Kept]:
    return [Kept(name=str(name), size=int(size)) for name, size in form]


def _piece_form(piece: Piece) -> Any:
    return {"data": piece.data.hex(), "digest": piece.digest.hex()}


def _read_piece(form: Any) -> Piece:
    return Piece(data=bytes.fromhex(form["data"]), digest=bytes.fromhex(form["digest"]))


_PLAIN: Final = Travels()
_LINK: Final = {"room": _PLAIN, "link": _PLAIN}

GATEWAY_CALLS: Final[Mapping[str, Call]] = MappingProxyType(
    {
        **CALLS,
        "carry": Call(
            arguments=_LINK | {"way": _PLAIN, "tracks": Travels(write=list), "pinned": _PLAIN},
            result=Travels(write=_link_form, read=_read_link),
        ),
        "carried": Call(arguments=_LINK | {"answer": _PLAIN}),
        "drop": Call(arguments=_LINK),
        "drop_all": Call(arguments={"room": _PLAIN}),
        "retain": Call(arguments={"room": _PLAIN, "members": Travels(write=sorted, read=frozenset)}),
        "raw_voices": Call(
            arguments={"room": _PLAIN, "mask": _PLAIN, "voices": Travels(write=sorted, read=frozenset)}
        ),
        "kept": Call(arguments={"room": _PLAIN}, result=Travels(write=_kept_form, read=_read_kept)),
        "piece": Call(
            arguments={"room": _PLAIN, "name": _PLAIN, "offset": _PLAIN, "length": _PLAIN},
            result=Travels(write=_piece_form, read=_read_piece),
        ),
    }
)
