"""Who comes into a room, and who does not whatever it shows: seats, accounts, cameras, thieves, crowds."""

import asyncio
import time
from typing import Any

import pytest
from aiortc import RTCCertificate
from sqlalchemy import select
from websockets.exceptions import InvalidStatus

from app.store.desk_tables import arrivals
from app.store.tables import draws
from tests.support.arriving import Browser
from tests.support.media_link import Link
from tests.support.media_offers import media_lines, offer_text
from tests.support.rooms_served import Room
from tests.support.signalling_client import Client, Refused, fingerprint_of
from tests.support.waiting import within

pytestmark = pytest.mark.anyio
CROWD = 300
STRANGERS = 40


async def refused(client: Client, shown: dict[str, Any]) -> tuple[str, int]:
    """The code of a hello's refusal, and that with which the socket ends."""
    with pytest.raises(Refused) as refusal:
        await client.hello(**shown)
    return refusal.value.code, await client.ended()


async def upgrade(room: Room, **more: Any) -> int:
    """The status with which a socket's upgrade is refused."""
    with pytest.raises(InvalidStatus) as answer:
        await Client.open(room.place, **more)
    return answer.value.response.status_code


async def test_a_stolen_token_opens_nothing_without_the_key_of_its_seat(room: Room) -> None:
    await room.open()
    seated, certificate = room.cast.seated[0], RTCCertificate.generateCertificate()
    thief = Browser(seat=seated.browser.seat, token=seated.browser.token)
    own = fingerprint_of(RTCCertificate.generateCertificate())
    wrong: list[tuple[dict[str, str], dict[str, Any]]] = [
        ({}, {"binding": None}),
        ({}, {"fingerprint": own}),
        ({}, {"binding": thief.sign(b"anything")}),
        ({}, {"credential": {"seat": "x" * 43}}),
        *(({name: "another"}, {}) for name in ("room", "origin", "session", "seat", "nonce")),
    ]
    for signed, said in wrong:
        client = await room.socket()
        shown = room.shown(seated, certificate, await client.nonce(), **signed) | said
        began = time.monotonic()
        assert await refused(client, shown) == ("signal.refused", 4003)
        # One time for every reason.
        assert time.monotonic() - began >= 0.2
    right = await room.socket()
    assert (await right.hello(**room.shown(seated, certificate, await right.nonce())))["member"]


async def test_a_hello_that_was_heard_is_good_for_no_second_socket(room: Room) -> None:
    """Neither while the seat is there nor after it has gone, and the seat itself comes back at any time."""
    await room.open()
    seated, certificate = room.cast.seated[0], RTCCertificate.generateCertificate()
    victim = await room.socket()
    heard = room.shown(seated, certificate, await victim.nonce())
    await victim.hello(**heard)
    assert await refused(await room.socket(), heard) == ("signal.refused", 4003)
    assert not victim.closed.is_set()
    await victim.close()
    assert await refused(await room.socket(), heard) == ("signal.refused", 4003)
    back = await room.socket()
    assert (await back.hello(**room.shown(seated, certificate, await back.nonce())))["member"]


async def test_no_media_run_to_another_certificate_than_the_seat_signed_for(room: Room) -> None:
    await room.open()
    expert = (await room.expert(0)).client
    own = fingerprint_of(RTCCertificate.generateCertificate()).replace("sha-256 ", "a=fingerprint:sha-256 ")
    for sdp in (f"v=0\r\n{own}\r\n", "v=0\r\n"):
        refusal = await expert.refused("publish", sdp=sdp, sources={"0": "camera"})
        assert refusal.code == "media.fingerprint"


async def test_nobody_comes_in_without_naming_the_certificate_of_its_media(room: Room) -> None:
    await room.open()
    for login in room.cast.cookies:
        client = await room.socket(cookie=room.cast.cookies[login])
        with pytest.raises(Refused) as refusal:
            await client.hello({"account": True}, fingerprint=None)
        assert (refusal.value.code, await client.ended()) == ("signal.body", 4000)
        assert refusal.value.detail["errors"] == [{"pointer": "/body/fingerprint", "code": "type"}]


