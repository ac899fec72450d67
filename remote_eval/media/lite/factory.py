"""Puts the embedded engine together for a process: identity on disk, recorder and masker where they belong."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from remote_eval.media.lite.engine import LiteEngine
from remote_eval.media.lite.identity import keep_identity
from remote_eval.media.lite.masking import make_voice_mask

IDENTITY: Final = "engine.pem"


async def lite_engine(folder: Path, *, bind: str, port: int, addresses: Sequence[str]) -> LiteEngine:
    """A started engine whose certificate is kept in `folder`. Raises OSError, MediaError ``media.identity``."""
    identity = keep_identity(folder / IDENTITY, dt.datetime.now(dt.UTC))
    engine = LiteEngine(
        identity=identity, host=bind, port=port, addresses=addresses, make_mask=make_voice_mask
    )
    await engine.start()
    return engine
