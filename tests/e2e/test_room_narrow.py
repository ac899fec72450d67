"""A line of 64 kbit/s: the engine sees that it is full and says so, the picture waits, the voice is whole.

What a page does then is `web/src/protocol/thrift.ts`; here its acts are done by the test, at the figures that
the browser is told.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.impair import Weather
from tests.support.impair_wire import CLEAR
from tests.support.networks_room import watch
from tests.support.networks_seats import TwoSeats, two_seats

pytestmark = [pytest.mark.e2e, pytest.mark.network, pytest.mark.browser, pytest.mark.slow]

# As in thrift.ts.
LEAST_BITS, ROOM_BITS = 45_000, 200_000
PATIENCE = 25.0

_ROOM = """async () => {
  for (const one of (await window.sides.publish.getStats()).values())
    if (one.type === "candidate-pair" && one.availableOutgoingBitrate) return one.availableOutgoingBitrate;
  return null;
}"""
_PICTURE = """async (on) => {
  for (const sender of window.sides.publish.getSenders()) {
    const told = sender.getParameters();
    if (sender.track.kind === "video") told.encodings[0].active = on;
    else told.encodings[0].maxBitrate = on ? 24000 : 12000;
    await sender.setParameters(told);
  }
}"""


@pytest.fixture(scope="module")
def seats(namespaces: None, chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoSeats]:
    with two_seats(chromium, tmp_path_factory.mktemp("narrow")) as running:
        yield running


def until_room(seats: TwoSeats, least: int, most: int) -> float:
    """Seconds until the browser is told an estimate within these bounds."""
    began = time.monotonic()
    while not least <= (told := seats.alice._page.evaluate(_ROOM)) <= most:
        assert time.monotonic() - began < PATIENCE, told
        seats.alice.linger(0.5)
    return time.monotonic() - began


def test_on_a_line_of_64_kbits_the_picture_waits_and_the_voice_is_whole(
    seats: TwoSeats, capsys: pytest.CaptureFixture[str]
) -> None:
    seats.wire.set(up=Weather(kbps=64))
    told = until_room(seats, 1, LEAST_BITS)
    crowded = watch([seats.alice, seats.bob], 3)[1]
    seats.alice._page.evaluate(_PICTURE, arg=False)
    seats.alice.linger(4)  # the queue drains
    alone = watch([seats.alice, seats.bob], 4)[1]
    assert (alone.concealed < 0.05, alone.lost < 0.01) == (True, True), alone
    seats.wire.set(up=CLEAR)
    room = until_room(seats, ROOM_BITS, 10_000_000)
    seats.alice._page.evaluate(_PICTURE, arg=True)
    seats.settle()
    with capsys.disabled():
        sys.stdout.write(
            f"\n    64 kbit/s: told after {told:.1f} s; concealed {crowded.concealed:.1%} with a picture,"
            f" {alone.concealed:.1%} without; room again after {room:.1f} s\n"
        )
