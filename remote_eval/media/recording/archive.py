"""Checks a folder of recordings without any key (docs/spec/recording.md §10).

Every byte of every file is accounted for: chained to the index, named as a fault, or told as a torn tail,
which is what a killed recorder leaves behind and no fault.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from remote_eval.errors import RecordingError
from remote_eval.media.recording.contents import Contents, Listed, indexes
from remote_eval.media.recording.frames import END_BYTES, MAX_FRAME_BYTES, following, start_of
from remote_eval.media.recording.manifest import manifest_of
from remote_eval.media.recording.names import MANIFEST_FILE, place_of
from remote_eval.media.recording.scan import Opened, Tail, frame_at, frames_of, open_file

# A recorder that was killed while it began a file left this much at most.
_MAX_TORN_PRELUDE: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What does not hold: `frame` is the number of the frame, or of the line of an index."""

    file: str
    code: str
    track: str | None = None
    frame: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One file. `unlisted`: whole frames behind the last that the index lists; `torn`: bytes of a cut end."""

    file: str
    track: str | None
    frames: int
    head: str
    unlisted: int = 0
    torn: int = 0
    closed: bool = True


@dataclass(slots=True)
class Report:
    """The verdict on a folder."""

    checked: list[Checked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """No byte was changed, added or taken away, as far as indexes, manifest and anchors tell."""
        return not self.faults

    @property
    def whole(self) -> bool:
        """Every recorder ended in order: nothing is torn and nothing open."""
        return all(one.closed and not one.torn for one in self.checked)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """A check under way."""

    folder: Path
    anchors: Mapping[str, tuple[int, bytes]]
    ended: Callable[[], bool]
    report: Report = field(default_factory=Report)

    def go_on(self) -> None:
        """Raises InterruptedError when nobody waits for the verdict any more."""
        if self.ended():
            raise InterruptedError


def check(
    folder: Path,
    anchors: Mapping[str, tuple[int, bytes]] | None = None,
    *,
    ended: Callable[[], bool] = lambda: False,
) -> Report:
    """Check all files of a folder. `anchors`: for a file's name how many frames (lines of an index) it had
    when its head was put on record elsewhere, and that head. Raises OSError; nothing else: InterruptedError
    once `ended` says so, which is asked before each frame."""
    one = _Check(folder=folder, anchors=anchors or {}, ended=ended)
    listed: dict[str, Listed] = {}
    every = []
    for contents in indexes(folder, marks={name: count for name, (count, _) in one.anchors.items()}):
        every.append(contents)
        _check_index(one, contents)
        listed |= contents.files
        for file in contents.files.values():
            closed = contents.end is not None or contents.newest[file.track] is not file
            _check_recording(one, file, closed=closed)
    for path in sorted(folder.iterdir()):
        if path.name not in listed and path.name.endswith(".qtr"):
            place = place_of(path.name)
            track = None if place is None else place.track
            one.report.faults.append(Fault(file=path.name, code="recording.unlisted", track=track))
    _check_manifests(folder, every, one.report)
    _check_anchors_present(one.anchors, one.report)
    return one.report


def _check_index(under_way: _Check, contents: Contents) -> None:
    name, report = contents.path.name, under_way.report
    if contents.fault is not None:
        report.faults.append(Fault(file=name, code="recording.index", frame=contents.fault))
    anchor = under_way.anchors.get(name)
    if anchor is not None and contents.marked != anchor[1]:
        report.faults.append(Fault(file=name, code="recording.anchor", frame=anchor[0]))
    one = Checked(
        file=name,
        track=None,
        frames=contents.lines,
        head=contents.link.hex(),
        torn=contents.torn,
        closed=contents.end is not None,
    )
    report.checked.append(one)


def _check_recording(under_way: _Check, listed: Listed, *, closed: bool) -> None:
    folder, report = under_way.folder, under_way.report

    def fault(code: str, frame: int | None = None) -> None:
        report.faults.append(Fault(file=listed.name, code=code, track=listed.track, frame=frame))

    try:
        opened = open_file(folder / listed.name)
    except (FileNotFoundError, RecordingError) as error:
        torn = None if listed.frames else _never_began(folder / listed.name, listed, closed=closed)
        if torn is None:
            fault(error.code if isinstance(error, RecordingError) else "recording.missing")
        else:
            report.checked.append(torn)
        return
    with opened.stream as stream:
        place = place_of(listed.name)
        if start_of(opened.start) != listed.start or place != opened.prelude.place:
            fault("recording.prelude")
        if opened.prelude.klass != listed.klass or listed.track != opened.prelude.place.track:
            fault("recording.prelude")
        wrong = _first_wrong(under_way, opened, listed)
        if wrong is not None:
            fault(wrong[1], wrong[0])
            return
        end = len(opened.start) if not listed.frames else sum(listed.frames[-1][:2]) + 4
        stream.seek(end)
        one = _behind(stream, listed, closed=closed)
    report.checked.append(one)
    if one.closed and (one.unlisted or one.torn):
        fault("recording.added", one.frames)
    anchor = under_way.anchors.get(listed.name)
    if anchor is not None and not _anchored(listed, anchor):
        fault("recording.anchor", anchor[0])


def _first_wrong(under_way: _Check, opened: Opened, listed: Listed) -> tuple[int, str] | None:
    head = listed.start
    offset = len(opened.start)
    for number, (at, length, wanted, _, _) in enumerate(listed.frames):
        under_way.go_on()
        if at != offset or not END_BYTES <= length <= MAX_FRAME_BYTES:
            return number, "recording.index"
        written, sealed = frame_at(opened.stream, at, length)
        if len(sealed) < length:
            return number, "recording.cut"
        if written != length:
            return number, "recording.length"
        head = following(head, sealed)
        if head != wanted:
            return number, "recording.frame"
        offset = at + 4 + length
    return None


def _behind(stream: BinaryIO, listed: Listed, *, closed: bool) -> Checked:
    """What follows the last listed frame: a killed recorder had not yet listed it."""
    head = listed.frames[-1][2] if listed.frames else listed.start
    unlisted = torn = 0
    for one in frames_of(stream):
        if isinstance(one, Tail):
            torn = one.size
        else:
            unlisted += 1
            head = following(head, one.sealed)
    return Checked(
        file=listed.name,
        track=listed.track,
        frames=len(listed.frames) + unlisted,
        head=head.hex(),
        unlisted=unlisted,
        torn=torn,
        closed=closed and bool(listed.frames) and listed.frames[-1][1] == END_BYTES,
    )


def _never_began(path: Path, listed: Listed, *, closed: bool) -> Checked | None:
    """A file is named before it is made: a recorder that was killed in between left nothing, or a piece of
    its head; one that the disk refused to the end left nothing."""
    size = path.stat().st_size if path.exists() else 0
    if size > (0 if closed else _MAX_TORN_PRELUDE):
        return None
    return Checked(file=listed.name, track=listed.track, frames=0, head="", torn=size, closed=False)


def _check_manifests(folder: Path, every: Sequence[Contents], report: Report) -> None:
    for path in sorted(folder.iterdir()):
        named = MANIFEST_FILE.fullmatch(path.name)
        if named is None:
            continue
        part = int(named[1])
        if path.read_bytes() != manifest_of([one for one in every if one.part == part], part):
            report.faults.append(Fault(file=path.name, code="recording.manifest"))


def _anchored(listed: Listed, anchor: tuple[int, bytes]) -> bool:
    count, head = anchor
    return 0 < count <= len(listed.frames) and listed.frames[count - 1][2] == head


def _check_anchors_present(anchors: Mapping[str, tuple[int, bytes]], report: Report) -> None:
    seen = {one.file for one in report.checked} | {one.file for one in report.faults}
    for name in sorted(set(anchors) - seen):
        report.faults.append(Fault(file=name, code="recording.missing"))
