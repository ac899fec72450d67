"""The manifest of a part: what one signature over one document covers (docs/spec/recording.md §9).

It is made from the indexes alone, so that whoever has the folder makes the same bytes again. Signing is done
elsewhere.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from crypto.canonical import canonical
from remote_eval.media.recording.contents import Contents, Listed, indexes
from remote_eval.media.recording.gaps import gaps_of

MAX_LISTED: Final = 10_000
_FACTS: Final = ("shift_us", "behind_us", "rtt_us", "drift_ppb")


def manifest_bytes(folder: Path, part: int) -> bytes:
    """The canonical bytes of a part's manifest."""
    return manifest_of(list(indexes(folder, part)), part)


def recordings_of(every: Sequence[Contents]) -> list[dict[str, Any]]:
    """Every recording with its head, span and counts."""
    return [
        _recording(listed)
        for one in every
        for listed in sorted(one.files.values(), key=lambda listed: (listed.track, listed.piece))
    ]


def manifest_of(every: Sequence[Contents], part: int) -> bytes:
    """As `manifest_bytes`, from the indexes of the part, read already."""
    gaps = gaps_of(every)
    drifts = [_drift(one, track, lines) for one in every for track, lines in sorted(one.drifts.items())]
    return canonical(
        {
            "protocol": "qt/1",
            "kind": "recording-manifest",
            "part": part,
            "recorders": [_recorder(one) for one in every],
            "recordings": recordings_of(every),
            "gaps": [
                {"track": one.track, "from": one.since, "to": one.until, "cause": one.cause}
                for one in gaps[:MAX_LISTED]
            ],
            "gaps_not_listed": max(0, len(gaps) - MAX_LISTED),
            "clocks": [
                _clock(one, track, lines) for one in every for track, lines in sorted(one.clocks.items())
            ],
            **({"drifts": drifts} if drifts else {}),
        }
    )


def _recorder(one: Contents) -> dict[str, Any]:
    begin = one.begin or {}
    return {
        "index": one.path.name,
        "lines": one.lines,
        "link": one.link.hex(),
        "room": begin.get("room"),
        "opened_at": begin.get("opened_at"),
        "from": begin.get("at"),
        "to": one.last_ms,
        "cause": begin.get("cause"),
        "closed": one.end is not None,
    }


def _recording(listed: Listed) -> dict[str, Any]:
    frames = listed.frames
    return {
        "file": listed.name,
        "track": listed.track,
        "class": listed.klass,
        "frames": len(frames),
        "bytes": frames[-1][0] + 4 + frames[-1][1] if frames else 0,
        "from": frames[0][3] if frames else None,
        "to": max((frame[4] for frame in frames), default=None),
        "head": (frames[-1][2] if frames else listed.start).hex(),
        **{name: listed.lost.get(name, 0) for name in ("lost", "filled", "refused")},
    }


def _clock(one: Contents, track: str, lines: list[Mapping[str, Any]]) -> dict[str, Any]:
    """First and last mapping of a track's ticks, and the range of each fact between them."""
    ranges = {}
    for name in _FACTS:
        known = [line[name] for line in lines if line[name] is not None]
        ranges[name] = [min(known), max(known)] if known else None
    kept = ("at", "ssrc", "ntp_us", "rtp", "rate", "shift_us")
    return {
        "letter": one.letter,
        "track": track,
        "first": {name: lines[0][name] for name in kept},
        "last": {name: lines[-1][name] for name in kept},
        "jumps": sum(bool(line["jump"]) for line in lines),
        **ranges,
    }


def _drift(one: Contents, track: str, lines: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The range of what arrivals told of the clock of a member without reports."""
    told = [line["drift_ppb"] for line in lines]
    return {"letter": one.letter, "track": track, "by": lines[-1]["by"], "drift_ppb": [min(told), max(told)]}
