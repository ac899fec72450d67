"""Two real browsers in a room of the embedded engine: one shows and speaks, the other sees and hears it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from remote_eval.media.engine import CAMERA, MICROPHONE, Grants, MemberId, RoomId, RoomSpec, track_id
from tests.support.chromium import launch_options
from tests.support.engines import Turned, bare_lite, turning

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from remote_eval.media.lite.engine import LiteEngine

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

ROOM = RoomId("room")
EXPERT = MemberId("mem_expert")
WITNESS = MemberId("mem_witness")
FACE, VOICE = track_id(EXPERT, CAMERA), track_id(EXPERT, MICROPHONE)
# Answered by playwright itself; a page on loopback may use cameras without TLS.
ORIGIN = "http://127.0.0.1:9/"
DEVICES = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    # Candidates as addresses: there is no multicast name service in a test.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--allow-loopback-in-peer-connection",
]

PUBLISH = """async () => {
  const media = await navigator.mediaDevices.getUserMedia({audio: true, video: {width: 640, height: 480}});
  const pc = window.pc = new RTCPeerConnection();
  window.states = [];
  pc.onconnectionstatechange = () => window.states.push(pc.connectionState);
  for (const track of media.getTracks()) pc.addTransceiver(track, {direction: "sendonly"});
  await pc.setLocalDescription();
  const mids = {};
  for (const one of pc.getTransceivers())
    mids[one.mid] = one.sender.track.kind === "audio" ? "microphone" : "camera";
  return [pc.localDescription.sdp, mids];
}"""

VIEW = """async (wants) => {
  const pc = window.pc = new RTCPeerConnection();
  window.states = [];
  pc.onconnectionstatechange = () => window.states.push(pc.connectionState);
  pc.ontrack = (event) => {
    const player = document.createElement(event.track.kind);
    player.srcObject = new MediaStream([event.track]);
    player.autoplay = true;
    document.body.append(player);
  };
  const mids = {};
  const named = [];
  for (const [track, kind] of wants) named.push([pc.addTransceiver(kind, {direction: "recvonly"}), track]);
  await pc.setLocalDescription();
  for (const [one, track] of named) mids[one.mid] = track;
  return [pc.localDescription.sdp, mids];
}"""

ANSWER = "async (sdp) => await window.pc.setRemoteDescription({type: 'answer', sdp})"
RESTART = """async () => {
  window.pc.restartIce();
  await window.pc.setLocalDescription();
  return window.pc.localDescription.sdp;
}"""
LOOK = """async () => {
  const found = {frames: 0, energy: 0, state: window.pc.connectionState};
  const all = new Map([...await window.pc.getStats()]);
  for (const one of all.values()) {
    if (one.type === "inbound-rtp" && one.kind === "video") found.frames += one.framesDecoded || 0;
    if (one.type === "inbound-rtp" && one.kind === "audio") found.energy += one.totalAudioEnergy || 0;
    if (one.type === "transport") {
      const pair = all.get(one.selectedCandidatePairId);
      if (pair) found.port = all.get(pair.remoteCandidateId).port;
      if (pair) found.ufrag = all.get(pair.remoteCandidateId).usernameFragment;
      found.srtp = one.srtpCipher;
    }
  }
  return found;
}"""
UNTIL = """async ([frames, energy]) => {
  for (;;) {
    const found = await (LOOK)();
    if (found.frames > frames && found.energy > energy) return found;
    await new Promise((next) => setTimeout(next, 50));
  }
}""".replace("LOOK", LOOK)
CONNECTED = """async (ufrag) => {
  for (;;) {
    const found = await (LOOK)();
    if (found.state === "connected" && found.ufrag === ufrag) return found;
    await new Promise((next) => setTimeout(next, 50));
  }
}""".replace("LOOK", LOOK)


@pytest.fixture(scope="module")
def seats(chromium: Path) -> "Iterator[Browser]":
    """A browser whose camera shows a test picture and whose microphone beeps."""
    options = launch_options(chromium)
    options["args"] = [*options["args"], *DEVICES]  # type: ignore[misc]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(**options)  # type: ignore[arg-type]
        yield running
        running.close()


@pytest.fixture(scope="module")
def turned() -> Iterator[Turned]:
    with turning() as loop:
        yield loop


@pytest.fixture
def engine(turned: Turned) -> "Iterator[LiteEngine]":
    running = bare_lite()
    turned.do(running.start())
    yield running
    stats = turned.do(running.stats(ROOM))
    turned.do(running.aclose())
    assert stats.unhandled == 0


def seat(seats: "Browser") -> "Page":
    page = seats.new_context().new_page()
    page.route("**/*", lambda route: route.fulfill(body="<!doctype html><title>seat</title>"))
    page.goto(ORIGIN)
    return page


async def open_room(engine: "LiteEngine") -> None:
    await engine.open_room(ROOM, RoomSpec(opened_at=1_772_323_200_000.0, record=None))
    await engine.admit(ROOM, EXPERT, Grants(publish=frozenset({CAMERA, MICROPHONE})))
    await engine.admit(ROOM, WITNESS, Grants(receive=frozenset({FACE, VOICE})))


async def encodings(engine: "LiteEngine") -> dict[str, set[str]]:
    """What the newest packets of each track came as."""
    tracks = engine._rooms[ROOM].tracks.values()
    newest = {track.name: [track.ring.get(track.highest - back) for back in range(3)] for track in tracks}
    return {name: {kept.codec for kept in some if kept} for name, some in newest.items()}


async def keys(engine: "LiteEngine") -> list[Any]:
    """What the two connections are encrypted with."""
    room = engine._rooms[ROOM]
    sides = [room.side(EXPERT, "publish"), room.side(WITNESS, "view")]
    return [side.peer._dtls.keys() for side in sides if side is not None]


def show(turned: Turned, engine: "LiteEngine", page: "Page") -> None:
    offer, mids = page.evaluate(PUBLISH)
    answered = turned.do(engine.publish(ROOM, EXPERT, offer, mids))
    assert not answered.refused
    page.evaluate(ANSWER, answered.sdp)


def watch(turned: Turned, engine: "LiteEngine", page: "Page") -> None:
    offer, mids = page.evaluate(VIEW, [[FACE, "video"], [VOICE, "audio"]])
    answered = turned.do(engine.view(ROOM, WITNESS, offer, mids))
    assert not answered.refused
    page.evaluate(ANSWER, answered.sdp)


def test_a_browser_sees_and_hears_another_through_the_one_port(
    turned: Turned, engine: "LiteEngine", seats: "Browser"
) -> None:
    turned.do(open_room(engine))
    expert, witness = seat(seats), seat(seats)
    show(turned, engine, expert)
    watch(turned, engine, witness)
    found: dict[str, Any] = witness.evaluate(UNTIL, [10, 0.0001])
    assert found["port"] == engine.port
    assert found["srtp"] == "SRTP_AEAD_AES_256_GCM"
    sending: dict[str, Any] = expert.evaluate(LOOK)
    assert sending["port"] == engine.port
    stats = turned.do(engine.stats(ROOM))
    assert {track.track for track in stats.tracks} == {FACE, VOICE}
    assert all(track.packets for track in stats.tracks)
    assert all(leg.packets for leg in stats.legs)
    assert turned.do(encodings(engine)) == {FACE: {"vp8"}, VOICE: {"red"}}


def test_an_ice_restart_keeps_picture_and_sound_on_the_same_keys(
    turned: Turned, engine: "LiteEngine", seats: "Browser"
) -> None:
    turned.do(open_room(engine))
    expert, witness = seat(seats), seat(seats)
    show(turned, engine, expert)
    watch(turned, engine, witness)
    before: dict[str, Any] = witness.evaluate(UNTIL, [5, 0.0])
    kept = turned.do(keys(engine))
    for page, member, purpose in ((expert, EXPERT, "publish"), (witness, WITNESS, "view")):
        answered = turned.do(engine.restart(ROOM, member, purpose, page.evaluate(RESTART)))  # type: ignore[arg-type]
        page.evaluate(ANSWER, answered.sdp)
        ufrag = answered.sdp.partition("a=ice-ufrag:")[2].partition("\r")[0]
        page.evaluate(CONNECTED, ufrag)
    after: dict[str, Any] = witness.evaluate(UNTIL, [before["frames"] + 10, before["energy"]])
    assert after["frames"] > before["frames"]
    # A late packet may show as a moment's break, which is no new handshake.
    assert witness.evaluate("window.states").count("connecting") == 1
    assert turned.do(keys(engine)) == kept
    assert kept[0] != kept[1]
