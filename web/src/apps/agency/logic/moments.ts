// Moments and how far away they are. Times come as UTC, `YYYY-MM-DDTHH:MM:SSZ`; people read Beijing time.

export type LimitKind = "reveal" | "result" | "open" | "draw";

export interface Limit {
  readonly kind: LimitKind;
  readonly at: string;
}

export interface Distance {
  readonly past: boolean;
  readonly days: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
}

const BEIJING = "Asia/Shanghai";
const DAY = 86_400;

/** Whole seconds from `now` (milliseconds) to `at`; null for what is no time. */
export function distance(at: string, now: number): Distance | null {
  const moment = Date.parse(at);
  if (Number.isNaN(moment)) return null;
  const seconds = Math.ceil((moment - now) / 1000);
  const size = Math.abs(seconds);
  return {
    past: seconds <= 0,
    days: Math.floor(size / DAY),
    hours: Math.floor((size % DAY) / 3600),
    minutes: Math.floor((size % 3600) / 60),
    seconds: size % 60,
  };
}

export type Unit = "days" | "hours" | "minutes" | "seconds";

/** The two largest units that matter: days and hours, hours and minutes, minutes and seconds. */
export function largestUnits(far: Distance): readonly Unit[] {
  if (far.days > 0) return ["days", "hours"];
  if (far.hours > 0) return ["hours", "minutes"];
  return far.minutes > 0 ? ["minutes", "seconds"] : ["seconds"];
}

/** Date and time of day in Beijing, in the reader's language. */
export function inBeijing(at: string, language: string): string {
  const moment = Date.parse(at);
  if (Number.isNaN(moment)) return at;
  return new Intl.DateTimeFormat(language === "en" ? "en-GB" : "zh-CN", {
    timeZone: BEIJING,
    year: "numeric",
    month: language === "en" ? "short" : "long",
    day: "numeric",
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
  }).format(moment);
}

/** Every written time in a sentence of the server, once each: people are shown it in Beijing time beside. */
export const timesIn = (sentence: string): string[] => [
  ...new Set(sentence.match(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z/g) ?? []),
];
