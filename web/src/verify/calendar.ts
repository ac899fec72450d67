// Dates and times of the draw proof as texts: validity, Beijing dates, `back`, intervals (§1, §4). No clock is read.

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;
const BEIJING_OFFSET_S = 8 * 3600;

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Whether the text is a real day of the Gregorian calendar, 1900–2199. */
export function isDate(text: string): boolean {
  const parts = DATE.exec(text);
  if (parts === null) return false;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  return year >= 1900 && year <= 2199 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

/** Whether the text is a UTC time `YYYY-MM-DDTHH:MM:SSZ` on such a day. */
export function isTime(text: string): boolean {
  const parts = TIME.exec(text);
  return parts !== null && isDate(parts[1] ?? "");
}

/** Seconds since 1970-01-01T00:00:00Z of a valid time. */
export function unixSeconds(time: string): number {
  return Date.parse(time) / 1000;
}

/** The valid time `seconds` after 1970. */
export function timeOf(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** Beijing calendar date (UTC + 8 h) of a valid time. */
export function beijingDate(time: string): string {
  return timeOf(unixSeconds(time) + BEIJING_OFFSET_S).slice(0, 10);
}

/** The same month and day `years` before; 29 February always becomes 28. Never before year 0. */
export function back(date: string, years: number): string {
  const year = Number(date.slice(0, 4)) - years;
  if (year < 0) return "0000-01-01";
  const monthDay = date.slice(5) === "02-29" ? "02-28" : date.slice(5);
  return `${String(year).padStart(4, "0")}-${monthDay}`;
}

export interface Interval {
  readonly from: string | null;
  readonly to: string | null;
}

/** Whether [from, to], null being unbounded, meets [a, b]. */
export function meets({ from, to }: Interval, a: string, b: string): boolean {
  return (from === null || from <= b) && (to === null || to >= a);
}
