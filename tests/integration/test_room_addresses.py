"""Which of the hub's addresses the members at a site are told: those that its link leads to."""

from pathlib import Path

import pytest

from app.room_composition import telling_of
from app.settings import Settings
from remote_eval.errors import MediaError
from tests.support.arriving import CITY, COUNTY
from tests.support.rooms_served import Room

pytestmark = pytest.mark.anyio
HUB = ("127.0.0.1", "127.0.0.2")


def candidates(sdp: str) -> list[str]:
    """The addresses that a description tells."""
    return [line.split(" ")[4] for line in sdp.split("\r\n") if line.startswith("a=candidate:")]


async def test_members_at_a_site_are_told_the_addresses_of_its_link_alone(room: Room) -> None:
    room.engines._addresses = HUB
    settings = Settings(data=room.folder, room_addresses=HUB, room_site_addresses={CITY: HUB[:1]})
    room.hall.telling = telling_of(settings)
    await room.open()
    numbers = {one.site: at for at, one in enumerate(room.cast.seated)}
    told = {}
    for site, number in numbers.items():
        publisher = await room.publish(await room.expert(number))
        assert publisher.answered is not None
        told[site] = candidates(publisher.answered.sdp)
    # Who is not named is told every address, and both are connected.
    assert told == {CITY: [HUB[0]], COUNTY: [*HUB]}


@pytest.mark.parametrize("told", [(), ("10.9.9.9",), (*HUB, "10.9.9.9")], ids=["none", "unknown", "one-more"])
def test_a_site_that_could_reach_nothing_is_refused_at_the_start(
    tmp_path: Path, told: tuple[str, ...]
) -> None:
    settings = Settings(data=tmp_path, room_addresses=HUB, room_site_addresses={CITY: told})
    with pytest.raises(MediaError, match=r"media\.site-addresses"):
        telling_of(settings)
