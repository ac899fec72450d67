"""A room over a test network: the engine at the hub, and browsers at sites that see and hear each other.

`RoomHost` runs at the hub by `tests.support.networks_inside` and passes offers to a real engine. `SeatPage`
is one browser at a site. Offers travel by the test itself, so a cut wire cuts media alone; figures are those
of the browser's own statistics.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from remote_eval.media.engine import (
    CAMERA,
    MICROPHONE,
    Answered,
    Grants,
    MemberId,
    RoomId,
    RoomSpec,
    track_id,
)
from tests.support.engines import MADE_AT
from tests.support.networks_inside import Inside

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from remote_eval.media.lite.engine import LiteEngine

ROOM: Final = RoomId("room")
FLAGS: Final = (
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)
_ANY: Final = "0.0.0.0"  # noqa: S104  # one address on each link; walls decide who reaches it
_SOURCES: Final = (CAMERA, MICROPHONE)
_KINDS: Final = {CAMERA: "video", MICROPHONE: "audio"}

# Both connections of a seat stand in `window.sides`, by purpose.
_PUBLISH: Final = """async (servers) => {
  const media = await navigator.mediaDevices.getUserMedia(
    { audio: true, video: { width: 320, height: 240, frameRate: 20 } });
  const pc = new RTCPeerConnection(servers);
  (window.sides ??= {}).publish = pc;
  for (const track of media.getTracks()) pc.addTransceiver(track, { direction: "sendonly" });
  await pc.setLocalDescription();
  const kinds = { audio: "microphone", video: "camera" };
  return [await window.gathered(pc),
    Object.fromEntries(pc.getTransceivers().map((one) => [one.mid, kinds[one.sender.track.kind]]))];
}"""
_VIEW: Final = """async ([wants, servers]) => {
  const pc = new RTCPeerConnection(servers);
  (window.sides ??= {}).view = pc;
  pc.ontrack = ({ track }) => {
    const player = document.createElement(track.kind);
    player.srcObject = new MediaStream([track]);
    player.autoplay = true;
    document.body.append(player);
  };
  const named = wants.map(([track, kind]) => [pc.addTransceiver(kind, { direction: "recvonly" }), track]);
  await pc.setLocalDescription();
  return [await window.gathered(pc), Object.fromEntries(named.map(([one, track]) => [one.mid, track]))];
}"""
_GATHERED: Final = """() => { window.gathered = (pc) => new Promise((done) => {
  const check = () => pc.iceGatheringState === "complete" && done(pc.localDescription.sdp);
  pc.onicegatheringstatechange = check;
  check();
}); }"""
_ANSWER: Final = "([side, sdp]) => window.sides[side].setRemoteDescription({ type: 'answer', sdp })"
_RESTART: Final = """async (side) => {
  const pc = window.sides[side];
  pc.restartIce();
  await pc.setLocalDescription();
  return await window.gathered(pc);
}"""
_LOOK: Final = """async () => {
  const all = new Map([...await window.sides.view.getStats()]);
  const told = { at: performance.now(), frames: 0, freeze: 0, samples: 0, concealed: 0, lost: 0, packets: 0,
    pairs: [], state: window.sides.view.connectionState };
  for (const one of all.values()) {
    if (one.type === "inbound-rtp") {
      told.lost += one.packetsLost;
      told.packets += one.packetsReceived;
      if (one.kind === "video") {
        told.frames += one.framesDecoded;
        told.freeze += one.totalFreezesDuration;
      } else {
        told.samples += one.totalSamplesReceived;
        told.concealed += one.concealedSamples;
      }
    }
    if (one.type === "transport" && all.has(one.selectedCandidatePairId)) {
      const pair = all.get(one.selectedCandidatePairId);
      told.pairs.push([all.get(pair.localCandidateId).address, all.get(pair.localCandidateId).candidateType,
        all.get(pair.remoteCandidateId).address]);
    }
  }
  return told;
}"""
# Milliseconds to so many more frames than at `first`, and samples that are no filler; null where none came.
_WAIT: Final = f"""([first, frames, samples, patience]) => {{
  const start = performance.now();
  const back = {{ video: null, audio: null }};
  const sound = (told) => told.samples - told.concealed;
  const wait = async () => {{
    while (performance.now() - start < patience && (back.video === null || back.audio === null)) {{
      const told = await ({_LOOK})();
      if (told.frames >= first.frames + frames) back.video ??= performance.now() - start;
      if (sound(told) >= sound(first) + samples) back.audio ??= performance.now() - start;
      await new Promise((next) => setTimeout(next, 20));
    }}
    return back;
  }};
  window.waiting = wait();
}}"""
_AFTER: Final = "(ms) => new Promise((done) => setTimeout(done, ms))"


class RoomHost:
    """One room of the embedded engine, where every member may publish and receive what all publish."""

    def __init__(self, port: int, addresses: list[str]) -> None:
        self._port, self._addresses = port, addresses
        self._engine: LiteEngine | None = None

    async def open(self, members: list[str]) -> None:
        from remote_eval.media.lite.engine import LiteEngine  # noqa: PLC0415  # heavy, and wanted here alone
        from remote_eval.media.lite.identity import make_identity  # noqa: PLC0415

        self._engine = LiteEngine(
            identity=make_identity(MADE_AT),
            host=_ANY,
            port=self._port,
            addresses=self._addresses,
        )
        await self._engine.start()
        await self._engine.open_room(ROOM, RoomSpec(opened_at=0.0, record=None))
        tracks = frozenset(track_id(MemberId(member), source) for member in members for source in _SOURCES)
        for member in members:
            grants = Grants(publish=frozenset(_SOURCES), receive=tracks)
            await self._engine.admit(ROOM, MemberId(member), grants)

    async def publish(self, member: str, offer: str, mids: dict[str, str]) -> dict[str, Any]:
        return _told(await self._running.publish(ROOM, MemberId(member), offer, mids))

    async def view(self, member: str, offer: str, mids: dict[str, Any]) -> dict[str, Any]:
        return _told(await self._running.view(ROOM, MemberId(member), offer, mids))

    async def restart(self, member: str, purpose: Any, offer: str) -> dict[str, Any]:
        return _told(await self._running.restart(ROOM, MemberId(member), purpose, offer))

    async def stats(self) -> dict[str, Any]:
        return asdict(await self._running.stats(ROOM))

    async def close(self) -> None:
        if self._engine is not None:
            await self._engine.aclose()

    @property
    def _running(self) -> "LiteEngine":
        assert self._engine is not None
        return self._engine


def _told(answered: Answered) -> dict[str, Any]:
    return {"sdp": answered.sdp, "refused": dict(answered.refused)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a seat saw and heard of another over a while."""

    fps: float
    freeze_s: float
    concealed: float  # part of all samples, 0 to 1
    lost: float  # part of all packets, retransmissions left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """Seconds until picture and sound came, None for what did not."""

    video: float | None
    audio: float | None


