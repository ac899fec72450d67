"""One recorder's work on one part of a room: all its tracks, its index, its alarms (recording.md §5 to §8).

Runs on the recorder's thread and is told the time; files are its only side effect. `OSError` of a write is
answered here by an alarm and a gap; anything else that goes wrong ends the recorder, and another takes over.
"""

from collections.abc import Mapping
from typing import Final

from remote_eval.errors import RecordingError
from remote_eval.media.engine import ROOM_CLASS, Kind, TrackId
from remote_eval.media.recording.alarms import CLOCK, DISK, FROZEN, SILENT, Alarms
from remote_eval.media.recording.clock import MemberClock, arrival_facts, clock_facts
from remote_eval.media.recording.filing import Desk, Filing
from remote_eval.media.recording.index import last_values
from remote_eval.media.recording.matroska import Block
from remote_eval.media.recording.names import LETTERS, Place, index_name
from remote_eval.media.recording.rtp import parse_report
from remote_eval.media.recording.setting import Probe, Setting
from remote_eval.media.recording.track import Track

_TAIL_BYTES: Final = 256 * 1024
# Closed for these a track is one that goes on: the hole ends where it is back, or with the part (`gaps`).
_GOES_ON: Final = frozenset({"gateway", "renewed"})


class PartRecorder:
    """One letter of one part. All calls come from one thread; `now` and arrivals are room time in ms."""

    def __init__(
        self, setting: Setting, alarms: Alarms, probe: Probe | None, now: float, cause: str | None
    ) -> None:
        """`cause`: why this recorder takes over from another one. Raises OSError or RecordingError."""
        self._set, self._alarms, self._probe = setting, alarms, probe
        self._limits = setting.limits
        self._desks: dict[str, Desk] = {}
        self._members: dict[str, MemberClock] = {}
        self._cause = cause or "process"
        self._heads_at = now
        self._space_at = float("-inf")
        self._free = 0
        # By track, open or not.
        self._classes: dict[str, str] = {}
        self._ends, self.letter = self._place()
        plan = setting.plan
        self._filing = Filing(setting, self.letter)
        self._filing.add(
            {
                "is": "begin",
                "protocol": "qt/1",
                "room": plan.room,
                "part": plan.part,
                "letter": self.letter,
                "opened_at": round(setting.opened_at),
                "at": round(now),
                "cause": cause,
            }
        )
        self._filing.begin()

    def retire(self) -> None:
        """From any thread: another recorder works in this one's place, and this one writes no more."""
        self._filing.retired = True

    def open_track(self, track: TrackId, kind: Kind, payload_types: Mapping[int, str], now: float) -> None:
        """A track begins or begins anew. Raises RecordingError ``recording.name`` or ``recording.codec``."""
        desk = self._desks.get(track)
        if desk is None:
            desk = self._desks[track] = self._new_desk(track, kind, payload_types)
            if desk.track.end is None:
                # A track that is open and sends nothing has a gap from its first moment on.
                desk.track.end = now
        elif desk.track.kind != kind or desk.track.codec not in payload_types.values():
            raise RecordingError("recording.codec")
        else:
            self.close_track(track, "renewed", now)
            desk.track.begin(payload_types)
            desk.up = True
        desk.heard = now
        self._filing.add({"is": "open", "track": track, "at": round(now), "codec": desk.track.codec})

    def seal(self, track: TrackId, klass: str) -> None:
        """What arrives of this track from now on is of this class, whether it is open or not."""
        self._classes[track] = klass
        desk = self._desks.get(track)
        if desk is not None:
            desk.track.seal(klass)

    def packet(self, track: TrackId, data: bytes, arrived: float) -> None:
        """One packet of an open track; others are nobody's."""
        desk = self._desks.get(track)
        if desk is not None and desk.up:
            desk.track.packet(data, arrived)
            if desk.track.blocks:
                self._gather(desk, arrived)

    def report(self, track: TrackId, data: bytes) -> None:
        """One sender report."""
        desk, report = self._desks.get(track), parse_report(data)
        if desk is not None and desk.up and report is not None:
            desk.track.report(report)

    def round_trip(self, track: TrackId, rtt_ms: float, now: float) -> None:
        """The newest round trip to a track's sender."""
        member = self._members.get(track.partition("/")[0])
        if member is not None:
            member.round_trip(rtt_ms, now)

    def lost_here(self, track: TrackId, cause: str) -> None:
        """Packets of this track were dropped before they came here."""
        desk = self._desks.get(track)
        if desk is not None:
            desk.track.interrupt(cause)

    def close_track(self, track: TrackId, cause: str, now: float) -> None:
        """A track ended; its file stays open, it may come back."""
        desk = self._desks.get(track)
        if desk is None or not desk.up:
            return
        desk.track.finish()
        if cause not in _GOES_ON:
            desk.track.trail(now)
        self._gather(desk, now)
        self._filing.write(desk)
        desk.up = False
        desk.track.interrupt(_cause_text(cause))
        self._alarms.forget(track)
        if self._probe is not None:
            self._probe.forget(track)
        self._filing.add({"is": "close", "track": track, "at": round(now), "cause": _cause_text(cause)})

    def tick(self, now: float) -> None:
        """Some times a second: what is due is given up, written, asked for and told."""
        for member in self._members.values():
            member.advance(now)
        for name, desk in self._desks.items():
            if desk.up:
                desk.track.tick(now)
                self._gather(desk, now)
                self._ask(TrackId(name), desk, now)
                self._tell_clock(name, desk, now)
                self._listen(name, desk, now)
            if desk.file.span is not None and now - desk.gathered_at >= self._limits.cluster_ms:
                self._filing.write(desk)
        self._tell_heads(now)
        self._filing.save()
        self._look_at_space(now)

    def close(self, now: float, cause: str) -> None:
        """End every file; what the disk took is on it when this returns."""
        for name, desk in self._desks.items():
            if desk.up:
                self.close_track(TrackId(name), cause, now)
            self._filing.finish(desk, round(now))
        self._filing.add({"is": "end", "at": round(now), "cause": cause})
        self._filing.sync()
        self._filing.close()
        self._alarms.set(DISK, None, self._free, wrong=bool(self._filing.refusing))
        self._tell_all_heads()

    def abandon(self, *, save: bool) -> None:
        """Let go of the files as they are: another recorder takes over. `save`: tell what was written."""
        if save:
            self._filing.save()
        for desk in self._desks.values():
            desk.file.abandon()
        self._filing.close()

    def recorded_ms(self, track: TrackId) -> float | None:
        """Room time up to which a track is on the disk."""
        desk = self._desks.get(track)
        return None if desk is None else desk.saved

    def _place(self) -> tuple[dict[str, float], str]:
        """Ends of the tracks that earlier recorders of this part wrote, and this one's letter."""
        plan = self._set.plan
        plan.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        ends: dict[str, float] = {}
        for letter in LETTERS:
            path = plan.folder / index_name(plan.part, letter)
            if not path.exists():
                return ends, letter
            for value in last_values(path, _TAIL_BYTES):
                if value["is"] == "frame":
                    ends[str(value["track"])] = float(value["to"])
        raise RecordingError("recording.letters")

    def _new_desk(self, name: TrackId, kind: Kind, payload_types: Mapping[int, str]) -> Desk:
        place = Place(part=self._set.plan.part, track=name, letter=self.letter)
        known = place.member in self._members
        clock = self._members.get(place.member) or MemberClock()
        track = Track(name, kind, payload_types, clock, self._limits)
        if not known:
            self._members[place.member] = clock
        track.end = self._ends.get(name)
        if track.end is not None:
            track.interrupt(self._cause)
        track.seal(self._classes.get(name, ROOM_CLASS))
        return self._filing.desk(track)

    def _gather(self, desk: Desk, now: float) -> None:
        track = desk.track
        for gap in track.gaps:
            self._filing.gap(track.name, gap)
        track.gaps.clear()
        for block in track.blocks:
            if not self._filing.gather(desk, block, now):
                continue
            if self._probe is not None:
                self._show(track, block)
            desk.heard = now
        track.blocks.clear()

    def _show(self, track: Track, block: Block) -> None:
        if self._probe is None:
            return
        if track.kind == "audio":
            self._probe.sound(track.name, block.data, block.at)
        elif block.key:
            self._probe.picture(track.name, block.data, block.at)

    def _ask(self, name: TrackId, desk: Desk, now: float) -> None:
        track = desk.track
        if track.kind != "video" or now - track.asked < self._limits.ask_again_ms:
            return
        newest = track.newest_key
        if track.waiting or newest is None or now - newest >= self._limits.keyframe_every_ms:
            track.asked = now
            self._set.ask_keyframe(name)

    def _listen(self, name: str, desk: Desk, now: float) -> None:
        """A source that sends nothing shows a still picture, or is silent; the probe clears the alarm."""
        quiet = now - desk.heard
        if self._probe is not None and quiet > self._limits.quiet_ms:
            code = SILENT if desk.track.kind == "audio" else FROZEN
            self._alarms.set(code, name, round(quiet), wrong=True)

    def _tell_clock(self, name: str, desk: Desk, now: float) -> None:
        member = self._members[desk.file.place.member]
        jumped, drift = member.jump_ms, member.drift_ppm
        if not jumped and now - desk.told < self._limits.clock_facts_ms:
            return
        facts = clock_facts(desk.track.clock, member)
        if facts is None:  # a jump waits for the track whose report told it
            self._tell_arrivals(name, desk, now)
            return
        desk.told, member.jump_ms = now, 0.0
        self._filing.add({"is": "clock", "track": name, "at": round(now), "jump": round(jumped), **facts})
        runs_off = drift is not None and abs(drift) > self._limits.drift_ppm
        self._alarms.set(CLOCK, name, round(jumped or drift or 0), wrong=bool(jumped) or runs_off)

    def _tell_arrivals(self, name: str, desk: Desk, now: float) -> None:
        """The drift of a member of whom no report came; a drift that is not known leaves the alarm be."""
        member = self._members[desk.file.place.member]
        drift, facts = member.arrival_ppm, arrival_facts(desk.track.clock, member)
        if drift is None or facts is None or now - desk.told < self._limits.clock_facts_ms:
            return
        desk.told = now
        self._filing.add({"is": "drift", "by": "arrival", "track": name, "at": round(now), **facts})
        self._alarms.set(CLOCK, name, round(drift), wrong=abs(drift) > self._limits.drift_ppm)

    def _look_at_space(self, now: float) -> None:
        if now - self._space_at >= 1000:
            self._space_at = now
            self._free = self._set.disk.free_bytes(self._set.plan.folder)
            self._filing.sync()
        wrong = bool(self._filing.refusing) or self._free < self._limits.free_floor_bytes
        self._alarms.set(DISK, None, self._free, wrong=wrong)

    def _tell_heads(self, now: float) -> None:
        if now - self._heads_at >= self._limits.heads_ms:
            self._heads_at = now
            self._tell_all_heads()

    def _tell_all_heads(self) -> None:
        for desk in self._desks.values():
            self._filing.tell_head(desk)
        self._filing.tell_link()


def _cause_text(cause: str) -> str:
    """A cause fit for the index: at most 40 letters, digits and hyphens."""
    kept = "".join(one for one in cause[:40] if one.isascii() and (one.isalnum() or one == "-"))
    return kept or "closed"
