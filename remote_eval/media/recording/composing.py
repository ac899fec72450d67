"""A composed view of one part: cameras as tiles, voices mixed, in step (docs/spec/recording.md §11).

A convenience copy: originals stay as they are, and the copy's own document names the chain heads that it was
made from and its hash. Where a track has a gap, its tile is black and its voice silent. `ffmpeg` does the
work; its command is made here and can be looked at without running it.
"""

import hashlib
import math
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crypto.canonical import canonical
from remote_eval.errors import RecordingError
from remote_eval.media.engine import KIND_OF
from remote_eval.media.recording.contents import Contents, indexes
from remote_eval.media.recording.gaps import ListedGap, gaps_of
from remote_eval.media.recording.manifest import recordings_of
from remote_eval.media.recording.opening import export_all, open_recording

FPS: Final = 25
MAX_TILES: Final = 36
# A picture stands still over shorter gaps; and an expression of ffmpeg has its limits.
MIN_GAP_MS: Final = 200
MAX_GAPS: Final = 300
_TIMEOUT_S: Final = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a composition shows: room time in ms, tracks in order of tiles and of voices, with files;
    `sources` are the names of the recordings behind them."""

    since: int
    until: int
    cameras: Mapping[str, Path]
    voices: Mapping[str, Path]
    gaps: Sequence[ListedGap]
    sources: frozenset[str] = frozenset()
    tile: tuple[int, int] = (480, 360)

    @property
    def seconds(self) -> float:
        """Length of the view."""
        return (self.until - self.since) / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """The copy and the document beside it."""

    video: Path
    document: Path
    sha256: str


def compose(
    folder: Path, private_keys: Sequence[bytes], out: Path, *, part: int, tile: tuple[int, int] = (480, 360)
) -> Composite:
    """Write ``<part>.composite.mkv`` and ``.json`` into `out`, which holds neither yet.

    Raises RecordingError ``recording.ffmpeg`` (no such program, or it failed), ``recording.out``,
    ``recording.key``, ``recording.part`` (nothing of this part), ``recording.tiles`` (too many cameras).
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise RecordingError("recording.ffmpeg")
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    video, document = out / f"{part:04d}.composite.mkv", out / f"{part:04d}.composite.json"
    if video.exists() or document.exists():
        raise RecordingError("recording.out")
    every = list(indexes(folder, part))
    with tempfile.TemporaryDirectory(dir=out) as kept:
        view = _view(folder, private_keys, Path(kept), every, part=part, tile=tile)
        _run([program, *command(view, video)], video)
    document.write_bytes(_document(view, every, video))
    return Composite(video=video, document=document, sha256=_sha256(video))


def command(view: View, out: Path) -> list[str]:
    """Arguments of ffmpeg. Times of all inputs are kept, so that one offset holds for all."""
    inputs = [*view.cameras.values(), *view.voices.values()]
    words = ["-nostdin", "-v", "error", "-copyts"]
    for path in inputs:
        words += ["-i", str(path)]
    words += ["-filter_complex", ";".join([*_pictures(view), *_sounds(view)])]
    if view.cameras:
        words += [
            "-map",
            "[picture]",
            "-pix_fmt",
            "yuv420p",
            "-c:v",
            "libvpx",
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
        ]
        words += ["-b:v", "2M", "-g", str(5 * FPS)]
    if view.voices:
        words += ["-map", "[sound]", "-c:a", "libopus", "-b:a", "64k"]
    return [*words, "-t", f"{view.seconds:.3f}", "-f", "matroska", str(out)]


def _pictures(view: View) -> list[str]:
    width, height = view.tile
    chains = []
    for number, track in enumerate(view.cameras):
        dark = _within(view, track)
        hidden = f",drawbox=t=fill:color=black:enable='{dark}'" if dark else ""
        chains += [
            f"color=c=black:s={width}x{height}:r={FPS}:d={view.seconds:.3f}[base{number}]",
            (
                f"[{number}:v]setpts=PTS-{view.since / 1000:.3f}/TB,fps={FPS},"
                f"scale={width}:{height}:force_original_aspect_ratio=decrease,"
                f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2{hidden}[seen{number}]"
            ),
            f"[base{number}][seen{number}]overlay=eof_action=pass:repeatlast=0[tile{number}]",
        ]
    tiles = "".join(f"[tile{number}]" for number in range(len(view.cameras)))
    columns = math.ceil(math.sqrt(len(view.cameras) or 1))
    places = "|".join(
        f"{width * (number % columns)}_{height * (number // columns)}" for number in range(len(view.cameras))
    )
    if len(view.cameras) > 1:
        chains.append(f"{tiles}xstack=inputs={len(view.cameras)}:layout={places}:fill=black[picture]")
    elif view.cameras:
        chains.append(f"{tiles}null[picture]")
    return chains