class SeatPage:
    """One browser at a site, which is one member."""

    def __init__(
        self, member: str, page: "Page", host: Inside, servers: Mapping[str, Any] | None = None
    ) -> None:
        self.member, self._page, self._host = member, page, host
        self._servers = dict(servers or {})
        page.evaluate(_GATHERED)

    def publish(self) -> None:
        """Show the camera and open the microphone to the room."""
        offer, mids = self._page.evaluate(_PUBLISH, self._servers)
        self._take("publish", self._host.ask("publish", member=self.member, offer=offer, mids=mids))

    def view(self, other: str) -> None:
        """See and hear another member."""
        wants = [[track_id(MemberId(other), source), _KINDS[source]] for source in _SOURCES]
        offer, mids = self._page.evaluate(_VIEW, [wants, self._servers])
        self._take("view", self._host.ask("view", member=self.member, offer=offer, mids=mids))

    def restart(self, side: str) -> None:
        """An ICE restart of one side (RFC 8839 §4.4.3)."""
        offer = self._page.evaluate(_RESTART, side)
        self._take(side, self._host.ask("restart", member=self.member, purpose=side, offer=offer))

    def look(self) -> dict[str, Any]:
        """The browser's totals of what it receives."""
        told: dict[str, Any] = self._page.evaluate(_LOOK)
        return told

    def wait_for(self, first: Mapping[str, Any], *, frames: int, samples: int, patience: float) -> None:
        """Begin to wait for so many more frames, and samples of true sound, than `first` had."""
        self._page.evaluate(_WAIT, [first, frames, samples, patience * 1000])

    def back(self) -> "Back":
        """How long that took."""
        told = self._page.evaluate("() => window.waiting")
        return Back(**{kind: None if took is None else took / 1000 for kind, took in told.items()})

    def linger(self, seconds: float) -> None:
        """Let the room go on for a while."""
        self._page.evaluate(_AFTER, seconds * 1000)

    def _take(self, side: str, answer: dict[str, Any]) -> None:
        assert answer["refused"] == {}
        self._page.evaluate(_ANSWER, [side, answer["sdp"]])


def watch(seats: list[SeatPage], seconds: float) -> list[Seen]:
    """What each seat sees and hears over the same while."""
    before = [seat.look() for seat in seats]
    seats[0].linger(seconds)
    return [_seen(first, seat.look()) for first, seat in zip(before, seats, strict=True)]


def _seen(first: Mapping[str, Any], last: Mapping[str, Any]) -> Seen:
    grown = {name: last[name] - first[name] for name in first if isinstance(first[name], int | float)}
    return Seen(
        fps=grown["frames"] / (grown["at"] / 1000),
        freeze_s=grown["freeze"],
        concealed=grown["concealed"] / max(1, grown["samples"]),
        lost=grown["lost"] / max(1, grown["packets"] + grown["lost"]),
    )
