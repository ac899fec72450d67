"""Frames that no client of ours sends: broken, huge, too many; others in the room go on as if nothing was."""

import asyncio
import json
import time
from functools import partial
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.rooms_served import Room
from tests.support.signalling_client import NO_MEDIA, Client

# Frames and their limits ask nothing of the database.
pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("copied", ["sqlite"], indirect=True)]


def frame(**changes: Any) -> dict[str, Any]:
    return {"v": 1, "id": "x1", "type": "ping", "body": {"seq": 0, "stats": None}} | changes


# What a welcomed client may send, and the code that it gets for it.
MALFORMED: list[tuple[str, str]] = [
    ("", "signal.json"),
    ("{", "signal.json"),
    ("[]", "signal.json"),
    ("null", "signal.json"),
    ('"ping"', "signal.json"),
    ('{"v":1,"v":1,"id":"x1","type":"ping","body":{}}', "signal.json"),
    (json.dumps(frame(body={"seq": 0.5, "stats": None})), "signal.json"),
    ("[" * 50_000, "signal.json"),
    ('{"a":' * 9 + "1" + "}" * 9, "signal.json"),
    (json.dumps(frame(v=2)), "signal.version"),
    (json.dumps(frame(type="drop-table")), "signal.type"),
    (json.dumps(frame(type=["ping"])), "signal.type"),
    (json.dumps(frame(id="")), "signal.body"),
    (json.dumps(frame(id="x" * 37)), "signal.body"),
    (json.dumps(frame(body={"seq": -1, "stats": None})), "signal.body"),
    (json.dumps(frame(body={"seq": 2**60, "stats": None})), "signal.json"),
    (json.dumps(frame(body={"seq": 0})), "signal.body"),
    (json.dumps(frame(role="witness")), "signal.body"),
    (json.dumps(frame(type="chat", body={"text": "\u202eabc"})), "signal.body"),
    (json.dumps(frame(type="chat", body={"text": " "})), "signal.body"),
    (json.dumps(frame(type="chat", body={"text": "x" * 501})), "signal.body"),
    (json.dumps(frame(type="publish", body={"sdp": "x" * 65_537, "sources": {}})), "signal.body"),
    (json.dumps(frame(type="publish", body={"sdp": "v=0", "sources": {"0": "masked"}})), "signal.body"),
    (json.dumps(frame(type="chat", body={"text": "x" * 98_304})), "signal.too-large"),
    (json.dumps(frame(type="report", body={"digest": "00" * 32})), "signal.type"),
    (json.dumps(frame(type="phase", body={"to": "closed"})), "signal.not-allowed"),
    (
        json.dumps(frame(id="x2", type="node", body={"node": "a/b", "state": "ok", "text": None})),
        "signal.not-allowed",
    ),
]


def _more_than(client: Client, number: int) -> bool:
    return len(client.unasked) > number


async def test_malformed_frames_are_refused_one_by_one_and_others_go_on(room: Room) -> None:
    await room.open()
    expert, witness = await room.expert(0), await room.account("wanda")
    client = expert.client
    for number, (text, code) in enumerate(MALFORMED):
        await client.text(text.replace('"x1"', f'"n{number}"'))
        await client.until(partial(_more_than, client, number))
        assert client.unasked[number]["code"] == code, text[:200]
        # No faster than the rate allows.
        await client.ask("ping", seq=0, stats=None)
        await witness.client.ask("ping", seq=0, stats=None)
        await asyncio.sleep(0.05)
    assert not client.closed.is_set()


async def test_a_frame_that_is_binary_or_beyond_all_measure_ends_its_socket_alone(room: Room) -> None:
    await room.open()
    expert, witness = await room.expert(0), await room.account("wanda")
    await expert.client.text(b"\x00" * 10)
    assert await expert.client.ended() == 4000
    other = await room.expert(1)
    await other.client.text("x" * 300_000)
    assert await other.client.ended() == 1009
    await witness.client.event("member", id=other.client.member, change="presence")
    await witness.client.ask("ping", seq=0, stats=None)


@pytest.mark.parametrize("first", ["{", "[]", json.dumps(frame()), "x" * 100_000])
async def test_before_the_hello_a_wrong_frame_is_the_end(room: Room, first: str) -> None:
    await room.open()
    client = await room.socket()
    await client.text(first)
    assert await client.ended() == 4000


async def test_a_second_hello_is_the_end(room: Room) -> None:
    await room.open()
    witness = await room.account("wanda")
    assert (await witness.client.refused("hello", **_hello())).code == "signal.hello"
    assert await witness.client.ended() == 4000


def _hello() -> dict[str, Any]:
    device = dict.fromkeys(("camera", "microphone", "speaker"), "ok")
    return {
        "credential": {"account": True},
        "resume": None,
        "fingerprint": NO_MEDIA,
        "binding": None,
        "device": device,
    }


async def test_a_flood_is_refused_then_cut_and_delays_nobody(room: Room) -> None:
    await room.open()
    flooding, witness = await room.expert(0), await room.account("wanda")
    client = flooding.client

    async def flood() -> None:
        for number in range(5_000):
            try:
                await client.text(json.dumps(frame(id=f"p{number}")))
            except ConnectionClosed:
                return

    sending = asyncio.create_task(flood())
    worst = 0.0
    while not client.closed.is_set():
        began = time.monotonic()
        await witness.client.ask("ping", seq=0, stats=None)
        worst = max(worst, time.monotonic() - began)
        await asyncio.sleep(0.06)
    await sending
    assert client.code == 4008
    # A machine that does other things takes its time.
    assert worst < 3
    refusals = [one for one in client.unasked if one.get("code") == "signal.rate"]
    assert {one["to"] for one in refusals} == {None}
    again = await room.expert(0)
    assert again.client.member == client.member


async def test_the_same_frame_twice_is_one_act(room: Room) -> None:
    await room.open()
    witness = await room.account("wanda")
    body = {"part": "network", "text": None}
    first = await witness.client.answer("problem", body, frame="once")
    second = await witness.client.answer("problem", body, frame="once")
    assert first == second
    await witness.client.ask("ping", seq=0, stats=None)
    assert witness.client.kinds().count("problem") == 1


async def test_who_is_silent_is_closed_and_shown_as_coming_back(room: Room) -> None:
    await room.open()
    witness = await room.account("wanda")
    silent: Client = await room.socket(cookie=room.cast.cookies["wendy"])
    await silent.hello({"account": True})
    assert await silent.ended() == 4002
    event = await witness.client.event("member", id=silent.member, change="presence")
    assert event["body"]["member"]["presence"] == "reconnecting"
    room.arriving.stage.clock.advance(seconds=61)
    away = await witness.client.until(
        lambda: next(
            (
                one
                for one in witness.client.events
                if one["kind"] == "member" and one["body"]["member"]["presence"] == "away"
            ),
            None,
        )
    )
    assert away["body"]["id"] == silent.member
