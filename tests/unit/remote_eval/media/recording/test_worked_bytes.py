"""The worked bytes of docs/spec/recording.md are those of the code."""

from pathlib import Path
from typing import Final

from remote_eval.media.recording import frames
from remote_eval.media.recording.index import START, write_line
from remote_eval.media.recording.matroska import Block, cluster
from remote_eval.media.recording.names import Place

PAGE: Final = (Path(__file__).resolve().parents[5] / "docs/spec/recording.md").read_text("utf-8")
PLACE: Final = Place(part=1, track="mem_7f3a/camera", letter="a")
PRELUDE: Final = frames.Prelude(
    room="room_1",
    place=PLACE,
    klass="room",
    opened_at=1_795_000_000_000,
    recipient=bytes.fromhex("22" * 32),
    key=bytes.fromhex("11" * 80),
).to_bytes()


def worked() -> dict[str, str]:
    """Every worked value by its name on the page."""
    key = frames.data_key(bytes(range(32)), "room_1", PLACE, "room")
    start = frames.start_of(PRELUDE)
    media = cluster([Block(at=1000, lasts=20, data=b"opus", key=True)])
    sealed = frames.seal_frame(key, start, 0, media)
    gap: dict[str, str | int] = {
        "is": "gap",
        "track": "mem_7f3a/camera",
        "from": 5180,
        "to": 6100,
        "cause": "loss",
    }
    return {
        "K": key.hex(),
        "h0": start.hex(),
        "cluster": media.hex(),
        "sealed": sealed.hex(),
        "h1": frames.following(start, sealed).hex(),
        "line": write_line(gap, START)[0].decode().rstrip("\n"),
    }


def test_worked_values_stand_on_the_page() -> None:
    missing = [name for name, value in worked().items() if value not in PAGE]
    assert missing == []
    assert (
        PRELUDE[len(frames.MAGIC) + 4 :].decode().replace("11" * 80, "11…").replace("22" * 32, "22…") in PAGE
    )
