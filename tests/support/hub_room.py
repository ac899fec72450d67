"""A whole room over a test network, as a test drives it: the hub's platform, three sites, somebody outside.

    with hub_room(world, folder) as room:
        room.enter()            # experts e1 to e7, w (witness), v (supervisor), s (staff), c1 to c3 (cameras)
        room.begin()
        heard, seen = room.read(room.measure())     # by person: whose tones, whose pictures
        room.arrives_as({"e1": {"e2"}}, {"e1": set()})

Each seat speaks with a tone of its own, so whoever hears it can be told from what arrived, not from what was
promised. `b` is a bidder, outside of all sites.
"""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import Error, sync_playwright

from tests.support.hub_browser import FLAGS, BrowserMember
from tests.support.hub_clients import SiteClients
from tests.support.hub_server import HubServer
from tests.support.hub_world import SITES, HubWorld
from tests.support.networks import HUB, OUTSIDE, Network, Openings
from tests.support.networks_browser import site_browser, write_tone
from tests.support.networks_inside import Inside, InsideError

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Playwright

BOTH: Final = ("camera", "microphone")
# Tones are 60 Hz apart; a gap within the half second that is looked at blurs one by some.
_NEAR_HERTZ: Final = 20.0
# On a loaded machine a voice may falter within one look.
_LOOKS: Final = 12
CALL_TOKEN: Final = "call-token-of-one-bidder-0123456789abcdef"
OPENINGS: Final = {"lite": Openings(), "janus": Openings(media=(40_000, 40_399))}
Table = dict[str, set[str]]


