"""A member of a room in a real browser at a site, with the same questions as `tests.support.hub_clients`.

The page is the platform's own; what it does is said here, from the specification of signalling, so that a
browser's media and sockets are tested and not a page's buttons. Pictures are counted when they were decoded,
sounds are told by the loudest frequency that comes out of the track.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from playwright.sync_api import Page

_SETUP: Final = """async () => {
  const me = (window.me = { answers: new Map(), events: [], next: 1, tracks: new Map(), wants: new Map() });
  me.certificate = await RTCPeerConnection.generateCertificate({ name: "ECDSA", namedCurve: "P-256" });
  const probe = new RTCPeerConnection({ certificates: [me.certificate] });
  probe.addTransceiver("audio");
  const sdp = (await probe.createOffer()).sdp;
  probe.close();
  me.fingerprint = "sha-256 " + /a=fingerprint:sha-256 (\\S+)/i.exec(sdp)[1].toUpperCase();
  me.ask = (type, body) => new Promise((done) => {
    const id = `b${me.next++}`;
    me.answers.set(id, done);
    // A socket that ends answers nothing more.
    me.ended.then((code) => done({ type: "error", code: String(code) }));
    me.socket.send(JSON.stringify({ v: 1, id, type, body }));
  });
  me.gathered = (pc) => new Promise((done) => {
    const check = () => pc.iceGatheringState === "complete" && done(pc.localDescription.sdp);
    pc.onicegatheringstatechange = check;
    check();
  });
  me.sound = new AudioContext();
  return me.fingerprint;
}"""
_KNOCK: Final = """async (room) => {
  const me = window.me;
  const challenged = new Promise((nonce) => { me.challenged = nonce; });
  me.ended = new Promise((ended) => { me.end = ended; });
  me.socket = new WebSocket(`ws://${location.host}/v1/rooms/${room}/signal`, "qiantong.room.1");
  me.socket.onclose = (event) => me.end(event.code);
  me.socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.type === "event") me.events.push(frame);
    else if (frame.type === "challenge") me.challenged(frame.body.nonce);
    else { me.answers.get(frame.to)?.(frame); me.answers.delete(frame.to); }
  };
  const failed = me.ended.then((code) => { throw new Error(String(code)); });
  return Promise.race([challenged, failed]);
}"""
_JOIN: Final = """async (hello) => {
  const me = window.me;
  const gone = me.ended.then((code) => ({ type: "error", code: String(code) }));
  const welcome = await Promise.race([me.ask("hello", hello), gone]);
  // One heart, however often somebody comes: twenty of them would be too many frames.
  clearInterval(me.heart);
  me.heart = setInterval(() => me.socket.readyState === 1 && me.ask("ping", { seq: 0, stats: null }), 1000);
  return welcome;
}"""
_ASK: Final = "([kind, body]) => window.me.ask(kind, body)"
_PUBLISH: Final = """async () => {
  const me = window.me;
  me.media = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    video: { width: 320, height: 240, frameRate: 15 } });
  const pc = (me.up = new RTCPeerConnection({ certificates: [me.certificate] }));
  for (const track of me.media.getTracks()) pc.addTransceiver(track, { direction: "sendonly" });
  await pc.setLocalDescription();
  const kinds = { audio: "microphone", video: "camera" };
  const sources = {};
  for (const one of pc.getTransceivers()) sources[one.mid] = kinds[one.sender.track.kind];
  const answer = await me.ask("publish", { sdp: await me.gathered(pc), sources });
  if (answer.type !== "ok") return { "*": answer.code };
  await pc.setRemoteDescription({ type: "answer", sdp: answer.body.sdp });
  return answer.body.refused;
}"""
_VIEW: Final = """async (tracks) => {
  const me = window.me;
  const pc = (me.down ??= new RTCPeerConnection({ certificates: [me.certificate] }));
  for (const track of tracks) {
    if (me.tracks.has(track)) continue;
    const kind = track.endsWith("/camera") ? "video" : "audio";
    const one = pc.addTransceiver(kind, { direction: "recvonly" });
    // Every codec of a browser in every section would be more than an offer may be.
    one.setCodecPreferences(RTCRtpReceiver.getCapabilities(kind).codecs
      .filter(({ mimeType }) => /VP8|rtx|opus|red/i.test(mimeType)));
    me.tracks.set(track, one);
    const player = document.createElement(kind);
    player.srcObject = new MediaStream([one.receiver.track]);
    player.autoplay = player.muted = true;
    document.body.append(player);
    if (kind === "audio") {
      one.analyser = me.sound.createAnalyser();
      one.analyser.fftSize = 16384;
      one.analyser.smoothingTimeConstant = 0;
      me.sound.createMediaStreamSource(player.srcObject).connect(one.analyser);
    }
  }
  for (const [track, one] of me.tracks) one.direction = tracks.includes(track) ? "recvonly" : "inactive";
  await pc.setLocalDescription();
  const sdp = await me.gathered(pc);
  const wants = Object.fromEntries([...me.tracks].map(([track, one]) => [one.mid, track]));
  const answer = await me.ask("view", { sdp, wants });
  if (answer.type !== "ok") {
    await pc.setLocalDescription({ type: "rollback" });
    return { "*": answer.code };
  }
  await pc.setRemoteDescription({ type: "answer", sdp: answer.body.sdp });
  const ends = performance.now() + 10000;
  while (pc.connectionState !== "connected" && performance.now() < ends)
    await new Promise((next) => setTimeout(next, 20));
  return Object.fromEntries(Object.entries(answer.body.refused).map(([mid, code]) => [wants[mid], code]));
}"""
_LOOK: Final = """async () => {
  const me = window.me, told = {};
  for (const [track, one] of me.tracks) {
    for (const stat of (await one.receiver.getStats()).values()) {
      if (stat.type !== "inbound-rtp") continue;
      const found = (told[track] = { packets: stat.packetsReceived, pictures: stat.framesDecoded ?? 0 });
      if (!one.analyser) continue;
      const bins = new Float32Array(one.analyser.frequencyBinCount);
      one.analyser.getFloatFrequencyData(bins);
      const top = bins.indexOf(Math.max(...bins));
      found.hertz = bins[top] > -60 ? top * me.sound.sampleRate / one.analyser.fftSize : null;
    }
  }
  return told;
}"""
_EVENT: Final = """async ([kind, wanted, patience]) => {
  const fits = (one) => one.kind === kind &&
    Object.entries(wanted).every(([name, value]) => one.body[name] === value);
  const ends = performance.now() + patience;
  while (performance.now() < ends) {
    const found = window.me.events.find(fits);
    if (found) return found;
    await new Promise((next) => setTimeout(next, 20));
  }
  throw new Error(`no ${kind} came`);
}"""
_AGAIN: Final = """async (track) => {
  const packets = async () => {
    for (const one of (await window.me.tracks.get(track).receiver.getStats()).values())
      if (one.type === "inbound-rtp") return one.packetsReceived;
    return 0;
  };
  const began = performance.now(), first = await packets();
  while (performance.now() - began < 30000 && (await packets()) === first)
    await new Promise((next) => setTimeout(next, 10));
  return (performance.now() - began) / 1000;
}"""
_PLUG: Final = """async () => {
  const video = { width: 320, height: 240, frameRate: 15 };
  const found = await navigator.mediaDevices.getUserMedia({ video });
  const sender = me.up.getSenders().find((one) => one.track?.kind === "video");
  await sender.replaceTrack(found.getVideoTracks()[0]);
  me.media.getVideoTracks().forEach((one) => me.media.removeTrack(one));
  me.media.addTrack(found.getVideoTracks()[0]);
}"""
FLAGS: Final = (
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)
_PATIENCE_MS: Final = 20_000


class BrowserMember:
    """One person in one page. `ask` takes the method names of `SiteClients`."""

    def __init__(self, page: "Page", cookie: Callable[[str], None]) -> None:
        """`cookie` puts a session's cookie into the page's browser."""
        self.page = page
        self._cookie = cookie
        self._before: dict[str, Any] = {}
        self._fingerprint: str = page.evaluate(_SETUP)

    def ask(self, method: str, /, **arguments: Any) -> Any:
        """A question by name, as to the clients of a place."""
        arguments.pop("name", None)
        return getattr(self, "message" if method == "ask" else method)(**arguments)

    def fingerprint(self) -> str:
        """Of the certificate of all this page's connections."""
        return self._fingerprint

    def knock(self, room: str, cookie: str | None = None) -> str:
        """Open a socket; what it is challenged with."""
        if cookie is not None:
            self._cookie(cookie)
        return str(self.page.evaluate(_KNOCK, room))

    def join(self, credential: dict[str, Any], binding: str | None = None) -> dict[str, Any]:
        """Come in where one knocked."""
        device = {"camera": "ok", "microphone": "ok", "speaker": "ok"}
        hello = {"credential": credential, "resume": None, "binding": binding, "device": device}
        told = self.page.evaluate(_JOIN, hello | {"fingerprint": self._fingerprint})
        if told["type"] != "welcome":
            return {"error": told["code"]}
        return {"member": told["body"]["member"], "resumed": told["body"]["resumed"]}

    def publish(self, sources: list[str], hertz: int, shade: int = 0) -> None:
        """Show and speak with the browser's own devices."""
        del sources, hertz, shade
        refused = self.page.evaluate(_PUBLISH)
        assert refused == {}, refused

    def view(self, tracks: list[str]) -> dict[str, str]:
        """Ask for these tracks and no others."""
        told: dict[str, str] = self.page.evaluate(_VIEW, tracks)
        return told

    def message(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a message."""
        told: dict[str, Any] = self.page.evaluate(_ASK, [kind, body])
        return told

    def event(self, kind: str, wanted: dict[str, Any]) -> dict[str, Any]:
        """An event that the page hears."""
        told: dict[str, Any] = self.page.evaluate(_EVENT, [kind, wanted, _PATIENCE_MS])
        return told

    def events(self) -> list[dict[str, Any]]:
        """All that the page heard."""
        told: list[dict[str, Any]] = self.page.evaluate("() => window.me.events")
        return told

    def ended(self) -> int:
        """The code with which the socket was closed."""
        code: int = self.page.evaluate("() => window.me.ended")
        return code

    def again(self, track: str) -> float:
        """Seconds until the next packet of a track arrives here."""
        told: float = self.page.evaluate(_AGAIN, track)
        return told

    def drop_viewer(self) -> None:
        """Forget a connection that is gone."""
        self.page.evaluate("() => { me.down?.close(); delete me.down; me.tracks.clear(); }")

    def reload(self) -> None:
        """As somebody does who presses the key for it."""
        self.page.reload()
        self._fingerprint = self.page.evaluate(_SETUP)

    def unplug(self) -> None:
        """The camera is gone."""
        self.page.evaluate("() => me.media.getVideoTracks().forEach((one) => one.stop())")

    def plug(self) -> None:
        """The camera is there again, in the place that it had."""
        self.page.evaluate(_PLUG)

    def begin_measure(self) -> None:
        """From now on counts what `measured` tells."""
        self._before = self.page.evaluate(_LOOK)

    def measured(self) -> dict[str, Any]:
        """What was decoded since, by track."""
        told = {}
        for track, now in self.page.evaluate(_LOOK).items():
            before = self._before.get(track, {"packets": 0, "pictures": 0})
            grown = {name: now[name] - before[name] for name in ("packets", "pictures")}
            if grown["packets"] and (not track.endswith("/camera") or grown["pictures"]):
                told[track] = grown | {"hertz": now.get("hertz")}
        return told
