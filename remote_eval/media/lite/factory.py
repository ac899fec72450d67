"""Puts the embedded engine together for a process: identity on disk, recorder and masker in place."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from remote_eval.media.lite.engine import LiteEngine
from remote_eval.media.lite.identity import keep_identity
from remote_eval.media.lite.masking import make_voice_mask
from remote_eval.media.recording.recorder import recorder_for

IDENTITY: Final = "engine.pem"


async def lite_engine(folder: Path, *, bind: str, port: int, addresses: Sequence[str]) -> LiteEngine:
    """A started engine, its certificate kept in `folder`. Raises OSError, MediaError ``media.identity``."""
    identity = keep_identity(folder / IDENTITY, dt.datetime.now(dt.UTC))
    engine = LiteEngine(
        identity=identity,
        host=bind,
        port=port,
        addresses=addresses,
        make_sink=recorder_for,
        make_mask=make_voice_mask,
    )
    await engine.start()
    return engine
