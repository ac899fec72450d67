"""One recorder's work on one part of a room: all its tracks, its index, its alarms (recording.md §5 to §8).

Runs on the recorder's thread and is told the time; files are its only side effect. `OSError` of a write is
answered here by an alarm and a gap; anything else that goes wrong ends the recorder, and another takes over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from crypto.canonical import JsonValue
from remote_eval.errors import RecordingError
from remote_eval.media.engine import Kind, TrackId
from remote_eval.media.recording.alarms import CLOCK, DISK, FROZEN, SILENT, Alarms
from remote_eval.media.recording.clock import MemberClock, clock_facts
from remote_eval.media.recording.index import last_values
from remote_eval.media.recording.ledger import IndexWriter
from remote_eval.media.recording.matroska import Block
from remote_eval.media.recording.names import LETTERS, Place, index_name
from remote_eval.media.recording.rtp import parse_report
from remote_eval.media.recording.setting import Probe, Setting
from remote_eval.media.recording.track import Gap, Track
from remote_eval.media.recording.writer import TrackFile, Written

_TAIL_BYTES: Final = 256 * 1024
# Stands among the names of tracks that the disk refuses; no track has such a name.
_INDEX: Final = "index"


@dataclass(slots=True)
class _Desk:
    """A track and its file; `gathered_at`: when the open cluster got its first block."""

    track: Track
    file: TrackFile
    klass: str
    up: bool = True
    gathered_at: float = 0.0
    heard: float = 0.0
    saved: float | None = None
    told: float = float("-inf")
    named: bool = False
    listed: bool = False
    # The disk refused pictures that the next ones refer to.
    needs_key: bool = False


class PartRecorder:
    """One letter of one part. All calls come from one thread; `now` and arrivals are room time in ms."""

    def __init__(
        self, setting: Setting, alarms: Alarms, probe: Probe | None, now: float, cause: str | None
    ) -> None:
        """`cause`: why this recorder takes over from another one. Raises OSError or RecordingError."""
        self._set, self._alarms, self._probe = setting, alarms, probe
        self._limits = setting.limits
        self._desks: dict[str, _Desk] = {}
        self._members: dict[str, MemberClock] = {}
        self._cause = cause or "process"
        self._heads_at = now
        self._space_at = float("-inf")
        self._free = 0
        self._refusing: set[str] = set()
        # Set by another thread: another recorder works in this one's place, and this one writes no more.
        self.retired = False
        self._ends, self.letter = self._place()
        plan = setting.plan
        self._index = IndexWriter(setting.disk, plan.folder / index_name(plan.part, self.letter))
        self._index.add(
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
        self._index.save()

    def open_track(self, track: TrackId, kind: Kind, payload_types: Mapping[int, str], now: float) -> None:
        """A track begins or begins anew. Raises RecordingError ``recording.name`` or ``recording.codec``."""
        desk = self._desks.get(track)
        if desk is None:
            desk = self._desks[track] = self._new_desk(track, kind, payload_types)
        elif desk.track.kind != kind or desk.track.codec not in payload_types.values():
            raise RecordingError("recording.codec")
        else:
            self.close_track(track, "renewed", now)
            desk.track.begin(payload_types)
            desk.up = True
        desk.heard = now
        self._index.add({"is": "open", "track": track, "at": round(now), "codec": desk.track.codec})

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
        self._gather(desk, now)
        self._write(desk)
        desk.up = False
        desk.track.interrupt(_cause_text(cause))
        self._alarms.forget(track)
        if self._probe is not None:
            self._probe.forget(track)
        self._index.add({"is": "close", "track": track, "at": round(now), "cause": _cause_text(cause)})

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
                self._write(desk)
        self._tell_heads(now)
        self._save()
        self._look_at_space(now)

    def close(self, now: float, cause: str) -> None:
        """End every file; what the disk took is on it when this returns."""
        for name, desk in self._desks.items():
            if desk.up:
                self.close_track(TrackId(name), cause, now)
            self._finish(desk, now)
        self._index.add({"is": "end", "at": round(now), "cause": cause})
        self._sync_index()
        self._index.close()
        self._alarms.set(DISK, None, self._free, wrong=bool(self._refusing))
        self._tell_all_heads()

    def _finish(self, desk: _Desk, now: float) -> None:
        try:
            last = desk.file.finish(round(now))
        except OSError:
            self._refusing.add(desk.track.name)
            return
        if last is not None:
            self._note(desk, last)

    def abandon(self, *, save: bool) -> None:
        """Let go of the files as they are: another recorder takes over. `save`: tell what was written."""
        if save:
            self._save()
        for desk in self._desks.values():
            desk.file.abandon()
        self._index.close()

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

    def _new_desk(self, name: TrackId, kind: Kind, payload_types: Mapping[int, str]) -> _Desk:
        plan = self._set.plan
        place = Place(part=plan.part, track=name, letter=self.letter)
        known = place.member in self._members
        clock = self._members.get(place.member) or MemberClock()
        track = Track(name, kind, payload_types, clock, self._limits)
        if not known:
            self._members[place.member] = clock
        track.end = self._ends.get(name)
        if track.end is not None:
            track.interrupt(self._cause)
        keys = self._set.keys_of(place.member)
        opened_at = round(self._set.opened_at)
        file = TrackFile(self._set.disk, plan.folder, plan.room, place, opened_at=opened_at, keys=keys)
        return _Desk(track, file, keys.klass)

    def _gather(self, desk: _Desk, now: float) -> None:
        track, file = desk.track, desk.file
        for gap in track.gaps:
            self._gap(track.name, gap)
        track.gaps.clear()
        for block in track.blocks:
            span = file.span
            if span is None:
                desk.gathered_at = now
            elif block.at - span[0] >= self._limits.cluster_ms or file.gathered >= self._limits.cluster_bytes:
                self._write(desk)
                desk.gathered_at = now
            if desk.needs_key and not block.key:
                continue
            desk.needs_key = False
            file.gather(block)
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

    def _write(self, desk: _Desk) -> None:
        span = desk.file.span
        if span is None:
            return
        self._still_mine()
        try:
            self._list(desk)
            for written in desk.file.write(sound=desk.track.kind == "audio"):
                self._still_mine()
                self._note(desk, written)
        except OSError:
            # Told at once; video goes on at a keyframe.
            desk.file.drop()
            self._refusing.add(desk.track.name)
            self._gap(desk.track.name, Gap(span[0], span[1], "disk"))
            desk.track.interrupt("disk")
            desk.track.end, desk.needs_key = float(span[1]), True
            return
        try:
            desk.file.sync()
        except OSError:
            self._refusing.add(desk.track.name)
            return
        self._refusing.discard(desk.track.name)
        desk.saved = float(span[1])

    def _list(self, desk: _Desk) -> None:
        """Name a file in the index before it exists: no file of a killed recorder is anybody's guess."""
        if desk.listed:
            return
        if not desk.named:
            desk.named = True
            self._index.add(
                {
                    "is": "file",
                    "track": desk.track.name,
                    "name": desk.file.place.file,
                    "class": desk.klass,
                    "head": desk.file.start.hex(),
                }
            )
        self._index.save()
        self._index.sync()
        desk.listed = True

    def _note(self, desk: _Desk, written: Written) -> None:
        name = desk.track.name
        line: dict[str, JsonValue] = {
            "is": "frame",
            "track": name,
            "n": written.number,
            "offset": written.offset,
            "length": written.length,
            "from": written.since,
            "to": written.until,
            "key": written.key,
            "head": written.head.hex(),
        }
        self._index.add(line | desk.track.counts.taken())

    def _gap(self, name: str, gap: Gap) -> None:
        self._index.add({"is": "gap", "track": name, "from": gap.since, "to": gap.until, "cause": gap.cause})
        self._set.emit("gap", {"track": name, "from": gap.since, "to": gap.until, "cause": gap.cause})

    def _ask(self, name: TrackId, desk: _Desk, now: float) -> None:
        track = desk.track
        if track.kind != "video" or now - track.asked < self._limits.ask_again_ms:
            return
        newest = track.newest_key
        if track.waiting or newest is None or now - newest >= self._limits.keyframe_every_ms:
            track.asked = now
            self._set.ask_keyframe(name)

    def _listen(self, name: str, desk: _Desk, now: float) -> None:
        """A source that sends nothing shows a still picture, or is silent; the probe clears the alarm."""
        quiet = now - desk.heard
        if self._probe is not None and quiet > self._limits.quiet_ms:
            code = SILENT if desk.track.kind == "audio" else FROZEN
            self._alarms.set(code, name, round(quiet), wrong=True)

    def _tell_clock(self, name: str, desk: _Desk, now: float) -> None:
        member = self._members[desk.file.place.member]
        jumped, drift = member.jump_ms, member.drift_ppm
        if not jumped and now - desk.told < self._limits.clock_facts_ms:
            return
        facts = clock_facts(desk.track.clock, member)
        if facts is None:  # a jump waits for the track whose report told it
            return
        desk.told, member.jump_ms = now, 0.0
        self._index.add({"is": "clock", "track": name, "at": round(now), "jump": round(jumped), **facts})
        runs_off = drift is not None and abs(drift) > self._limits.drift_ppm
        self._alarms.set(CLOCK, name, round(jumped or drift or 0), wrong=bool(jumped) or runs_off)

    def _look_at_space(self, now: float) -> None:
        if now - self._space_at >= 1000:
            self._space_at = now
            self._free = self._set.disk.free_bytes(self._set.plan.folder)
            self._sync_index()
        wrong = bool(self._refusing) or self._free < self._limits.free_floor_bytes
        self._alarms.set(DISK, None, self._free, wrong=wrong)

    def _tell_heads(self, now: float) -> None:
        if now - self._heads_at >= self._limits.heads_ms:
            self._heads_at = now
            self._tell_all_heads()

    def _tell_all_heads(self) -> None:
        for desk in self._desks.values():
            if desk.file.frames:
                self._tell_head(desk.file.place.file, desk.file.frames, desk.file.head)
        self._tell_head(index_name(self._set.plan.part, self.letter), self._index.lines, self._index.link)

    def _tell_head(self, recording: str, segment: int, head: bytes) -> None:
        self._set.emit("head", {"recording": recording, "segment": segment, "hash": head.hex()})

    def _still_mine(self) -> None:
        if self.retired:
            raise RecordingError("recording.retired")

    def _save(self) -> None:
        self._still_mine()
        try:
            self._index.save()
        except OSError:
            self._refusing.add(_INDEX)

    def _sync_index(self) -> None:
        self._still_mine()
        try:
            self._index.save()
            self._index.sync()
        except OSError:
            self._refusing.add(_INDEX)
        else:
            self._refusing.discard(_INDEX)


def _cause_text(cause: str) -> str:
    """A cause fit for the index: at most 40 letters, digits and hyphens."""
    kept = "".join(one for one in cause[:40] if one.isascii() and (one.isalnum() or one == "-"))
    return kept or "closed"
