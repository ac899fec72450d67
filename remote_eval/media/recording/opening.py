"""Opens sealed recordings with private keys, and writes them out as Matroska (docs/spec/recording.md §10).

Frames are opened one at a time. What a class's key does not fit stays shut; a torn tail ends the reading in
peace, a changed frame does not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crypto.errors import SealError
from crypto.sealing import x25519_public
from remote_eval.errors import RecordingError
from remote_eval.media.recording.frames import MAX_PRELUDE_BYTES, Prelude, open_frame, open_key, start_of
from remote_eval.media.recording.names import place_of
from remote_eval.media.recording.scan import Tail, frames_of, open_file


@dataclass(frozen=True, slots=True)
class SealedRecording:
    """One file of a folder; `key` is its data key, or None when no given key opens it."""

    path: Path
    prelude: Prelude
    key: bytes | None

    @property
    def track(self) -> str:
        """Which track, ``member/source``."""
        return self.prelude.place.track

    def frames(self) -> Iterator[bytes]:
        """Opened frames: the Matroska header, then clusters. Raises RecordingError ``recording.key`` without
        a key and ``recording.frame`` at a frame that is not what was sealed."""
        if self.key is None:
            raise RecordingError("recording.key")
        opened = open_file(self.path)
        start = start_of(opened.start)
        with opened.stream as stream:
            for frame in frames_of(stream):
                if isinstance(frame, Tail):
                    return
                plain = open_frame(self.key, start, frame.number, frame.sealed)
                if not plain:
                    return
                yield plain


def open_recording(folder: Path, private_keys: Sequence[bytes]) -> tuple[SealedRecording, ...]:
    """Every recording of a folder in order of part, track and letter. Raises RecordingError
    ``recording.key`` when a key is none, ``recording.prelude`` when a file's head is unreadable; files that
    were cut off inside their head are left out."""
    try:
        by_public = {x25519_public(private): private for private in private_keys}
    except SealError as error:
        raise RecordingError("recording.key") from error
    found = []
    for path in sorted(folder.iterdir()):
        if place_of(path.name) is None:
            continue
        try:
            found.append(_opened(path, by_public))
        except RecordingError as error:
            if error.code != "recording.prelude" or path.stat().st_size > MAX_PRELUDE_BYTES:
                raise
    return tuple(sorted(found, key=lambda one: one.prelude.place))


def export(folder: Path, private_keys: Sequence[bytes], out: Path) -> dict[str, Path]:
    """Write one .mkv per part and track into the empty folder `out`; gives them by ``part/track``.

    What several recorders wrote of one track follows in one file. Raises RecordingError ``recording.out``
    when `out` holds anything and ``recording.key`` when not one recording opens.
    """
    every = open_recording(folder, private_keys)
    mine = [one for one in every if one.key is not None]
    if not mine:
        raise RecordingError("recording.key")
    return export_all(mine, out)


def export_all(every: Sequence[SealedRecording], out: Path) -> dict[str, Path]:
    """As `export`, for recordings that open; others are left out."""
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(out.iterdir()):
        raise RecordingError("recording.out")
    written: dict[str, Path] = {}
    for one in every:
        if one.key is None:
            continue
        place = one.prelude.place
        name = f"{place.part:04d}/{place.track}"
        path = out / f"{place.part:04d}.{place.track.replace('/', '.')}.mkv"
        _append(one, path, skip_header=name in written)
        written[name] = path
    return written


def shut(folder: Path, private_keys: Sequence[bytes]) -> list[str]:
    """Names of the recordings that none of these keys opens."""
    return [one.path.name for one in open_recording(folder, private_keys) if one.key is None]


def _append(one: SealedRecording, path: Path, *, skip_header: bool) -> None:
    with path.open("ab") as stream:
        path.chmod(0o600)
        for number, data in enumerate(one.frames()):
            if number or not skip_header:
                stream.write(data)


def _opened(path: Path, keys: Mapping[bytes, bytes]) -> SealedRecording:
    opened = open_file(path)
    opened.stream.close()
    prelude = opened.prelude
    private = keys.get(prelude.recipient)
    return SealedRecording(path, prelude, None if private is None else open_key(prelude, private))
