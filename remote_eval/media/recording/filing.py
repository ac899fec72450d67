"""One recorder's files and its index: clusters written and listed, pieces of two classes in turn
(docs/spec/recording.md §4, §5 and §7).

Nothing here knows packets or time lines. `OSError` of a write is answered by a gap and is remembered in
`refusing` until a write goes well again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from crypto.canonical import JsonValue
from remote_eval.errors import RecordingError
from remote_eval.media.engine import ROOM_CLASS
from remote_eval.media.recording.ledger import IndexWriter
from remote_eval.media.recording.matroska import Block
from remote_eval.media.recording.names import Place, index_name
from remote_eval.media.recording.setting import Setting
from remote_eval.media.recording.track import Gap, Track
from remote_eval.media.recording.writer import TrackFile, Written

# Stands among the names of tracks that the disk refuses; no track has such a name.
_INDEX: Final = "index"


@dataclass(slots=True)
class Desk:
    """A track and its open piece; `gathered_at`: when the open cluster got its first block."""

    track: Track
    file: TrackFile
    up: bool = True
    gathered_at: float = 0.0
    heard: float = 0.0
    saved: float | None = None
    told: float = float("-inf")
    named: bool = False
    listed: bool = False
    # The disk refused pictures that the next ones refer to.
    needs_key: bool = False


class Filing:
    """See the module. `retired` is set by another thread: another recorder works in this one's place, and
    this one writes no more."""

    def __init__(self, setting: Setting, letter: str) -> None:
        """Make the index. Raises OSError."""
        self._set, self._letter = setting, letter
        plan = setting.plan
        self._index = IndexWriter(setting.disk, plan.folder / index_name(plan.part, letter))
        self.refusing: set[str] = set()
        self.retired = False

    def desk(self, track: Track) -> Desk:
        """A desk for a new track; its file is made when there is something to write."""
        place = Place(part=self._set.plan.part, track=track.name, letter=self._letter)
        return Desk(track, self._file(place, ROOM_CLASS))

    def add(self, value: Mapping[str, JsonValue]) -> None:
        """Queue a line of the index."""
        self._index.add(value)

    def begin(self) -> None:
        """Write the first line. Raises OSError: a recorder that cannot write is none."""
        self._index.save()

    def save(self) -> None:
        """Write what the index queues."""
        self._still_mine()
        try:
            self._index.save()
        except OSError:
            self.refusing.add(_INDEX)

    def sync(self) -> None:
        """Write the index through to the disk."""
        self._still_mine()
        try:
            self._index.save()
            self._index.sync()
        except OSError:
            self.refusing.add(_INDEX)
        else:
            self.refusing.discard(_INDEX)

    def close(self) -> None:
        """Let go of the index."""
        self._index.close()

    def gather(self, desk: Desk, block: Block, now: float) -> bool:
        """Take a block for the open cluster, whose time or size or class may end with it. Not taken are
        pictures that refer to refused ones."""
        limits = self._set.limits
        if block.klass != desk.file.klass:
            self._turn(desk, block.klass, block.at)
        span = desk.file.span
        if span is None:
            desk.gathered_at = now
        elif block.at - span[0] >= limits.cluster_ms or desk.file.gathered >= limits.cluster_bytes:
            self.write(desk)
            desk.gathered_at = now
        if desk.needs_key and not block.key:
            return False
        desk.needs_key = False
        desk.file.gather(block)
        return True

    def write(self, desk: Desk) -> None:
        """Write the open cluster and list it; one that the disk refuses is a gap."""
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
            self._give_up(desk, Gap(span[0], span[1], "disk"))
            return
        try:
            desk.file.sync()
        except OSError:
            self.refusing.add(desk.track.name)
            return
        self.refusing.discard(desk.track.name)
        desk.saved = float(span[1])

    def finish(self, desk: Desk, at: int) -> None:
        """End the open piece with the frame that says that it is whole."""
        try:
            last = desk.file.finish(at)
        except OSError:
            self.refusing.add(desk.track.name)
            return
        if last is not None:
            self._note(desk, last)

    def gap(self, name: str, gap: Gap) -> None:
        """List a gap and tell it."""
        told: dict[str, JsonValue] = {
            "track": name,
            "from": gap.since,
            "to": gap.until,
            "cause": gap.cause,
        }
        self._index.add({"is": "gap", **told})
        self._set.emit("gap", told)

    def tell_head(self, desk: Desk) -> None:
        """Tell the head of the open piece, if there is one."""
        if desk.file.frames:
            self._tell(desk.file.place.file, desk.file.frames, desk.file.head)

    def tell_link(self) -> None:
        """Tell the newest link of the index."""
        self._tell(index_name(self._set.plan.part, self._letter), self._index.lines, self._index.link)

    def _turn(self, desk: Desk, klass: str, at: int) -> None:
        """Go on under another class, and so in the next piece: what was gathered is written first."""
        self.write(desk)
        place = desk.file.place
        if desk.named:
            self.finish(desk, at)
            self.tell_head(desk)
            place = replace(place, piece=place.piece + 1)
        desk.file = self._file(place, klass)
        desk.named = desk.listed = False

    def _file(self, place: Place, klass: str) -> TrackFile:
        plan, opened_at = self._set.plan, round(self._set.opened_at)
        keys = self._set.keys_of(klass)
        return TrackFile(self._set.disk, plan.folder, plan.room, place, opened_at=opened_at, keys=keys)

    def _give_up(self, desk: Desk, gap: Gap) -> None:
        """A cluster was refused. Told at once; video goes on at a keyframe."""
        desk.file.drop()
        self.refusing.add(desk.track.name)
        self.gap(desk.track.name, gap)
        desk.track.interrupt("disk")
        desk.track.end, desk.needs_key = float(gap.until), True

    def _list(self, desk: Desk) -> None:
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
                    "class": desk.file.klass,
                    "head": desk.file.start.hex(),
                }
            )
        self._index.save()
        self._index.sync()
        desk.listed = True

    def _note(self, desk: Desk, written: Written) -> None:
        line: dict[str, JsonValue] = {
            "is": "frame",
            "track": desk.track.name,
            "n": written.number,
            "offset": written.offset,
            "length": written.length,
            "from": written.since,
            "to": written.until,
            "key": written.key,
            "head": written.head.hex(),
        }
        self._index.add(line | desk.track.counts.taken())

    def _tell(self, recording: str, segment: int, head: bytes) -> None:
        self._set.emit("head", {"recording": recording, "segment": segment, "hash": head.hex()})

    def _still_mine(self) -> None:
        if self.retired:
            raise RecordingError("recording.retired")
