"""A real browser at a site: it loads the hub's page, has a camera and a microphone, and gets no further."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Error, sync_playwright

from remote_eval.media.turn import Credentials, Relay, credentials
from tests.support.networks import HUB, Network, Openings
from tests.support.networks_browser import site_browser, write_grey, write_tone
from tests.support.networks_inside import Inside
from tests.support.networks_pages import Pages
from tests.support.networks_seats import hand_over_pages
from tests.support.turn import SECRET, demand_turnserver, relaying

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.network, pytest.mark.browser]
SITE = "site-a"
HERTZ, LUMA = 1000, 200
# The loudest tone that the microphone hears, and the shade that the camera sees; bounded by the test's limit.
DEVICES = """async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: {
    echoCancellation: false, noiseSuppression: false, autoGainControl: false }, video: true });
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 8192;
  context.createMediaStreamSource(stream).connect(analyser);
  const video = document.createElement("video");
  video.srcObject = stream;
  video.muted = true;
  await video.play();
  await new Promise((seen) => video.requestVideoFrameCallback(seen));
  const canvas = new OffscreenCanvas(64, 48).getContext("2d");
  const bins = new Float32Array(analyser.frequencyBinCount);
  let loudest = 0;
  while (bins[loudest] === 0 || bins[loudest] < -60) {
    await new Promise(requestAnimationFrame);
    analyser.getFloatFrequencyData(bins);
    loudest = bins.indexOf(Math.max(...bins));
  }
  canvas.drawImage(video, 0, 0, 64, 48);
  const pixel = canvas.getImageData(32, 24, 1, 1).data;
  stream.getTracks().forEach((track) => track.stop());
  return { hertz: loudest * context.sampleRate / analyser.fftSize, shade: [...pixel].slice(0, 3) };
}"""
CANDIDATES = """async ({ urls, username, credential }) => {
  const peer = new RTCPeerConnection({
    iceTransportPolicy: "relay", iceServers: [{ urls, username, credential }] });
  peer.createDataChannel("probe");
  const found = [];
  const done = new Promise((ended) => {
    peer.onicecandidate = ({ candidate }) => candidate ? found.push(candidate.candidate) : ended();
  });
  await peer.setLocalDescription();
  await done;
  peer.close();
  return found;
}"""
FETCH = """(url) => fetch(url, { mode: "no-cors", signal: AbortSignal.timeout(600) })
  .then(() => true, () => false)"""


class Desk:
    """A browser's page at site A, whose way out is the relay and the edge's hand-over of pages."""

    def __init__(self, network: Network, relay: Relay | None, page: "Page") -> None:
        self.network, self.relay, self.page = network, relay, page


@pytest.fixture(scope="module")
def desk(namespaces: None, chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    demand_turnserver()
    folder = tmp_path_factory.mktemp("site")
    with (
        Network(SITE, "site-b", edged=[SITE]) as network,
        relaying(network, SITE, folder) as relay,
        sync_playwright() as playwright,
    ):
        serve(network)
        origin = f"http://{network.server(SITE)}:{Openings().tcp}"
        options = site_browser(
            network,
            SITE,
            chromium,
            folder,
            origin=origin,
            audio=write_tone(folder / "tone.wav", HERTZ),
            video=write_grey(folder / "grey.y4m", LUMA),
        )
        browser = playwright.chromium.launch(**options)
        page = browser.new_page()
        page.goto(origin)
        yield Desk(network, relay, page)
        browser.close()


def serve(network: Network) -> None:
    """Pages at the hub, handed over by the edge as by a reverse proxy."""
    port = network.openings.tcp
    Inside(network, HUB, Pages, port=port).ask("serve")
    hand_over_pages(network, SITE)


def made(*, age: int = 0) -> Credentials:
    return credentials(SECRET, "mem_7f3a", int(time.time()) - age, 3600)


def candidates(desk: Desk, way: str, given: Credentials) -> list[str]:
    assert desk.relay is not None
    urls = f"turn:{desk.relay.listen}:{desk.relay.port}?transport={way}"
    told: list[Any] = desk.page.evaluate(
        CANDIDATES, {"urls": urls, "username": given.username, "credential": given.password}
    )
    return told


def test_the_page_comes_from_the_hub_by_the_edge(desk: Desk) -> None:
    assert desk.page.title() == "hub"
    assert desk.page.evaluate("isSecureContext")


def test_the_devices_play_what_the_test_gave_them(desk: Desk) -> None:
    told = desk.page.evaluate(DEVICES)
    assert told["hertz"] == pytest.approx(HERTZ, abs=12)
    shade = round((LUMA - 16) * 255 / 219)
    assert all(value == pytest.approx(shade, abs=6) for value in told["shade"])


def test_the_browser_reaches_no_address_but_its_edge(desk: Desk) -> None:
    network, port = desk.network, Openings().tcp
    assert desk.page.evaluate(FETCH, f"http://{network.server(SITE)}:{port}/")
    for host in (network.server(f"edge-{SITE}"), network.server("site-b"), network.address("site-b")):
        assert not desk.page.evaluate(FETCH, f"http://{host}:{port}/")


@pytest.mark.parametrize("way", ["udp", "tcp"])
def test_the_browser_gets_a_relay_for_credentials_that_last(desk: Desk, way: str) -> None:
    found = candidates(desk, way, made())
    assert found != []
    assert all(" typ relay " in one and f" {desk.network.address(f'edge-{SITE}')} " in one for one in found)


@pytest.mark.parametrize("way", ["udp", "tcp"])
def test_the_browser_gets_none_for_credentials_that_have_ended(desk: Desk, way: str) -> None:
    assert candidates(desk, way, made(age=7200)) == []


def test_a_page_of_another_site_does_not_load(desk: Desk) -> None:
    browser = desk.page.context.browser
    assert browser is not None
    other = browser.new_page()
    with pytest.raises(Error, match=r"Timeout|ERR_"):
        other.goto(f"http://{desk.network.address('site-b')}:{Openings().tcp}/", timeout=1000)
    other.close()