class HubRoom:
    """See the module. `members` are ids by short name, `tones` what each speaks with."""

    def __init__(
        self,
        world: HubWorld,
        network: Network,
        *,
        engine: str = "lite",
        lost_ms: int | None = None,
        cabled: str | None = None,
    ) -> None:
        self.world, self.network, self._lost_ms = world, network, lost_ms
        self.engine = engine
        self.origin = f"http://{network.server(cabled or 'site-a')}:{network.openings.tcp}"
        self._epoch = time.time()
        self.places = {f"e{number}": seat.place for number, seat in enumerate(world.seats, 1)}
        self.places |= {"w": "site-a", "v": "site-c", "s": "site-a", "b": OUTSIDE}
        self.places |= {f"c{number}": place for number, place in enumerate(SITES, 1)}
        if cabled is not None:
            self.places[cabled] = cabled
        self.tones = {name: 400 + 60 * number for number, name in enumerate(self.places)}
        with ThreadPoolExecutor(len(network.sites) + 1) as pool:
            places = [place for place in network.sites if place != cabled]
            sites = {place: pool.submit(self._clients, place) for place in places}
            self.hub = self.start_server()
            self.sites = {place: one.result() for place, one in sites.items()}
        self.members: dict[str, str] = {}
        # People in real browsers; everybody else is a light client of the place.
        self.browsers: dict[str, BrowserMember] = {}
        self.id = ""
        self.call = ""

    @property
    def experts(self) -> list[str]:
        """Everybody at a seat."""
        return [name for name in self.places if name.startswith("e")]

    def start_server(self) -> Inside:
        """A server process at the hub, over what is on disk."""
        network = self.network
        server = Inside(
            network,
            HUB,
            HubServer,
            folder=str(self.world.folder),
            trust=self.world.trust,
            began=self.world.now.isoformat(),
            epoch=self._epoch,
            origin=self.origin,
            port=network.openings.tcp,
            media=network.openings.media,
            addresses=network.hub_addresses,
            engine=self.engine,
            lost_ms=self._lost_ms,
        )
        server.ask("serve")
        network.await_listener(HUB, network.openings.tcp)
        return server

    def _clients(self, place: str) -> Inside:
        server = f"{self.network.server(place)}:{self.network.openings.tcp}"
        address = self.network.address(place)
        tones = [self.tones[name] for name, at in self.places.items() if at == place and name[0] in "eb"]
        return Inside(
            self.network, place, SiteClients, address=address, origin=self.origin, server=server, tones=tones
        )

    def at(self, name: str) -> "Inside | BrowserMember":
        """Whom to ask about a person: the clients of the place, or the person's own browser."""
        return self.browsers.get(name) or self.sites[self.places[name]]

    # -- coming in

    def open(self) -> None:
        """The operator opens the room."""
        done = self.hub.ask(
            "post", token=self.world.tokens["olga"], path="/rooms", body={"draw": self.world.draw}
        )
        assert done["status"] == 201, done
        self.id = done["body"]["id"]

    def fresh_slip(self, name: str) -> str:
        """The code with which a seated person logs in once more, at the seat that chance gave."""
        seat = self.world.seats[self.experts.index(name)]
        token, path = self.world.tokens[SITES[seat.place][3]], f"/desk/arrivals/{seat.arrival}/seat"
        given = self.hub.ask("post", token=token, path=path, body=None)
        assert given["status"] == 200, given
        return str(given["body"]["slip"])

    def knock(self, name: str) -> str:
        """A person opens a socket; what it is challenged with."""
        cookie = None
        if name not in self.experts and name != "b":
            login = {"w": "wanda", "v": "sven"}.get(name) or SITES[self.places[name]][3]
            cookie = self.world.cookies[login]
        return str(self.at(name).ask("knock", name=name, room=self.id, cookie=cookie))

    def shown(self, name: str, nonce: str) -> dict[str, Any]:
        """What a person shows to come in."""
        if name in self.experts:
            seat = self.world.seats[self.experts.index(name)]
            fingerprint = self.at(name).ask("fingerprint", name=name)
            binding = seat.binding(fingerprint=fingerprint, nonce=nonce, origin=self.origin, room=self.id)
            return {"credential": {"seat": seat.browser.token}, "binding": binding}
        if name == "b":
            return {"credential": {"call": CALL_TOKEN}}
        camera = {"camera": "north"} if name.startswith("c") else {}
        return {"credential": {"account": True} | camera}

    def join(self, name: str, **more: Any) -> str:
        """A person comes in; its member id."""
        shown = self.shown(name, self.knock(name))
        welcome = self.at(name).ask("join", name=name, **shown | more)
        assert "member" in welcome, (name, welcome)
        known = self.members.setdefault(name, welcome["member"])
        assert known == welcome["member"], "somebody came back as somebody else"
        return known

    def rejoin(self, name: str, *, within: float) -> None:
        """A person comes back as clients do: again and again until somebody lets it in."""
        ends = time.monotonic() + within
        while True:
            try:
                self.join(name)
            except (AssertionError, InsideError, Error):
                assert time.monotonic() < ends, f"{name} was not let in"
                time.sleep(0.2)  # a client's own pause between two attempts
            else:
                return

    def publish(self, name: str, *sources: str) -> None:
        """A person shows and speaks."""
        self.at(name).ask("publish", name=name, sources=list(sources or BOTH), hertz=self.tones[name])

    def enter(self, *, but: tuple[str, ...] = ()) -> None:
        """Everybody but the bidder comes in; seats and cameras publish. `but` come by another way."""
        self.open()
        for name in self.places:
            if name not in {"b", *but}:
                self.join(name)
        for name in [*self.experts, "c1", "c2", "c3"]:
            if name not in but:
                self.publish(name, *(("camera",) if name.startswith("c") else BOTH))

    # -- acting

    def answer(self, name: str, kind: str, **body: Any) -> dict[str, Any]:
        """The whole answer to a message."""
        told: dict[str, Any] = self.at(name).ask("ask", name=name, kind=kind, body=body)
        return told

    def act(self, name: str, kind: str, **body: Any) -> dict[str, Any]:
        """The body of an answer that is a yes."""
        told = self.answer(name, kind, **body)
        assert told["type"] == "ok", (name, kind, told)
        found: dict[str, Any] = told["body"]
        return found

    def until_ok(self, name: str, kind: str, *, within: float = 20, **body: Any) -> dict[str, Any]:
        """The body of the first yes: the room may refuse for a while because a line is not good yet."""
        ends = time.monotonic() + within
        while (told := self.answer(name, kind, **body))["type"] != "ok":
            assert told["code"] in {"room.state", "room.not-ready", "room.quorum"}, told
            assert time.monotonic() < ends, told
            time.sleep(0.3)  # what it waits for has no event of its own
        found: dict[str, Any] = told["body"]
        return found

    def event(self, name: str, what: str, /, **wanted: Any) -> dict[str, Any]:
        """An event that a person hears."""
        told: dict[str, Any] = self.at(name).ask("event", name=name, kind=what, wanted=wanted)
        return told

    def ready(self) -> None:
        """Everything that an evaluation waits for is there, as the witness is told."""
        for site, *_ in SITES.values():
            self.event("w", "site", site=site, link="up", recording="ok")
        for name in self.members:
            for source in BOTH if name in self.experts else ("camera",) * name.startswith("c"):
                self.event("w", "track", id=self.track(name, source), up=True)

    def begin(self) -> None:
        """The evaluation begins."""
        self.ready()
        self.act("w", "phase", to="check-in")
        self.act("w", "phase", to="evaluating")

    def invite(self) -> None:
        """A bidder's call is asked for and released, and the bidder comes to the waiting room."""
        chair = self.experts[0]
        self.hub.ask("name_chair", room=self.id, member=self.members[chair])
        asked = self.answer(chair, "clarify", bidder="B-07", question="请说明工期")
        assert asked["type"] == "ok", asked
        self.call = str(self.event("w", "clarification", state="asked")["body"]["call"])
        self.act("w", "call-release", call=self.call)
        self.hub.ask("call_token", room=self.id, call=self.call, token=CALL_TOKEN)
        self.join("b")

    # -- what arrives

    def track(self, name: str, source: str) -> str:
        """The id of a track."""
        return f"{self.members[name]}/{source}"

    def every_track(self, masked: str | None = None) -> list[str]:
        """Whatever anybody could ask for, those included that nobody publishes."""
        asked = [self.track(name, source) for name in self.members for source in BOTH]
        asked += [self.track("w", "intercom")]
        return asked + ([masked] if masked else [])

    def ask_for_everything(self, *names: str, masked: str | None = None) -> dict[str, dict[str, str]]:
        """Each asks to see and hear everybody else; what was refused, by person."""
        refused = {}
        for name in names:
            own = f"{self.members[name]}/"
            tracks = [one for one in self.every_track(masked) if not one.startswith(own)]
            refused[name] = self.at(name).ask("view", name=name, tracks=tracks)
        return refused

    def measure(self, seconds: float = 1.0) -> dict[str, dict[str, Any]]:
        """What arrives at each person, by track; all places at the same while."""
        with ThreadPoolExecutor(len(self.sites)) as pool:
            asked = [pool.submit(site.ask, "measure", seconds=seconds) for site in self.sites.values()]
            for browser in self.browsers.values():
                browser.begin_measure()
            found = [one.result() for one in asked]
        told = {name: tracks for one in found for name, tracks in one.items()}
        return told | {name: browser.measured() for name, browser in self.browsers.items()}

    @contextmanager
    def in_browsers(self, chromium: Path, folder: Path, *names: str) -> "Iterator[Playwright]":
        """These persons come by real browsers, each at its place and with its tone as microphone."""
        with sync_playwright() as playwright:
            for name in names:
                place, port = self.places[name], self.network.openings.tcp
                origin = f"http://{self.network.server(place)}:{port}"
                sound = write_tone(folder / f"{name}.wav", self.tones[name])
                options = site_browser(
                    self.network, place, chromium, folder / name, origin=origin, audio=sound
                )
                options["args"] += FLAGS
                context = playwright.chromium.launch(**options).new_context()
                page = context.new_page()
                page.goto(f"{origin}/seat")
                cookie = partial(_put_cookie, context, origin)
                self.browsers[name] = BrowserMember(page, cookie)
            yield playwright
            self.browsers.clear()

    def read(self, measured: Mapping[str, Mapping[str, Any]]) -> tuple[Table, Table]:
        """Who hears whose tone, and who sees whose picture; masked voices are `masked`."""
        names = {member: name for name, member in self.members.items()}
        heard: Table = {name: set() for name in measured}
        seen: Table = {name: set() for name in measured}
        for name, tracks in measured.items():
            for track, told in tracks.items():
                member, _, source = track.rpartition("/")
                if source == "masked":
                    if told["hertz"] is not None:
                        heard[name].add("masked")
                elif source == "camera":
                    seen[name].add(names[member])
                else:
                    heard[name].add(self._speaker(told["hertz"]))
        return heard, seen

    def legs(self, measured: Mapping[str, Mapping[str, Any]]) -> tuple[Table, Table]:
        """Of whom any packet of sound or of pictures arrived, whatever was in it; a masked voice is always
        sent and counts when it says something."""
        names = {member: name for name, member in self.members.items()}
        sound: Table = {name: set() for name in measured}
        pictures: Table = {name: set() for name in measured}
        for name, tracks in measured.items():
            for track, told in tracks.items():
                member, _, source = track.rpartition("/")
                if source != "masked":
                    (pictures if source == "camera" else sound)[name].add(names.get(member, member))
                elif told["hertz"] is not None:
                    sound[name].add("masked")
        return sound, pictures

    def arrives_as(self, heard: Table, seen: Table, *, seconds: float = 1.5) -> dict[str, dict[str, Any]]:
        """What arrived when these people heard and saw whom the tables say. One leg too many fails at once;
        what is missing may falter for some looks."""
        looks = 0
        while True:
            looks += 1
            measured = self.measure(seconds)
            sound, pictures = self.legs(measured)
            beyond = _beyond(sound, heard), _beyond(pictures, seen)
            assert beyond == ({}, {}), f"heard, seen by who may not: {beyond}"
            tones, faces = self.read(measured)
            found = _of(tones, heard), _of(faces, seen)
            if found == (heard, seen):
                return measured
            assert looks < _LOOKS, found

    def _speaker(self, hertz: float | None) -> str:
        """Whose tone this is; told by its sound and not by the track it came on."""
        near = [name for name, own in self.tones.items() if hertz and abs(own - hertz) < _NEAR_HERTZ]
        return near[0] if near else f"{hertz} Hz"

    def close_room(self) -> dict[str, Any]:
        """The witness ends it; the verdict on its recordings."""
        self.act("w", "phase", to="signing")
        self.act("w", "phase", to="closed")
        assert self.at("w").ask("ended", name="w") == 4010
        self.hub.ask("over", room=self.id, within=60)
        told: dict[str, Any] = self.hub.ask("archive", room=self.id)
        return told


