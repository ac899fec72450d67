"""Members of a room at one place of a network: sockets, publishers of real media, viewers that measure.

Runs inside the place's namespace by `tests.support.networks_inside`; people are told apart by short names.
What a test asks is answered in plain values: what was refused, what arrived of which track, how it sounded.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiortc import RTCCertificate

from remote_eval.media.engine import KIND_OF, RoomId, TrackId
from remote_eval.media.engine import MemberId as Id
from tests.support.media_link import Link, home, reached
from tests.support.media_viewer import Arrived, Viewer
from tests.support.real_media import RealPublisher, hertz_of, prepare
from tests.support.signalling_client import Client, Media, Place, Refused, fingerprint_of

_HEARD = 13  # packets of sound that are decoded: half a second
# What was sent before is read meanwhile: the machine may be seconds of work behind.
_DRAIN_SECONDS = 0.5
_AGAIN_SECONDS = 32.0


@dataclass
class Person:
    """One member; `certificate` stays the same however often it comes."""

    certificate: RTCCertificate = field(default_factory=RTCCertificate.generateCertificate)
    # A socket that has said nothing yet.
    knocked: Client | None = None
    media: Media | None = None
    publisher: RealPublisher | None = None
    viewer: Viewer | None = None

    @property
    def client(self) -> Client:
        """The socket."""
        assert self.media is not None
        return self.media.client


class SiteClients:
    """The people of one place."""

    def __init__(self, *, address: str, origin: str, server: str, tones: list[int]) -> None:
        """`address` is this place's own, `origin` the platform's, `server` where its socket is reached;
        `tones` are the voices of those who publish here.
        """
        prepare(*tones)
        home[0] = address
        reached[:] = [server.partition(":")[0]]
        self._origin, self._server = origin, server
        self._people: dict[str, Person] = {}

    def fingerprint(self, name: str) -> str:
        """Of the certificate that this person has from now on."""
        return fingerprint_of(self._people.setdefault(name, Person()).certificate)

    async def knock(self, name: str, *, room: str, cookie: str | None = None) -> str:
        """Open a socket; what it is challenged with."""
        person = self._people.setdefault(name, Person())
        if person.knocked is not None:
            await person.knocked.close()
        place = Place(address=f"ws://{self._server}", room=room, origin=self._origin)
        person.knocked = await Client.open(place, cookie=cookie)
        return await person.knocked.nonce()

    async def join(
        self,
        name: str,
        *,
        credential: dict[str, Any],
        binding: str | None = None,
        resume: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Come in where one knocked; the member's id, or the code of the refusal."""
        person = self._people[name]
        client, person.knocked = person.knocked, None
        assert client is not None
        try:
            welcome = await client.hello(
                credential, fingerprint=fingerprint_of(person.certificate), binding=binding, resume=resume
            )
        except Refused as refusal:
            await client.close()
            return {"error": refusal.code}
        client.beat()
        person.media = Media(client, person.certificate)
        if person.viewer is not None:
            # The connection goes on; whatever is asked of it goes over the new socket.
            person.viewer.engine = person.media._port
        return {"member": welcome["member"], "resumed": welcome["resumed"]}

    async def publish(self, name: str, sources: list[str], hertz: int, shade: int = 60) -> None:
        """Publish and play."""
        person = self._people[name]
        if person.publisher is not None:
            await person.publisher.stop()
            await person.publisher.close(silently=True)
        assert person.media is not None
        link = await Link.open(certificate=person.certificate)
        made = RealPublisher(
            person.media._port, RoomId(person.client.place.room), Id(person.client.member), link, sources
        )
        made.hertz, made.shade = hertz, shade
        await made.negotiate()
        await made.connected()
        made.play()
        person.publisher = made

    def speak_in_syllables(self, name: str) -> None:
        """From now on this person's tone has the pauses of speech."""
        publisher = self._people[name].publisher
        assert publisher is not None
        publisher.syllables = True

    async def publish_refused(self, name: str, sources: list[str]) -> dict[str, str]:
        """What is refused of an offer to publish, by source; or the code for the whole offer."""
        person = self._people[name]
        assert person.media is not None
        link = await Link.open(certificate=person.certificate)
        try:
            made = RealPublisher(
                person.media._port, RoomId(person.client.place.room), Id(person.client.member), link, sources
            )
            answered = await person.client.ask("publish", sdp=made.offer(), sources=made.sources)
        except Refused as refusal:
            return {"*": refusal.code}
        finally:
            await link.close(silently=True)
        return {made.sources[mid]: code for mid, code in answered["refused"].items()}

    async def view(self, name: str, tracks: list[str]) -> dict[str, str]:
        """Ask for these tracks and no others; refusals by track, under ``*`` that of the whole offer."""
        person = self._people[name]
        assert person.media is not None
        wanted = [TrackId(one) for one in tracks]
        try:
            if person.viewer is None:
                link = await Link.open(certificate=person.certificate)
                room, member = RoomId(person.client.place.room), Id(person.client.member)
                viewer = Viewer(person.media._port, room, member, link)
                refused = await viewer.want(wanted)
                person.viewer = viewer
            else:
                refused = await person.viewer.want(wanted)
            if person.viewer.link.begun:
                await person.viewer.connected()
        except Refused as refusal:
            return {"*": refusal.code}
        return {str(track): code for track, code in refused.items()}

    async def drop_viewer(self, name: str) -> None:
        """Forget a connection that is gone."""
        person = self._people[name]
        if person.viewer is not None:
            await person.viewer.close(silently=True)
            person.viewer = None

    async def measure(self, seconds: float) -> dict[str, dict[str, Any]]:
        """What arrives at everybody here from now on, for a while: by name and track; under ``?/`` packets of
        which nobody said whose they are.
        """
        viewers = {name: one.viewer for name, one in self._people.items() if one.viewer is not None}
        await asyncio.sleep(_DRAIN_SECONDS)
        for viewer in viewers.values():
            viewer.arrived.clear()
            viewer.unknown = 0
        await asyncio.sleep(seconds)
        return {name: _arrived(viewer) for name, viewer in viewers.items()}

    async def again(self, name: str, track: str) -> float:
        """Seconds until the next packet of a track arrives here; at most half a minute."""
        viewer, loop = self._viewer(name), asyncio.get_running_loop()
        began, known = loop.time(), len(viewer.arrived[TrackId(track)])
        async with asyncio.timeout(_AGAIN_SECONDS):
            while len(viewer.arrived[TrackId(track)]) == known:
                viewer._changed.clear()
                await viewer._changed.wait()
        return loop.time() - began

    def _viewer(self, name: str) -> Viewer:
        viewer = self._people[name].viewer
        assert viewer is not None
        return viewer

    async def ask(self, name: str, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a message, as it came."""
        return await self._people[name].client.answer(kind, body)

    async def event(self, name: str, kind: str, wanted: dict[str, Any]) -> dict[str, Any]:
        """The first event of this kind with these values, heard or to come."""
        return await self._people[name].client.event(kind, **wanted)

    async def fresh(self, name: str, kind: str, wanted: dict[str, Any]) -> dict[str, Any]:
        """The next event of this kind with these values, whatever was heard before."""
        client = self._people[name].client
        known = len(client.events)

        def found() -> Any:
            some = (one for one in client.events[known:] if one["kind"] == kind)
            return next((one for one in some if wanted.items() <= one["body"].items()), None)

        return dict(await client.until(found))

    def events(self, name: str) -> list[dict[str, Any]]:
        """All that were heard."""
        return self._people[name].client.events

    def resume(self, name: str) -> dict[str, Any]:
        """What a person shows to come back into the session."""
        return self._people[name].client.resume()

    async def ended(self, name: str) -> int:
        """The code with which a socket was closed."""
        return await self._people[name].client.ended()

    async def vanish(self, name: str) -> None:
        """The socket is gone without a word."""
        await self._people[name].client.vanish()

    async def close(self) -> None:
        """Everybody goes."""
        for person in self._people.values():
            if person.publisher is not None:
                await person.publisher.stop()
                await person.publisher.close(silently=True)
            if person.viewer is not None:
                await person.viewer.close(silently=True)
            if person.media is not None:
                await person.client.close()


def _arrived(viewer: Viewer) -> dict[str, Any]:
    found = {str(track): _told(track, packets) for track, packets in viewer.arrived.items() if packets}
    return found | ({"?/": {"packets": viewer.unknown, "hertz": None}} if viewer.unknown else {})


def _told(track: str, packets: list[Arrived]) -> dict[str, Any]:
    """How much came, what was missing, how it sounded or how many pictures it was."""
    fresh = sorted({one.sequence for one in packets})
    spread = (max(fresh) - min(fresh) + 1) if fresh else 0
    told: dict[str, Any] = {"packets": len(packets), "missing": max(0, spread - len(fresh))}
    if KIND_OF[track.rpartition("/")[2]] == "audio":
        told["hertz"] = hertz_of([one.payload for one in packets[-_HEARD:]])
    else:
        told["pictures"] = sum(one.marker for one in packets)
    return told
