"""The seat page as it is built, in a browser whose seat has a cable of its own, and what others get of it.

    with cable_seat(room, playwright, chromium, folder) as seat:
        first = seat.count()                      # totals of what is received
        seat.wait_for(first, pictures=6, voices=6)
        print(seat.back())

Nothing of the page is changed: connections are noted as it makes them, so that the browser's own statistics
tell what arrives; the connection light is written down each time that it changes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.support.hub_browser import FLAGS
from tests.support.hub_room import HubRoom
from tests.support.networks_browser import site_browser
from tests.support.networks_room import Back
from tests.support.seat_visits import sit_down
from tests.support.visits import PATIENCE, WIDE, press

if TYPE_CHECKING:
    from playwright.sync_api import Page, Playwright

# A twentieth of a second of true sound, and a picture, are back.
_SAMPLES: Final = 2_400
_PATIENCE_SECONDS: Final = 40.0
_NOTED: Final = """() => {
  const Real = window.RTCPeerConnection;
  window.links = [];
  window.RTCPeerConnection = class extends Real {
    constructor(...all) {
      super(...all);
      window.links.push(this);
    }
  };
}"""
_WATCHED: Final = """() => {
  const light = document.querySelector("p.light");
  window.lights = [light.className];
  new MutationObserver(() => window.lights.push(light.className)).observe(light, { attributes: true });
}"""
_COUNT: Final = """async () => {
  const told = {};
  for (const [number, link] of window.links.entries()) {
    if (link.connectionState === "closed") continue;
    for (const one of (await link.getStats()).values()) {
      if (one.type !== "inbound-rtp") continue;
      const sound = one.totalSamplesReceived - one.concealedSamples;
      told[`${number} ${one.id}`] = { kind: one.kind, come: one.kind === "video" ? one.framesDecoded : sound,
        samples: one.totalSamplesReceived ?? 0 };
    }
  }
  return told;
}"""
# Seconds until so many pictures moved and so many voices sounded again, by what had come before.
_WAIT: Final = f"""([first, wanted, samples, patience]) => {{
  const start = performance.now();
  const back = {{ video: null, audio: null }};
  const wait = async () => {{
    while (performance.now() - start < patience && (back.video === null || back.audio === null)) {{
      const come = {{ video: 0, audio: 0 }};
      for (const [id, {{ kind, come: now }}] of Object.entries(await ({_COUNT})()))
        if (now - (first[id]?.come ?? 0) >= (kind === "video" ? 1 : samples)) come[kind] += 1;
      for (const kind of ["video", "audio"])
        if (come[kind] >= wanted[kind]) back[kind] ??= (performance.now() - start) / 1000;
      await new Promise((next) => setTimeout(next, 30));
    }}
    return back;
  }};
  window.waiting = wait();
}}"""


@dataclass
class Receiver:
    """A page whose connections stand in `window.links`: what it receives, told by the browser."""

    page: "Page"

    def count(self) -> dict[str, Any]:
        """Totals by stream: pictures decoded, or samples that are no filler."""
        told: dict[str, Any] = self.page.evaluate(_COUNT)
        return told

    def wait_for(self, first: dict[str, Any], *, pictures: int, voices: int) -> None:
        """Begin to wait until so many pictures and voices go on."""
        wanted = {"video": pictures, "audio": voices}
        self.page.evaluate(_WAIT, [first, wanted, _SAMPLES, _PATIENCE_SECONDS * 1000])

    def back(self) -> Back:
        """How long that took."""
        return Back(**self.page.evaluate("() => window.waiting"))

    def linger(self, seconds: float) -> None:
        """Let the room go on for a while."""
        self.page.evaluate("(ms) => new Promise((done) => setTimeout(done, ms))", seconds * 1000)


@dataclass
class CableSeat(Receiver):
    """The page of a person who sits, checked the devices and went in. `faults` are errors of its scripts."""

    member: str = ""
    faults: list[str] = field(default_factory=list)

    def lights(self) -> list[str]:
        """What the connection light has been, from the newest call of this on."""
        told: list[str] = self.page.evaluate("() => window.lights.splice(0, window.lights.length - 1)")
        newest = self.page.locator("p.light").get_attribute("class")
        return [one.removeprefix("light ") for one in [*told, newest or ""]]

    def light(self, name: str, *, within: float = _PATIENCE_SECONDS) -> None:
        """Wait until the light is this one."""
        self.page.locator(f"p.light.{name}").wait_for(timeout=within * 1000)


@contextmanager
def cable_seat(
    room: HubRoom, playwright: "Playwright", chromium: Path, folder: Path, name: str
) -> Iterator[CableSeat]:
    """The person whom `hub_room` has `cabled` goes in by the built page; the room is open."""
    options = site_browser(room.network, name, chromium, folder / "cable", origin=room.origin)
    options["args"] += FLAGS
    browser = playwright.chromium.launch(**options)
    page = browser.new_context(viewport=WIDE, locale="zh-CN").new_page()  # type: ignore[arg-type]
    page.set_default_timeout(PATIENCE)
    page.add_init_script(f"({_NOTED})()")
    seat = CableSeat(page)
    page.on("pageerror", lambda error: seat.faults.append(str(error)))
    page.goto(f"{room.origin}/seat?lang=zh-CN")
    held = room.world.seats[room.experts.index(name)]
    sit_down(page, held.browser, room.fresh_slip(name))
    press(page, "开始检查")
    page.locator(".found.ok").nth(1).wait_for()
    press(page, "进入评标室")
    page.locator(".room .tile").first.wait_for()
    seat.member = room.members[name] = str(page.locator(".tile").first.get_attribute("data-member"))
    page.evaluate(_WATCHED)
    yield seat
    browser.close()
    assert seat.faults == []
