"""Figures of the recorder that a site may change, each with its unit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Milliseconds, packets and bytes as the names say."""

    hold_ms: float = 600.0
    cluster_ms: float = 1000.0
    cluster_bytes: int = 1024 * 1024
    queue_packets: int = 20_000
    # Holes of sound shorter than this are counted in the frame, longer ones are gaps of their own.
    gap_ms: float = 100.0
    # Nothing came for so long though no number is missing: a muted or stalled source.
    stall_ms: float = 1000.0
    # A source that sends nothing for so long is an alarm.
    quiet_ms: float = 5000.0
    keyframe_every_ms: float = 10_000.0
    ask_again_ms: float = 1000.0
    clock_facts_ms: float = 10_000.0
    heads_ms: float = 60_000.0
    free_floor_bytes: int = 2 * 1024**3
    drift_ppm: float = 300.0
    # A recorder thread that gives no sign of life for so long is replaced.
    heartbeat_ms: float = 5000.0
    tick_ms: float = 50.0
