// How moments and stretches of time are written in the room, and what is said of a hold.
import { momentOf, type Member, type Site } from "../../protocol/frames.ts";
import { holdOf, serverNow, type Hold, type RoomView } from "../../protocol/state.ts";

export type Say = (key: string, values?: Record<string, unknown>) => string;
export type Label = { readonly zh: string; readonly en: string };

export const worded = (label: Label, language: string): string => (language === "en" ? label.en : label.zh);

/** Hours, minutes and seconds of a wall clock in China, whatever this computer is set to. */
export const clock = (moment: number, seconds = false): string =>
  new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}), hourCycle: "h23" }).format(moment);

export function span(milliseconds: number, t: Say): string {
  const all = Math.max(0, Math.ceil(milliseconds / 1_000));
  const hours = Math.floor(all / 3_600);
  const minutes = Math.floor((all % 3_600) / 60);
  return hours > 0 ? t("page.room.left.hours", { hours, minutes }) : t("page.room.left.minutes", { minutes, seconds: all % 60 });
}

const SILENT_CUT_MS = 3_000;
const LONG_CUT_MS = 60_000;

/** What there is to say of a connection that is cut: nothing for three seconds, for shorter cuts pass unseen; after a
 * minute since when, and that people nearby should know. It changes once, for it is read aloud. */
export function cutText(view: RoomView, now: number, t: Say): string {
  const { state, cutSince } = view.link;
  if (!view.entered || state === "ended" || cutSince === null || now - cutSince <= SILENT_CUT_MS) return "";
  const since = serverNow(view.link, cutSince);
  if (since === null || now - cutSince <= LONG_CUT_MS) return t("page.room.cut");
  return t("page.room.cutLong", { time: clock(since) });
}

/** What there is to say of the time, at `now` of this page's clock. */
export function timeText(view: RoomView, now: number, t: Say): string {
  const at = serverNow(view.link, now);
  if (at === null) return "";
  const shown = t("page.room.time.now", { time: clock(at) });
  const next = nextMoment(view, at, t);
  return next === "" ? shown : `${shown} · ${next}`;
}

function nextMoment(view: RoomView, at: number, t: Say): string {
  const hold = holdOf(view);
  if (hold?.kind === "break" && hold.until !== null) return t("page.room.time.toReturn", { left: span(momentOf(hold.until) - at, t) });
  if (view.phase !== "preparing" && view.phase !== "check-in") return toEnd(view, at, t);
  if (view.room.begins_at === null) return "";
  const left = momentOf(view.room.begins_at) - at;
  return left > 0 ? t("page.room.time.toBegin", { left: span(left, t) }) : t("page.room.time.late");
}

/** Of the booked time; what is over is said as that. */
function toEnd(view: RoomView, at: number, t: Say): string {
  if (view.room.ends_at === null || view.phase === "closed") return "";
  const left = momentOf(view.room.ends_at) - at;
  return left > 0 ? t("page.room.time.toEnd", { left: span(left, t) }) : t("page.room.time.over");
}

/** Why a room is held, in words. */
export function causeText(hold: Hold, view: RoomView, language: string, t: Say): string {
  const [what = "", id = ""] = (hold.cause ?? "").split(":");
  if (what === "site" || what === "identify") return t(`page.room.hold.${what}`, { site: siteName(view.sites.get(id), language, id) });
  if (what === "directive" && view.directive?.order === "pause") return t("page.room.hold.reason", { reason: view.directive.reason });
  return t(CAUSES.has(what) ? `page.room.hold.${what}` : "page.room.hold.other");
}
const CAUSES: ReadonlySet<string> = new Set(["recorder", "engine", "quorum", "directive", "meal", "rest", "night"]);

const siteName = (site: Site | undefined, language: string, id: string): string => (site === undefined ? id : worded(site.label, language));

export interface Group {
  readonly site: string | null;
  readonly label: Label | null;
  readonly part: Site["part"] | null;
  readonly members: readonly Member[];
}

/** People by site, the own site first, then the host site; you first among your own. Cameras of rooms are no people. */
export function bySite(view: RoomView): Group[] {
  const all = [...(view.you === null ? [] : [view.you]), ...view.members.values()].filter((one) => one.role !== "camera");
  const sites = [...new Set(all.map((one) => one.site))];
  const own = view.you?.site ?? null;
  const rank = (site: string | null): number => (site === null ? 3 : site === own ? 0 : view.sites.get(site)?.part === "host" ? 1 : 2);
  return sites
    .sort((a, b) => rank(a) - rank(b) || String(a).localeCompare(String(b)))
    .map((site) => ({ site, label: view.sites.get(site ?? "")?.label ?? null, part: view.sites.get(site ?? "")?.part ?? null, members: all.filter((one) => one.site === site) }));
}
