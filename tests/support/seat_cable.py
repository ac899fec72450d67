"""The seat page as it is built, in a browser whose seat has a cable of its own, and what others get of it.

    with cable_stage(world, chromium, folder) as stage:
        first = stage.seat.count()                # totals of what is received
        stage.seat.wait_for(first, pictures=6, voices=6)
        print(stage.seat.back())

Nothing of the page is changed: connections are noted as it makes them, so that the browser's own statistics
tell what arrives; the connection light is written down each time that it changes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.support.hub_browser import FLAGS
from tests.support.hub_room import BOTH, HubRoom, hub_room
from tests.support.hub_world import HubWorld
from tests.support.impair_wire import Wire
from tests.support.networks_browser import site_browser
from tests.support.networks_room import Back
from tests.support.seat_visits import sit_down
from tests.support.visits import PATIENCE, WIDE, press

if TYPE_CHECKING:
    from playwright.sync_api import Page, Playwright

# A twentieth of a second of true sound, and a picture, are back.
_SAMPLES: Final = 2_400
_PATIENCE_SECONDS: Final = 40.0
SEAT: Final = "e1"
FACING: Final = "e2"
OTHERS: Final = 6
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


@dataclass(frozen=True, kw_only=True)
class CableStage:
    """A room under way: `seat` is the page behind the cable, `facing` who sees and hears it."""

    room: HubRoom
    seat: CableSeat
    facing: Receiver

    @property
    def cable(self) -> Wire:
        """The seat's."""
        return self.room.network.wire(SEAT)

    def settle(self) -> None:
        """Everybody's pictures and voices come to the seat, the seat's to who faces it."""
        for back in self.waiting(self.facing.count(), self.seat.count()):
            assert None not in (back.video, back.audio), back

    def waiting(self, facing: dict[str, Any], seat: dict[str, Any]) -> tuple[Back, Back]:
        """When the facing one, and the seat, had all of it again."""
        self.facing.wait_for(facing, pictures=1, voices=1)
        self.seat.wait_for(seat, pictures=OTHERS, voices=OTHERS)
        return self.facing.back(), self.seat.back()


@contextmanager
def cable_stage(world: HubWorld, chromium: Path, folder: Path) -> Iterator[CableStage]:
    """A room of seven experts under way, everybody heard and seen."""
    with (
        hub_room(world, folder, cabled=SEAT) as room,
        room.in_browsers(chromium, folder, FACING) as playwright,
    ):
        room.enter(but=(SEAT,))
        with cable_seat(room, playwright, chromium, folder, SEAT) as seat:
            room.begin()
            room.at(FACING).ask("view", name=FACING, tracks=[room.track(SEAT, one) for one in BOTH])
            facing = Receiver(room.browsers[FACING].page)
            facing.page.evaluate("() => { window.links = [window.me.down]; }")
            made = CableStage(room=room, seat=seat, facing=facing)
            made.settle()
            yield made
