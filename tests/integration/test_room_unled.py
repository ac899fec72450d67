"""A room that nobody led for a while: for a moment, for hours, again and again; a site that loses packets."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import groupby

import pytest

from app.store.unit_of_work import Database
from app.usecases.room.losing import Losses
from remote_eval import room_state as rs
from remote_eval.presence import evaluation_ms
from remote_eval.presence import ledger as presence_of
from remote_eval.room_events import moment_of
from remote_eval.room_state import RoomState
from tests.support.arriving import CITY, COUNTY
from tests.support.room_troubles import back, begun, goes_on, ids, ledger, pass_time, told
from tests.support.rooms_served import Room
from tests.support.signalling_client import PATIENCE_SECONDS

pytestmark = pytest.mark.anyio
HOUR = 3_600_000


async def taken_over(
    room: Room, database: Database, *, known_gone: bool = False, lost_ms: int | None = None
) -> RoomState:
    """Another server leads the room; the state that it begins with. The one before is killed already."""
    server = await room.second(database)
    async with database.read() as uow:
        row = await uow.rooms.get(room.id)
    assert row is not None
    if known_gone:
        server.hall.is_gone = lambda name: name == row.leader
    if lost_ms is not None:
        thresholds = replace(server.hall.pack.thresholds, lost_ms=lost_ms)
        server.hall.pack = replace(server.hall.pack, thresholds=thresholds)
    room.server = server
    room.arriving.app.state.hall = server.hall
    await server.hall.resume()
    state = server.hall.state_of(room.id)
    assert state is not None
    return state


async def until(met: Callable[[], bool]) -> None:
    """Wait for what nobody tells."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not met():  # noqa: ASYNC110 - nobody tells it
            await asyncio.sleep(0.02)


async def test_four_and_a_half_hours_without_a_server_pass_the_limit_and_nobody_was_there_meanwhile(
    room: Room, beside_room: Database
) -> None:
    await begun(room)
    before = room.led.live.state
    await room.server.kill()
    gone_at = room.arriving.stage.clock()
    await pass_time(room, hours=4, minutes=30)
    state = await taken_over(room, beside_room)
    assert [(one.site, one.rule) for one in state.outages.values()] == [(CITY, "during"), (COUNTY, "during")]
    assert {one.since for one in state.outages.values()} == {rs.to_ms(gone_at)}
    now = room.arriving.stage.clock()
    assert evaluation_ms(state, now) == evaluation_ms(before, gone_at)
    assert {one.presence for one in state.members.values()} == {rs.AWAY}
    for one in state.members.values():
        spent = presence_of(state, one, now)
        was = presence_of(before, before.members[one.id], gone_at)
        assert spent.get(rs.HERE, 0) == was.get(rs.HERE, 0)
        assert (spent[rs.RECONNECTING], spent[rs.AWAY]) == (60_000, 4 * HOUR + 30 * 60_000 - 60_000)
    witness, sven = (await room.account("wanda")).client, (await room.account("sven")).client
    await witness.until(lambda: {one.state for one in room.led.live.state.outages.values()} == {"due"})
    returned = await back(room, COUNTY)
    await until(lambda: room.led.live.state.sites[COUNTY].link == rs.UP)
    late = await witness.refused("resume-site", site=COUNTY, confirmed=ids(returned))
    assert (late.code, late.reasons) == ("room.state", ["limit"])
    await sven.ask("reform", reason="平台中断超过四小时，重新组建评标委员会")
    assert await witness.ended() == 4010
    await room.over()


