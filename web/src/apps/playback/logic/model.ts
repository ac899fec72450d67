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

/** A hole of which nobody told anything, although the track was open. */
export const UNEXPLAINED = "unexplained";
/** A room camera was off by approval, by the cause with which the recorder closed its track. */
export const UNRECORDED = "unrecorded";
/** The track was not open then, by the recorder's own index. */
export const QUIET = "quiet";
/** Too short to be listed (docs/spec/recording.md §8); the shortest are counted as packets alone. */
export const BRIEF = "brief";
const LEAST = 1_000;
const COUNTED = 100;
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
  const told = part.tracks.find((one) => one.track === track);
  const kept = told?.kept ?? merged(pieces.flatMap((one) => (one.from === null || one.to === null ? [] : [{ from: one.from, to: one.to }])));
  const listed: Gap[] = part.gaps.filter((one) => one.track === track).map((one) => ({ track, from: one.from, to: one.to ?? whole.to, cause: one.cause }));
  const open = told?.opened.map((one) => ({ from: one.from, to: one.to ?? whole.to, cause: one.cause })) ?? [{ ...whole, cause: null }];
  const unlisted = holes([...kept, ...listed], whole).flatMap((one) => explained(one, open)).map((one) => ({ ...one, track }));
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

/** A hole that nobody listed, cut where the track was opened and closed: only that it was not open then is known. */
function explained(hole: Span, open: readonly Opened[]): { readonly from: number; readonly to: number; readonly cause: string }[] {
  const quiet = holes(open, hole);
  const rest = holes(quiet, hole)
    .filter((one) => one.to - one.from >= COUNTED)
    .map((one) => ({ ...one, cause: one.to - one.from < LEAST ? BRIEF : UNEXPLAINED }));
  return [...quiet.map((one) => ({ ...one, cause: closedBy(one, open) })), ...rest];
}

interface Opened extends Span {
  readonly cause: string | null;
}

/** Why a track was not open: by approval where that is the last word of the recorder before it. */
function closedBy(quiet: Span, open: readonly Opened[]): string {
  const before = open.filter((one) => one.to <= quiet.from).sort((a, b) => b.to - a.to)[0];
  return before?.cause === UNRECORDED ? UNRECORDED : QUIET;
}

export interface Break {
  /** The parts before and after it. */
  readonly before: number;
  readonly after: number;
  /** Wall clock in milliseconds. */
  readonly from: number;
  readonly to: number;
}

/** Between its parts a room records nothing at all, and no index can tell why. */
export function breaksOf(parts: readonly RecordedPart[]): readonly Break[] {
  const ran = parts.flatMap((one) => {
    const { openedAt, part } = one;
    const span = spanOf(one);
    return openedAt === null ? [] : [{ part, from: openedAt + (one.from ?? span.from), to: openedAt + Math.max(one.to ?? 0, span.to) }];
  });
  ran.sort((a, b) => a.from - b.from);
  return ran.flatMap((one, place) => {
    const before = ran[place - 1];
    return before === undefined || one.from <= before.to ? [] : [{ before: before.part, after: one.part, from: before.to, to: one.from }];
  });
}