async def test_an_accounts_media_run_to_the_certificate_alone_that_its_hello_named(room: Room) -> None:
    """A witness whose socket somebody else's page got hold of; a room camera that is another one."""
    await room.open()
    witness, camera = await room.account("wanda"), await room.account("dana", camera="north")
    for one, source in ((witness, "intercom"), (camera, "camera")):
        for certificate in (RTCCertificate.generateCertificate(), one.certificate):
            link = await Link.open(certificate=certificate)
            kind = "audio" if source == "intercom" else "video"
            sdp = offer_text(link, [media_lines(kind, "0", "sendonly")], ["0"])
            await link.close(silently=True)
            answer = await one.client.answer("publish", {"sdp": sdp, "sources": {"0": source}})
            named = certificate is one.certificate
            assert answer["type"] == ("ok" if named else "error"), answer
            assert named or answer["code"] == "media.fingerprint"


async def test_no_spelling_brings_a_certificate_past_the_one_that_was_signed(room: Room) -> None:
    await room.open()
    expert = await room.expert(0)
    link = await Link.open(certificate=expert.certificate)
    right = offer_text(link, [media_lines("video", "0", "sendonly")], ["0"])
    own = fingerprint_of(RTCCertificate.generateCertificate())
    await link.close(silently=True)
    for line, code in (
        (f"a=fingerprint:{own}", "media.fingerprint"),
        (f"a=fingerprint: {own}", "media.fingerprint"),
        (f"a=Fingerprint:{own}", "media.sdp"),
        (f"a=FINGERPRINT:{own}", "media.sdp"),
        (f"a=fingerprint :{own}", "media.sdp"),
        (f"a=fingerprint\t:{own}", "media.sdp"),
        (f"a=x\ra=Fingerprint:{own}", "media.sdp"),
        (f"a=x\0\r\na=Fingerprint:{own}", "media.sdp"),
        ("a=Candidate:1 1 udp 1 192.0.2.1 9 typ host", "media.sdp"),
        ("a=Simulcast:send h;l", "media.sdp"),
    ):
        refusal = await expert.client.refused("publish", sdp=f"{right}{line}\r\n", sources={"0": "camera"})
        assert refusal.code == code, line
    # The same without any such line is taken.
    assert (await expert.client.ask("publish", sdp=right, sources={"0": "camera"}))["refused"] == {}


async def test_only_pages_of_the_platform_reach_a_room_that_there_is(room: Room) -> None:
    await room.open()
    assert await upgrade(room, origin="https://evil.example") == 403
    assert await upgrade(room, origin="null") == 403
    assert await upgrade(room, subprotocols=["another"]) == 403
    room_id, room.id = room.id, "room_00000000000000000000"
    assert await upgrade(room) == 403
    room.id = room_id


async def test_a_seat_of_another_draw_is_no_seat_of_this_room(room: Room) -> None:
    await room.open()
    seated = room.cast.seated[0]
    async with room.arriving.platform.database.write() as uow:
        connection = uow.rooms._connection
        row = (await connection.execute(select(draws))).mappings().first()
        assert row is not None
        other = dict(row) | {
            "id": "drw_other",
            "k": None,
            "code": None,
            "sdr_hash": None,
            "round": 9,
            "live": False,
        }
        await connection.execute(draws.insert().values(**other))
        moved = arrivals.update().where(arrivals.c.id == seated.arrival)
        await connection.execute(moved.values(draw_id="drw_other"))
    client = await room.socket()
    shown = room.shown(seated, RTCCertificate.generateCertificate(), await client.nonce())
    assert await refused(client, shown) == ("signal.refused", 4003)


async def test_accounts_come_in_by_their_role_and_site_alone(room: Room) -> None:
    await room.open()
    account, camera = {"account": True}, {"account": True, "camera": "north"}
    nobody = await room.socket()
    assert await refused(nobody, {"credential": account}) == ("signal.refused", 4003)
    wrong = [("olga", account), ("olga", camera), ("wanda", camera), ("sven", camera)]
    wrong.append(("dana", {"account": True, "camera": "cellar"}))
    for login, credential in wrong:
        client = await room.socket(cookie=room.cast.cookies[login])
        assert await refused(client, {"credential": credential}) == ("signal.refused", 4003)
    come = {login: await room.account(login) for login in ("wanda", "sven", "dana")}
    roles = {login: one.client.snapshot["you"]["role"] for login, one in come.items()}
    assert roles == {"wanda": "witness", "sven": "supervisor", "dana": "site"}
    filming = await room.account("dana", camera="north")
    assert filming.client.snapshot["you"]["role"] == "camera"
    assert filming.client.member != come["dana"].client.member


