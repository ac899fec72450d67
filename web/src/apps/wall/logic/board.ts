// What the wall's parts show of a room: tiles by site, which requests wait for whom, which steps a witness may take.
import { momentOf, type Member, type Outage, type Phase, type Request, type Site, type Track, type Visit, type Watch } from "../../../protocol/frames.ts";
import { isOver, type RoomView } from "../../../protocol/state.ts";
import { SEATED } from "./names.ts";

export interface Group {
  readonly site: Site | null;
  readonly members: readonly Member[];
}

/** A bidder on its call first; then by site seats, then room cameras, each by place. Who has no picture to give has no tile. */
export function groupsOf(view: RoomView): readonly Group[] {
  const all = [...view.members.values(), ...(view.you === null ? [] : [view.you])];
  const shown = (one: Member): boolean => SEATED.has(one.role) || one.role === "camera";
  const rank = (one: Member): string => `${one.role === "camera" ? 1 : 0} ${one.seat ?? one.id}`;
  const sorted = (list: Member[]): Member[] => list.sort((a, b) => rank(a).localeCompare(rank(b), "en", { numeric: true }));
  const sites = [...view.sites.values()].sort((a, b) => Number(a.part === "remote") - Number(b.part === "remote"));
  const groups: Group[] = sites.map((site) => ({ site, members: sorted(all.filter((one) => one.site === site.id && shown(one))) }));
  const bidders = all.filter((one) => one.role === "bidder");
  return bidders.length === 0 ? groups : [{ site: null, members: bidders }, ...groups];
}

export const trackOf = (view: RoomView, member: string, source: string): Track | null =>
  [...view.tracks.values()].find((one) => one.member === member && one.source === source) ?? null;

const CONSENTS: Readonly<Record<string, readonly ("witness" | "supervisor")[]>> = { entry: ["witness", "supervisor"], contact: ["witness"], unrecorded: ["supervisor"] };

/** Roles whose yes a request still needs. */
export function lacking(one: Request): readonly ("witness" | "supervisor")[] {
  const given = new Set(one.consents.map((each) => each.role));
  return one.state === "open" ? (CONSENTS[one.kind] ?? []).filter((role) => !given.has(role)) : [];
}

export type RequestAct = "decide" | "settle" | "begin" | "end" | "in" | "again";

/** What somebody with this role may do with a request now. */
export function actsOn(one: Request, role: string): readonly RequestAct[] {
  if (isOver(one)) return [];
  const acts: RequestAct[] = [];
  if ((role === "witness" || role === "supervisor") && lacking(one).includes(role)) acts.push("decide");
  const plain = one.kind === "called" || one.kind === "problem";
  const decided = one.state === "allowed" || one.state === "denied";
  if ((role === "witness" || role === "site") && (plain || decided)) acts.push("settle");
  if (role === "site" && one.kind === "contact" && one.state === "allowed") acts.unshift("begin");
  if (role === "site" && one.kind === "contact" && one.state === "running") acts.push("end");
  if ((role === "site" || role === "witness") && one.kind === "entry" && one.state === "allowed") acts.unshift("in");
  if (role === "supervisor" && one.kind === "unrecorded" && one.state === "allowed") acts.push("again");
  return acts;
}

export const openRequests = (view: RoomView): readonly Request[] =>
  [...view.requests.values()].filter((one) => !isOver(one)).sort((a, b) => (a.at < b.at ? -1 : 1));

export const settledRequests = (view: RoomView): readonly Request[] =>
  [...view.requests.values()].filter(isOver).sort((a, b) => (a.at < b.at ? 1 : -1));

/** Who came in and has not left, the longest there first. */
export const inside = (view: RoomView): readonly Visit[] => [...view.visits.values()].filter((one) => one.left_at === null).sort((a, b) => (a.at < b.at ? -1 : 1));

export const overstays = (visit: Visit, serverNow: number): boolean => visit.until !== null && momentOf(visit.until) <= serverNow;

/** Who can go with a break: staff and witnesses who are here. */
export const escorts = (view: RoomView): readonly Member[] =>
  [...view.members.values(), ...(view.you === null ? [] : [view.you])].filter((one) => (one.role === "site" || one.role === "witness") && one.presence === "here");

/** Steps that a witness may ask for, forward ones first. */
export const STEPS: Readonly<Record<Phase, readonly { readonly to: Phase; readonly way: "on" | "back" | "close" }[]>> = {
  preparing: [{ to: "check-in", way: "on" }, { to: "closed", way: "close" }],
  "check-in": [{ to: "evaluating", way: "on" }, { to: "preparing", way: "back" }, { to: "closed", way: "close" }],
  evaluating: [{ to: "signing", way: "on" }],
  clarifying: [],
  signing: [{ to: "evaluating", way: "back" }, { to: "closed", way: "close" }],
  closed: [],
};

const IDENTIFY = "identify:";
const RESUMES: ReadonlySet<Outage["state"]> = new Set<Outage["state"]>(["returned", "due", "decided"]);

/** Sites whose people are to be identified: after an outage that returned, or after a night. */
export function toResume(view: RoomView): readonly Site[] {
  const named = new Set([...view.outages.values()].filter((one) => RESUMES.has(one.state) && one.site !== null).map((one) => one.site));
  for (const hold of view.holds.values()) if (hold.cause?.startsWith(IDENTIFY)) named.add(hold.cause.slice(IDENTIFY.length));
  for (const one of view.members.values()) if (SEATED.has(one.role) && !one.confirmed && one.presence === "here" && one.site !== null) named.add(one.site);
  return [...view.sites.values()].filter((one) => named.has(one.id));
}

/** Outages that passed the limit before the start, and nobody has decided yet what then. */
export const undecided = (view: RoomView): readonly Outage[] => [...view.outages.values()].filter((one) => one.rule === "before" && one.state === "due");

/** Why a new committee may be formed now; results that are being signed may be short of members without an alarm. */
export function reformBy(view: RoomView): "limit" | "quorum" | null {
  if ([...view.outages.values()].some((one) => one.state === "due" || one.state === "decided")) return "limit";
  const short = [...view.alarms.values()].some((one) => one.code === "quorum");
  return short || view.phase === "signing" ? "quorum" : null;
}

/** The committee's people of a site who are here to be looked at. */
export const present = (view: RoomView, site: string): readonly Member[] =>
  [...view.members.values()].filter((one) => SEATED.has(one.role) && one.site === site && one.presence === "here");

export const ownWatch = (view: RoomView): Watch | null =>
  [...view.watches.values()].filter((one) => one.from === view.you?.id).sort((a, b) => (a.at < b.at ? 1 : -1))[0] ?? null;

/** Milliseconds left of a running watch, by the server's clock. */
export const watchLeft = (watch: Watch, serverNow: number): number => (watch.until === null ? 0 : Math.max(0, momentOf(watch.until) - serverNow));

export const openNodes = (view: RoomView): number => [...view.nodes.values()].filter((one) => one.state === "open").length;
