"""Figures of a Janus room: rates and ages from the taps, loss and round trips from Janus' admin API.

Janus tells what a viewer reported as a share of 100 (`out-media-link-quality`, 0 before any report). It
cannot tell the round trip to a sender, whom it sends nothing; the member's receiving connection stands in.
"""

from collections.abc import Callable, Mapping
from typing import Any

from remote_eval.media.engine import LegStats, MemberId, TrackId, TrackStats
from remote_eval.media.janus.link import Json
from remote_eval.media.janus.publisher import Publisher
from remote_eval.media.janus.viewer import Viewer


def lines_of(info: Json) -> Mapping[str, Json]:
    """The m-lines of a handle's admin info, by mid; none where Janus knows none."""
    webrtc = info.get("info", {}).get("webrtc", {})
    media: dict[str, Any] = webrtc.get("media", {}) if isinstance(webrtc, dict) else {}
    return {str(line.get("mid", "")): line for line in media.values() if isinstance(line, dict)}


def round_trip(info: Json) -> float | None:
    """The newest round trip of a receiving connection in milliseconds."""
    trips = [int(_report(line).get("rtt", 0)) for line in lines_of(info).values()]
    return float(max(trips)) if any(trips) else None


def track_stats(
    publisher: Publisher,
    info: Json,
    now: float,
    rtt_ms: float | None,
    recorded: Callable[[TrackId], float | None],
) -> list[TrackStats]:
    """A publisher's tracks that are up."""
    lines = lines_of(info)
    found = []
    for track, feed in publisher.feeds().items():
        tap = publisher.taps[feed.mid]
        found.append(
            TrackStats(
                track=track,
                packets=tap.packets,
                lost=int(_report(lines.get(feed.mid, {})).get("lost", 0)),
                kbps=tap.kbps(now),
                age_ms=float("inf") if tap.newest is None else now - tap.newest,
                rtt_ms=rtt_ms,
                recorded_ms=recorded(track),
            )
        )
    return found


def leg_stats(member: MemberId, viewer: Viewer, info: Json) -> list[LegStats]:
    """A viewer's legs that are on."""
    lines = lines_of(info)
    found = []
    for mid, leg in viewer.legs.items():
        if not (leg.is_on and leg.is_answered):
            continue
        line = lines.get(mid, {})
        out = line.get("stats", {}).get("out", {})
        quality = int(_report(line).get("out-media-link-quality", 0))
        found.append(
            LegStats(
                track=leg.track,
                member=member,
                packets=int(out.get("packets", 0)),
                fraction_lost=1 - quality / 100 if 0 < quality <= 100 else 0.0,
                retransmitted=int(out.get("nacks", 0)),
            )
        )
    return found


def _report(line: Json) -> Json:
    report: Json = line.get("rtcp", {}).get("main", {})
    return report
