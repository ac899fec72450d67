// A room in a page: the signalling client, the view of it, and both media links, driven by what the view says. Whoever
// enters hands over the credential and, at a seat, the signature that binds the certificate.
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from "vue";
import { Refusal, SignalClient, Unanswered, type News, type Socket, type Timers } from "../../protocol/client.ts";
import { Figures } from "../../protocol/figures.ts";
import type { Bodies, Credential, Devices, FrameType, Source, Welcome } from "../../protocol/frames.ts";
import { PublishLink, ViewLink, type LinkTools, type MediaState, type Terms } from "../../protocol/links.ts";
import { browserPorts, fingerprintOf, makeCertificate, type Ports } from "../../protocol/peers.ts";
import { NOWHERE, reduce, sameDevices, wanted, type RoomView } from "../../protocol/state.ts";

export interface Entrance {
  readonly room: string;
  readonly credential: Credential;
  /** Signs for the certificate on the socket of this nonce, or null for who has no key. */
  readonly bind: (fingerprint: string, nonce: string) => Promise<string | null>;
  readonly devices: () => Devices;
  /** Hears what the server said, after the view has followed it. */
  readonly heard?: (news: News, view: RoomView) => void;
}

export interface MediaShown {
  readonly publish: MediaState;
  readonly view: MediaState;
  /** The line is too narrow for the own picture: the voice alone is sent. */
  readonly narrow: boolean;
}

export interface Room {
  readonly view: ShallowRef<RoomView>;
  /** This page's clock, every half second; times of links are by it. */
  readonly now: Ref<number>;
  /** The browser's tracks by the room's. */
  readonly received: ShallowRef<ReadonlyMap<string, MediaStreamTrack>>;
  readonly media: ShallowRef<MediaShown>;
  /** The answer's body. Throws Refusal or Unanswered. */
  readonly ask: <T extends Exclude<FrameType, "hello">>(type: T, body: Bodies[T]) => Promise<Readonly<Record<string, unknown>>>;
  readonly publish: (source: Source, track: MediaStreamTrack | null) => void;
  readonly tellDevices: () => void;
  readonly enter: () => void;
  readonly leave: () => void;
}

export const TIMERS: Timers = {
  now: () => performance.now(),
  after: (milliseconds, work) => setTimeout(work, milliseconds),
  cancel: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout> | undefined),
};

export const addressOf = (room: string, here: { readonly protocol: string; readonly host: string } = window.location): string =>
  `${here.protocol === "https:" ? "wss" : "ws"}://${here.host}/v1/rooms/${encodeURIComponent(room)}/signal`;

export function useRoom(entrance: Entrance): Room {
  const view = shallowRef<RoomView>(NOWHERE);
  const now = ref(TIMERS.now());
  const received = shallowRef<ReadonlyMap<string, MediaStreamTrack>>(new Map());
  const media = shallowRef<MediaShown>({ publish: "idle", view: "idle", narrow: false });
  const certificate = makeCertificate();
  const ports = shallowRef<Ports | null>(null);
  let told: Devices | null = null;
  let terms: Terms | null = null;

  const tools: LinkTools = {
    // A link connects only after the welcome, and so after the certificate.
    ports: { connect: (...all) => made().connect(...all), send: (...all) => made().send(...all), receive: (...all) => made().receive(...all) } as Ports,
    timers: TIMERS,
    ask: (type, body) => client.ask(type, body),
    changed: () => show(),
  };
  const made = (): Ports => {
    if (ports.value === null) throw new Error("no certificate yet");
    return ports.value;
  };
  const links = { publish: new PublishLink(tools), view: new ViewLink(tools) };
  const figures = new Figures(TIMERS.now);

  function show(): void {
    received.value = new Map(links.view.received as Map<string, MediaStreamTrack>);
    media.value = { ...media.value, publish: links.publish.state, view: links.view.state };
  }

  const client: SignalClient = new SignalClient({
    address: addressOf(entrance.room),
    open: (address, subprotocol) => new WebSocket(address, subprotocol) as unknown as Socket,
    timers: TIMERS,
    chance: Math.random,
    newId: () => crypto.randomUUID(),
    hello: async (nonce) => {
      const own = await certificate;
      ports.value ??= browserPorts(own, (narrow) => (media.value = { ...media.value, narrow }));
      told = { ...entrance.devices() };
      const fingerprint = fingerprintOf(own);
      return { credential: entrance.credential, fingerprint, binding: await entrance.bind(fingerprint, nonce), device: told };
    },
    stats: () => figures.take([links.publish.current(), links.view.current()]),
    tell: (news) => {
      view.value = reduce(view.value, news);
      if (news.type === "welcome") welcome(news.body);
      if (news.type === "link") carry();
      entrance.heard?.(news, view.value);
    },
  });

  function welcome(body: Welcome): void {
    terms = { ice: body.ice, relayOnly: body.relay_only, fingerprint: body.engine.fingerprint, offers: body.engine.offers };
  }

  /** Media may be asked for while the room can be asked. */
  function carry(): void {
    const { state } = view.value.link;
    const open = state === "open" ? terms : null;
    for (const link of [links.publish, links.view]) {
      if (state === "ended") link.close();
      else link.setTerms(open);
    }
    show();
  }

  // What may be seen follows the view; what may be sent is looked at again when phase or holds change.
  watch(() => view.value.tracks, () => links.view.setWanted(wanted(view.value)));
  watch(() => [view.value.phase, view.value.holds], () => links.publish.update());
  watch(
    () => view.value.renewals,
    () => {
      links.publish.renew();
      links.view.renew();
    },
  );

  const ask: Room["ask"] = (type, body) => client.ask(type, body);

  function tellDevices(): void {
    const device = { ...entrance.devices() };
    if (told === null || sameDevices(told, device)) return;
    told = device;
    // A cut in between is made good by the next hello.
    client.ask("device", device).catch(() => undefined);
  }

  function publish(source: Source, track: MediaStreamTrack | null): void {
    if (track?.kind === "video") track.contentHint = "motion";
    links.publish.put(source, source === "camera" ? "video" : "audio", track);
  }

  const ticking = setInterval(() => (now.value = TIMERS.now()), 500);
  const poke = (): void => client.poke();
  window.addEventListener("online", poke);
  onScopeDispose(() => {
    clearInterval(ticking);
    window.removeEventListener("online", poke);
    client.leave();
  });
  return { view, now, received, media, ask, publish, tellDevices, enter: () => client.start(), leave: () => client.leave() };
}

/** What to say of an error of `ask`. */
export function refusalText(error: unknown, t: (key: string, values?: Record<string, unknown>) => string, known: (key: string) => boolean): string {
  if (error instanceof Unanswered) return t("page.room.refusal.unanswered");
  const code = error instanceof Refusal ? error.code : "page";
  const key = `page.room.refusal.${code.replace(".", "-")}`;
  return known(key) ? t(key) : t("page.room.refusal.other", { code });
}
