"""The expert's page in a room that a Janus carries: what is viewed begins with the engine's offer there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.gateways.janus_engines import OwnJanus
from tests.e2e.test_room_page import MOVING, begin, enter, others
from tests.support.janus_ground import cable, free_port, media_ports, require_janus
from tests.support.room_visits import House, arrived
from tests.support.rooms_served import Room
from tests.support.seat_visits import seat_browser, seated

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
# How loud the loudest of the voices is that the page plays, 0 to 255.
HEARD = """async () => {
    const sound = new AudioContext();
    await sound.resume();
    const looks = [...document.querySelectorAll("audio")].filter((one) => one.srcObject).map((one) => {
        const look = sound.createAnalyser();
        sound.createMediaStreamSource(one.srcObject).connect(look);
        return look;
    });
    const loud = () => Math.max(0, ...looks.map((one) => {
        const bins = new Uint8Array(one.frequencyBinCount);
        one.getByteFrequencyData(bins);
        return Math.max(...bins);
    }));
    const ends = performance.now() + 20_000;
    while (loud() < 100 && performance.now() < ends) await new Promise((next) => setTimeout(next, 50));
    const most = loud();
    await sound.close();
    return most;
}"""


@pytest.fixture
def janus(tmp_path: Path) -> Iterator[OwnJanus]:
    require_janus()
    with cable() as interface:
        made = OwnJanus(
            tmp_path / "janus",
            interfaces=[interface],
            media_ports=media_ports(),
            port=free_port(),
            admin_port=free_port(),
            linger=3,
        )
        yield made
        if made._child is not None:
            made._child.wait(30)


def test_a_browser_shows_and_hears_the_others_and_is_seen_on_janus(
    chromium: Path, rooms: House, janus: OwnJanus
) -> None:
    with (
        rooms.room(janus=janus) as played,
        seat_browser(chromium, played) as browser,
        seated(browser, played, 0) as page,
    ):
        every = others(played)
        enter(page)
        own = begin(played, every, page)
        page.wait_for_function(MOVING, arg=len(every.experts))
        assert page.evaluate(HEARD) >= 100

        async def look(room: Room) -> int:
            assert room.led.live.carrier.offers
            viewer = await room.view(every.experts[0], f"{own}/camera", f"{own}/microphone")
            return await arrived(viewer, f"{own}/camera", 50)

        assert played.do(look) == 50
        # The line ends without a word: the page comes back by itself, and is seen as before.
        played.do(lambda room: _cut(room, own))
        page.get_by_text("别人看得到您").wait_for()


async def _cut(room: Room, member: str) -> None:
    room.led.live.links[member].end(1012, "restart")
