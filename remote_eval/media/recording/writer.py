"""The file of one track: blocks gather into a cluster, a cluster is sealed, chained, written, synced.

A cluster that the disk refuses is given up whole; the file stays as it was (docs/spec/recording.md §5).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from crypto.hashing import u32be
from remote_eval.errors import RecordingError
from remote_eval.media.recording import vp8
from remote_eval.media.recording.disk import Disk, GrowingFile
from remote_eval.media.recording.frames import (
    Prelude,
    data_key,
    following,
    seal_frame,
    seal_key,
    start_of,
)
from remote_eval.media.recording.matroska import Block, audio_header, cluster, video_header
from remote_eval.media.recording.names import Place

KEY_SEED_BYTES: Final = 32


class Keys(NamedTuple):
    """What files are sealed with: the run's seed, the class and its public key."""

    seed: bytes
    klass: str
    recipient: bytes


class Written(NamedTuple):
    """One frame that is on the disk."""

    number: int
    offset: int
    length: int
    since: int
    until: int
    key: bool
    head: bytes


class TrackFile:
    """One growing recording. The file is made, and its header written, with the first cluster."""

    def __init__(
        self, disk: Disk, folder: Path, room: str, place: Place, *, opened_at: int, keys: Keys
    ) -> None:
        """`opened_at`: wall clock at room time 0, ms. Raises RecordingError ``recording.recipient``."""
        self.place, self.klass = place, keys.klass
        self._disk, self._path = disk, folder / place.file
        self._key = data_key(keys.seed, room, place, keys.klass)
        self._prelude = Prelude(
            room=room,
            place=place,
            klass=keys.klass,
            opened_at=opened_at,
            recipient=keys.recipient,
            key=seal_key(keys.recipient, self._key, room, place, keys.klass),
        ).to_bytes()
        self._title = f"{room} {place.part} {place.track}"
        self.start = self.head = start_of(self._prelude)
        self.frames = 0
        self._blocks: list[Block] = []
        self._bytes = 0
        self._file: GrowingFile | None = None

    @property
    def gathered(self) -> int:
        """Bytes of blocks that wait."""
        return self._bytes

    @property
    def span(self) -> tuple[int, int] | None:
        """Begin and end of the blocks that wait, in milliseconds."""
        if not self._blocks:
            return None
        last = self._blocks[-1]
        return self._blocks[0].at, round(last.at + last.lasts)

    def gather(self, block: Block) -> None:
        """Take a block for the next cluster; times rise."""
        self._blocks.append(block)
        self._bytes += len(block.data)

    def write(self, *, sound: bool) -> Iterator[Written]:
        """Seal and write what was gathered: a frame, two with the header. When OSError is raised, nothing of
        the refused frame is in the file, and the blocks are gone."""
        blocks, span = self._blocks, self.span
        self.drop()
        if span is None:
            return
        if not self.frames:
            yield self._frame(self._header(blocks, sound=sound), (span[0], span[0]), key=True)
        yield self._frame(cluster(blocks), span, key=any(one.key for one in blocks))

    def drop(self) -> None:
        """Forget what was gathered."""
        self._blocks, self._bytes = [], 0

    def sync(self) -> None:
        """Return when all frames are on the disk. Raises OSError."""
        if self._file is not None:
            self._file.sync()

    def finish(self, at: int) -> Written | None:
        """Write the frame that says the file is whole, and close; None for a file that never began."""
        if self._file is None:
            return None
        try:
            done = self._frame(b"", (at, at), key=False) if self.frames else None
            self._file.sync()
        finally:
            self.abandon()
        return done

    def abandon(self) -> None:
        """Close without a last frame."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _header(self, blocks: Sequence[Block], *, sound: bool) -> bytes:
        if sound:
            return audio_header(self._title)
        size = vp8.picture_size(blocks[0].data)
        if size is None:
            raise RecordingError("recording.no-keyframe")
        return video_header(self._title, *size)

    def _frame(self, plaintext: bytes, span: tuple[int, int], *, key: bool) -> Written:
        file = self._begun()
        sealed = seal_frame(self._key, self.start, self.frames, plaintext)
        offset = file.size
        file.append(u32be(len(sealed)) + sealed)
        self.head = following(self.head, sealed)
        self.frames += 1
        return Written(self.frames - 1, offset, len(sealed), span[0], span[1], key, self.head)

    def _begun(self) -> GrowingFile:
        if self._file is None:
            self._file = self._disk.create(self._path)
        if not self._file.size:
            self._file.append(self._prelude)
        return self._file