async def test_the_newer_socket_of_a_member_takes_over(room: Room) -> None:
    await room.open()
    first = await room.expert(0)
    second = await room.expert(0)
    assert await first.client.ended() == 4001
    assert second.client.member == first.client.member
    assert await second.client.ask("ping", seq=0, stats=None)
    witness = await room.account("wanda")
    shown = [one for one in witness.client.snapshot["members"] if one["role"] == "expert"]
    assert [one["presence"] for one in shown] == ["here"]


async def test_whoever_comes_back_in_time_gets_what_was_missed_and_no_snapshot(room: Room) -> None:
    await room.open()
    witness = await room.account("wanda")
    other = await room.account("wendy")
    resume = witness.client.resume()
    await witness.client.vanish()
    await other.client.event("member", id=witness.client.member, change="presence")
    await other.client.ask("problem", part="camera", text=None)
    cookie = room.cast.cookies["wanda"]
    again = await room.socket(cookie=cookie)
    welcome = await again.hello({"account": True}, resume=resume)
    assert (welcome["resumed"], welcome["snapshot"]) == (True, None)
    await again.event("problem")
    await again.event("sight")
    sequence = [one["seq"] for one in again.events]
    assert sequence == sorted(sequence)
    assert sequence[0] > resume["seq"]
    for bad in ({"token": "0" * 64}, {"seq": 10**9}, {"member": other.client.member}):
        late = await room.socket(cookie=cookie)
        welcome = await late.hello({"account": True}, resume=resume | bad)
        assert welcome["resumed"] is False
        assert welcome["snapshot"]["you"]["id"] == witness.client.member


async def test_a_person_whose_seat_session_ends_is_out_at_once(room: Room) -> None:
    await room.open()
    expert, witness = await room.expert(0), await room.account("wanda")
    voice = f"{expert.client.member}/microphone"
    publisher = await room.publish(expert)
    await witness.client.event("track", id=voice, up=True)
    gone = await room.arriving.client.delete(
        "/v1/seats/current", headers={"Authorization": f"Seat {room.cast.seated[0].browser.token}"}
    )
    assert gone.status_code == 204, gone.text
    assert await expert.client.ended() == 4003
    await witness.client.event("member", id=expert.client.member, change="expelled")
    await within(10, publisher.link.closed.wait())
    client = await room.socket()
    shown = room.shown(room.cast.seated[0], expert.certificate, await client.nonce())
    assert await refused(client, shown) == ("signal.refused", 4003)


async def test_a_person_without_a_socket_is_out_all_the_same_when_the_session_ends(room: Room) -> None:
    await room.open()
    expert, witness = await room.expert(0), await room.account("wanda")
    publisher = await room.publish(expert)
    await witness.client.event("track", id=f"{expert.client.member}/microphone", up=True)
    await expert.client.vanish()
    await witness.client.event("member", id=expert.client.member, change="presence")
    await room.arriving.client.delete(
        "/v1/seats/current", headers={"Authorization": f"Seat {room.cast.seated[0].browser.token}"}
    )
    await witness.client.event("member", id=expert.client.member, change="expelled")
    await within(10, publisher.link.closed.wait())


async def test_a_witness_who_signs_out_is_out(room: Room) -> None:
    await room.open()
    witness = await room.account("wanda")
    await room.arriving.client.delete(
        "/v1/sessions/current",
        headers={
            "Cookie": f"qiantong={room.cast.cookies['wanda']}",
            "X-Qiantong": "1",
            "Origin": room.place.origin,
        },
    )
    assert await witness.client.ended() == 4003


async def test_a_crowd_of_strangers_keeps_nobody_out_who_is_in(room: Room) -> None:
    await room.open()
    witness = await room.account("wanda")

    async def stranger() -> Client | int:
        try:
            return await room.socket()
        except InvalidStatus as answer:
            return answer.response.status_code

    came = await asyncio.gather(*(stranger() for _ in range(CROWD)))
    let_in = [one for one in came if isinstance(one, Client)]
    assert len(let_in) == STRANGERS
    assert {one for one in came if not isinstance(one, Client)} == {403}
    began = time.monotonic()
    await witness.client.ask("ping", seq=0, stats=None)
    # Long before the strangers are gone; a machine that does other things takes its time.
    assert time.monotonic() - began < 4
    # Whoever says nothing is gone after five seconds, and there is room again.
    assert {await one.ended() for one in let_in} == {4000}
    assert (await room.account("wendy")).client.member
