// Days and hours as people say them, always Beijing's; and how long it is until then.
const ZONE = "Asia/Shanghai";

/** 11月24日（星期二）09:00 */
export function moment(at: string | number, language: string): string {
  const form = { month: "long", day: "numeric", weekday: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: ZONE } as const;
  return new Intl.DateTimeFormat(language, form).format(new Date(at));
}

/** 09:00 */
export const hour = (at: string): string =>
  new Intl.DateTimeFormat("zh-CN", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: ZONE }).format(new Date(at));

/** 2026年11月24日星期二 for a Beijing date YYYY-MM-DD. */
export function day(date: string, language: string): string {
  const form = { year: "numeric", month: "long", day: "numeric", weekday: "long", timeZone: "UTC" } as const;
  return new Intl.DateTimeFormat(language, form).format(new Date(`${date}T00:00:00Z`));
}

/** Whole days, hours and minutes until then; null when it is over. */
export function until(end: string, now: number): { days: number; hours: number; minutes: number } | null {
  const minutes = Math.floor((Date.parse(end) - now) / 60_000);
  if (Date.parse(end) <= now) return null;
  return { days: Math.floor(minutes / 1440), hours: Math.floor(minutes / 60) % 24, minutes: minutes % 60 };
}