def _of(found: Table, wanted: Table) -> Table:
    return {name: found.get(name, set()) for name in wanted}


def _beyond(found: Table, allowed: Table) -> Table:
    more = {name: found.get(name, set()) - some for name, some in allowed.items()}
    return {name: some for name, some in more.items() if some}


def _put_cookie(context: "BrowserContext", origin: str, token: str) -> None:
    context.add_cookies([{"name": "qiantong", "value": token, "url": origin}])


@contextmanager
def hub_room(
    world: HubWorld,
    folder: Path,
    *,
    engine: str = "lite",
    impaired: tuple[str, ...] = (),
    lost_ms: int | None = None,
    cabled: str | None = None,
) -> Iterator[HubRoom]:
    """The network and everybody's processes, over a copy of a world; no room is open yet. Walls let through
    what the engine needs: one UDP port, or a range of them. `cabled` is a person whose seat has a cable of
    its own, with weather, and a place of that person's name: pages are served there, for a real browser.
    """
    places, weathers = [*SITES, *filter(None, [cabled])], {*impaired, *filter(None, [cabled])}
    with Network(*places, impaired=weathers, outside=True, openings=OPENINGS[engine]) as network:
        room = HubRoom(world.copied(folder / "world"), network, engine=engine, lost_ms=lost_ms, cabled=cabled)
        try:
            yield room
        finally:
            for one in room.sites.values():
                one.close()
            room.hub.close()