def _sounds(view: View) -> list[str]:
    chains = []
    for number, track in enumerate(view.voices):
        dark = _within(view, track)
        hidden = f",volume=0:enable='{dark}'" if dark else ""
        chains.append(
            f"[{len(view.cameras) + number}:a]asetpts=PTS-{view.since / 1000:.3f}/TB,"
            f"aresample=48000:async=1:min_hard_comp=0.02:first_pts=0{hidden},apad=whole_dur={view.seconds:.3f}[voice{number}]"
        )
    voices = "".join(f"[voice{number}]" for number in range(len(view.voices)))
    if view.voices:
        chains.append(f"{voices}amix=inputs={len(view.voices)}:normalize=0,alimiter=level=false[sound]")
    return chains


def _within(view: View, track: str) -> str:
    """An expression of ffmpeg that is true within the gaps of a track."""
    spans = [
        (one.since, view.until if one.until is None else one.until) for one in view.gaps if one.track == track
    ]
    kept = [(since, until) for since, until in spans if until - since >= MIN_GAP_MS][:MAX_GAPS]
    return "+".join(
        f"between(t,{(since - view.since) / 1000:.3f},{(until - view.since) / 1000 - 0.001:.3f})"
        for since, until in kept
    )


def _view(
    folder: Path,
    private_keys: Sequence[bytes],
    kept: Path,
    every: Sequence[Contents],
    *,
    part: int,
    tile: tuple[int, int],
) -> View:
    mine = [one for one in open_recording(folder, private_keys) if one.prelude.place.part == part]
    starts = [one.begin["at"] for one in every if one.begin is not None]
    ends = [one.last_ms for one in every if one.last_ms is not None]
    if not mine or not starts or not ends or max(ends) <= min(starts):
        raise RecordingError("recording.part")
    if all(one.key is None for one in mine):
        raise RecordingError("recording.key")
    files = {name.partition("/")[2]: path for name, path in export_all(mine, kept).items()}
    kinds = {name: KIND_OF.get(name.partition("/")[2]) for name in files}
    cameras = {name: files[name] for name in sorted(files) if kinds[name] == "video"}
    if len(cameras) > MAX_TILES:
        raise RecordingError("recording.tiles")
    return View(
        since=min(starts),
        until=max(ends),
        cameras=cameras,
        voices={name: files[name] for name in sorted(files) if kinds[name] == "audio"},
        gaps=gaps_of(every),
        sources=frozenset(
            one.path.name for one in mine if one.key is not None and kinds[one.track] is not None
        ),
        tile=tile,
    )


def _run(words: Sequence[str], video: Path) -> None:
    done = subprocess.run(list(words), check=False, capture_output=True, timeout=_TIMEOUT_S)  # noqa: S603 - no shell
    if done.returncode:
        video.unlink(missing_ok=True)
        raise RecordingError("recording.ffmpeg", exit=done.returncode)


def _document(view: View, every: Sequence[Contents], video: Path) -> bytes:
    shown = {*view.cameras, *view.voices}
    sources = recordings_of(every)
    return canonical(
        {
            "protocol": "qt/1",
            "kind": "recording-composite",
            "file": video.name,
            "sha256": _sha256(video),
            "from": view.since,
            "to": view.until,
            "tiles": list(view.cameras),
            "voices": list(view.voices),
            "sources": [
                {name: one[name] for name in ("file", "frames", "head", "track")}
                for one in sources
                if one["file"] in view.sources
            ],
            "left_out": [one["file"] for one in sources if one["file"] not in view.sources],
            "gaps": [
                {"track": one.track, "from": one.since, "to": one.until, "cause": one.cause}
                for one in view.gaps
                if one.track in shown
            ],
        }
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
