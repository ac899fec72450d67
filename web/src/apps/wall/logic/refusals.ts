// A refusal of the room in sentences: what it is, then every reason with what it is about.
import { Unreachable } from "../../../api/http.ts";
import { Refusal, Unanswered } from "../../../protocol/client.ts";
import { sentences } from "../../../ui/refusals.ts";
import { clock } from "./moments.ts";
import { word, type Names, type Tongue } from "./names.ts";

export interface Reason {
  readonly code: string;
  readonly [about: string]: unknown;
}

const HOLDS: ReadonlySet<string> = new Set(["frozen", "paused", "break"]);

export function reasonsOf(error: unknown): readonly Reason[] {
  if (!(error instanceof Refusal)) return [];
  const found = error.detail.reasons;
  return Array.isArray(found) ? found.filter((one): one is Reason => typeof one === "object" && one !== null && typeof (one as Reason).code === "string") : [];
}

const said = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");

export function reasonWords(tongue: Tongue, names: Names, refusal: string, reason: Reason): string {
  // "frozen" and "paused" name a hold here and a picture or a state elsewhere.
  if (refusal === "room.held" && HOLDS.has(reason.code)) return word(tongue, "page.holds", reason.code);
  const key = `page.reasons.${reason.code}`;
  if (!tongue.has(key)) return reason.code;
  return tongue.t(key, {
    site: names.site(said(reason.site) || null),
    recording: word(tongue, "page.recordings", said(reason.state)),
    link: word(tongue, "page.links", said(reason.state)),
    member: names.member(said(reason.member) || null),
    track: names.track(said(reason.track)),
    node: names.node(said(reason.node)),
    alarm: word(tongue, "page.alarms.codes", said(reason.alarm)),
    from: word(tongue, "page.room.phase", said(reason.from)),
    ms: said(reason.ms),
    seat: said(reason.seat),
    have: said(reason.have),
    need: said(reason.need),
    at: reason.begins_at === undefined ? "" : clock(said(reason.begins_at), tongue.language(), false),
  });
}

/** Something beside the sentence does not fit; its own place says so. */
export class Unfit extends Error {}

/** What went wrong: the first sentence, then its reasons. */
export function refusalWords(tongue: Tongue, names: Names, error: unknown): string[] {
  if (error instanceof Refusal) {
    // A dot would be a step into the tree of texts.
    const key = `page.codes.${error.code.replace(".", "-")}`;
    const first = tongue.has(key) ? tongue.t(key, { trace: said(error.detail.trace) }) : tongue.t("page.problem.other", { code: error.code });
    return [first, ...reasonsOf(error).map((one) => reasonWords(tongue, names, error.code, one))];
  }
  if (error instanceof Unfit) return [];
  if (error instanceof Unanswered) return [tongue.t("page.problem.unanswered")];
  if (error instanceof Unreachable) return [tongue.t("page.problem.unreachable")];
  return sentences(error, tongue.t);
}