async def test_ten_minutes_without_a_server_ask_for_everybodys_identity_before_it_goes_on(
    room: Room, beside_room: Database
) -> None:
    await begun(room)
    await room.server.kill()
    gone_at = room.arriving.stage.clock()
    await pass_time(room, minutes=10)
    await taken_over(room, beside_room)
    witness = (await room.account("wanda")).client
    await room.account("wendy")
    city, county = await back(room, CITY), await back(room, COUNTY)
    assert [one["kind"] for one in city[0].client.snapshot["room"]["holds"]] == ["frozen"]
    assert (await city[0].client.refused("chat", text="继续吗")).code == "signal.not-allowed"
    await until(lambda: {one.state for one in room.led.live.state.outages.values()} == {"returned"})
    await witness.ask("resume-site", site=CITY, confirmed=ids(city))
    short = await witness.refused("resume-site", site=COUNTY, confirmed=ids(county[1:]))
    assert (short.code, short.reasons) == ("room.quorum", ["quorum"])
    await witness.ask("resume-site", site=COUNTY, confirmed=ids(county))
    await goes_on(room, city[0], county[0])
    for one in (await told(room, "wanda", "/outages"))["items"]:
        lasted = moment_of(one["returned_at"]) - moment_of(one["since"])
        assert (one["state"], moment_of(one["since"])) == ("over", rs.to_ms(gone_at))
        assert lasted == timedelta(minutes=10)
    # The ledger, whose head stands in the log, tells that it was the platform.
    assert "platform" in [one["code"] for one in await ledger(room, "alarm")]
    assert "platform" in [one["code"] for one in await ledger(room, "clear")]


async def test_whoever_does_not_come_back_to_the_next_server_counts_for_no_quorum(
    room: Room, beside_room: Database
) -> None:
    every, _, _ = await begun(room)
    # One of the city's at least two: a site of which nobody comes back is a lost one.
    missing = every.experts[1].client.member
    await room.server.kill()
    # Longer than this test waits: whoever comes back one after another on a slow machine is no lost site.
    state = await taken_over(room, beside_room, known_gone=True, lost_ms=60_000)
    assert (state.outages, state.holds) == ({}, {})
    assert {one.presence for one in state.members.values()} == {rs.RECONNECTING}
    witness = (await room.account("wanda")).client
    for number in {*range(len(every.experts))} - {1}:
        await room.expert(number)
    room.arriving.stage.clock.advance(seconds=61)
    await witness.event("member", id=missing, change="presence")
    short = await witness.refused("phase", to="signing")
    assert {"code": "quorum", "have": len(every.experts) - 1, "need": len(every.experts)} in short.detail[
        "reasons"
    ]


async def test_a_server_that_dies_again_and_again_does_not_keep_a_silent_site_up(
    room: Room, beside_room: Database
) -> None:
    """Each of them is back in time; nobody comes in between, and sites had their time with the first one."""
    await begun(room)
    for _ in range(2):
        await room.server.kill()
        room.arriving.stage.clock.advance(seconds=69)
        # Longer than this test waits: only the time before may make up for it.
        state = await taken_over(room, beside_room, known_gone=True, lost_ms=60_000)
        assert state.outages == {}
    await until(lambda: {one.link for one in room.led.live.state.sites.values()} == {rs.LOST})
    assert rs.FROZEN in room.led.live.state.holds


async def test_a_site_that_loses_more_packets_than_the_pack_allows_is_degraded_until_it_loses_less(
    room: Room,
) -> None:
    await room.open()
    witness = (await room.account("wanda")).client
    experts = [await room.expert(number) for number in (0, len(room.cast.seated) - 1)]
    near, far = [await room.publish(one) for one in experts]
    for site in (CITY, COUNTY):
        await witness.event("site", site=site, link=rs.UP)
    room.led.watch.losses = Losses(window_ms=6_000)
    # What is lost is lost for good: a hundred of a thousand here, fifty there; the pack bears with eighty.
    for publisher, every_so_many in ((near, 10), (far, 20)):
        publisher.link.drops_out = partial(_one_in, every_so_many)
        for one in publisher.streams.values():
            one.kept = _Forgetful()
    await witness.event("site", site=CITY, link=rs.DEGRADED)
    near.link.drops_out = lambda _packet: False
    await until(lambda: room.led.live.state.sites[CITY].link == rs.UP)
    told_of = await ledger(room, "site")
    links = {site: [one["link"] for one in told_of if one["site"] == site] for site in (CITY, COUNTY)}
    assert [link for link, _ in groupby(links[CITY])] == [rs.LOST, rs.UP, rs.DEGRADED, rs.UP]
    assert [link for link, _ in groupby(links[COUNTY])] == [rs.LOST, rs.UP]


def _one_in(so_many: int, packet: bytes) -> bool:
    """Whether an RTP packet is the one of so many that is lost, by its number."""
    return int.from_bytes(packet[2:4]) % so_many == 0


class _Forgetful(dict[int, bytes]):
    """Keeps nothing that could be sent again."""

    def __setitem__(self, key: int, value: bytes) -> None:
        """Forget it."""
