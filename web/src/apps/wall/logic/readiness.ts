// What stands between a room and its start, in sentences: of sites and counts, never of a person.
import type { SiteReadiness, StartReadiness } from "../../../api/rooms.ts";
import { worded } from "../../../ui/room/shown.ts";
import { clock } from "./moments.ts";
import { word, type Tongue } from "./names.ts";

export type Tone = "good" | "warn" | "bad";

export const beforeStart = (found: StartReadiness): boolean => found.phase === "preparing" || found.phase === "check-in";

export const seatTone = ({ seats }: SiteReadiness): Tone => (seats.faulty > 0 ? "bad" : seats.ready < seats.booked ? "warn" : "good");
export const linkTone = ({ link }: SiteReadiness): Tone => (link === "up" ? "good" : link === "degraded" ? "warn" : "bad");
export const recordingTone = ({ recording }: SiteReadiness): Tone => (recording === "ok" ? "good" : recording === "late" ? "warn" : "bad");

const said = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");

/** One sentence for each thing that would refuse a start now: holds first. */
export function obstacles(tongue: Tongue, found: StartReadiness): readonly string[] {
  const language = tongue.language();
  const siteOf = (id: unknown): string => {
    const site = found.sites.find((one) => one.id === id);
    return site === undefined ? tongue.t("page.outlook.someSite") : worded(site.label, language);
  };
  const sentence = (reason: Readonly<Record<string, unknown>>): string => {
    const code = said(reason.code);
    const key = `page.outlook.reasons.${code === "quorum" && reason.have === undefined ? "quorumPlain" : code}`;
    if (!tongue.has(key)) return code;
    return tongue.t(key, {
      site: siteOf(reason.site),
      recording: word(tongue, "page.recordings", said(reason.state)),
      link: word(tongue, "page.links", said(reason.state)),
      alarm: word(tongue, "page.alarms.codes", said(reason.alarm)),
      ms: said(reason.ms),
      have: said(reason.have),
      need: said(reason.need),
      at: reason.begins_at === undefined ? "" : clock(said(reason.begins_at), tongue.language(), false),
    });
  };
  return [...found.holds.map((one) => word(tongue, "page.holds", one)), ...found.reasons.map(sentence)];
}
