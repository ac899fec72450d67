// The time line of a part: where a track has something, where not and why, and where these stand on a bar.

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Gap extends Span {
  readonly track: string;
  readonly cause: string;
}

/** What is between the spans of a part: a gap that nobody listed is one all the same. */
export function holes(spans: readonly Span[], part: Span): Span[] {
  const found: Span[] = [];
  let at = part.from;
  for (const one of [...spans].sort((a, b) => a.from - b.from)) {
    if (one.from > at) found.push({ from: at, to: Math.min(one.from, part.to) });
    at = Math.max(at, one.to);
  }
  if (at < part.to) found.push({ from: at, to: part.to });
  return found.filter((one) => one.to > one.from);
}

/** Spans that touch or overlap are one. */
export function merged(spans: readonly Span[]): Span[] {
  const out: Span[] = [];
  for (const one of [...spans].sort((a, b) => a.from - b.from)) {
    const last = out.at(-1);
    if (last !== undefined && one.from <= last.to) out[out.length - 1] = { from: last.from, to: Math.max(last.to, one.to) };
    else out.push({ from: one.from, to: one.to });
  }
  return out;
}

export const covers = (spans: readonly Span[], at: number): boolean => spans.some((one) => one.from <= at && at < one.to);

export const gapAt = <T extends Span>(gaps: readonly T[], at: number): T | null => gaps.find((one) => one.from <= at && at < one.to) ?? null;

/** Left edge and width on a bar, in thousandths, never too thin to be seen. */
export function onBar(span: Span, part: Span): { readonly left: number; readonly width: number } {
  const whole = Math.max(part.to - part.from, 1);
  const left = Math.min(Math.max((span.from - part.from) / whole, 0), 1);
  const right = Math.min(Math.max((span.to - part.from) / whole, 0), 1);
  const width = Math.max(right - left, LEAST);
  return { left: Math.round(Math.min(left, 1 - width) * 1_000), width: Math.max(1, Math.round(width * 1_000)) };
}
const LEAST = 0.002;

/** "01:02:03.4" of the part. */
export function stamp(milliseconds: number): string {
  const tenths = Math.max(0, Math.floor(milliseconds / 100));
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(Math.floor(tenths / 36_000))}:${two(Math.floor(tenths / 600) % 60)}:${two(Math.floor(tenths / 10) % 60)}.${tenths % 10}`;
}
