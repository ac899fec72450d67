// What a part of a recording holds, track by track: spans, gaps with their causes, and what stays sealed.
import type { RecordedPart } from "../../../api/rooms.ts";
import { holes, merged, type Gap, type Span } from "./line.ts";

export interface TrackLine {
  readonly track: string;
  readonly member: string;
  readonly source: string;
  readonly kind: "audio" | "video";
  /** Some of it is a raw voice, so that all of it stays shut here. */
  readonly sealed: boolean;
  readonly spans: readonly Span[];
  readonly gaps: readonly Gap[];
}

const RAW = "raw";
const ORDER = ["camera", "microphone", "intercom", "masked"];

/** From the first to the last moment of which anything was kept. */
export function spanOf(part: RecordedPart): Span {
  const from = part.recordings.flatMap((one) => one.from ?? []);
  const to = part.recordings.flatMap((one) => one.to ?? []);
  return { from: from.length === 0 ? 0 : Math.min(...from), to: to.length === 0 ? 0 : Math.max(...to) };
}

export function tracksOf(part: RecordedPart): readonly TrackLine[] {
  const whole = spanOf(part);
  const names = [...new Set(part.recordings.map((one) => one.track))];
  return names.map((name) => lineOf(part, name, whole)).sort((a, b) => a.member.localeCompare(b.member) || ORDER.indexOf(a.source) - ORDER.indexOf(b.source));
}

function lineOf(part: RecordedPart, track: string, whole: Span): TrackLine {
  const [member = "", source = ""] = track.split("/");
  const pieces = part.recordings.filter((one) => one.track === track);
  const kept = merged(pieces.flatMap((one) => (one.from === null || one.to === null ? [] : [{ from: one.from, to: one.to }])));
  const listed: Gap[] = part.gaps.filter((one) => one.track === track).map((one) => ({ track, from: one.from, to: one.to ?? whole.to, cause: one.cause }));
  const unlisted = holes([...kept, ...listed], whole).map((one) => ({ ...one, track, cause: "quiet" }));
  const gaps = [...listed, ...unlisted].sort((a, b) => a.from - b.from);
  return {
    track,
    member,
    source,
    kind: source === "camera" ? "video" : "audio",
    sealed: pieces.some((one) => one.class === RAW),
    // Where a gap is listed there is nothing to wait for.
    spans: holes(gaps, whole),
    gaps,
  };
}
