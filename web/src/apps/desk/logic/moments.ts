// Moments as a desk reads them: Beijing time, whatever the clock of this machine says.
const ZONE = "Asia/Shanghai";

export function clock(at: string, language: string): string {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return at;
  return new Intl.DateTimeFormat(language, { timeZone: ZONE, hour: "2-digit", minute: "2-digit", hour12: false }).format(moment);
}

export function day(at: string, language: string): string {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return at;
  const write = (form: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat(language, { timeZone: ZONE, ...form }).format(moment);
  return `${write({ month: "2-digit", day: "2-digit" })} ${write({ weekday: "short" })}`;
}

/** "11/24 周二 08:30–17:30"; the second day is told when it is another one. */
export function span(from: string, to: string, language: string): string {
  const end = day(from, language) === day(to, language) ? clock(to, language) : `${day(to, language)} ${clock(to, language)}`;
  return `${day(from, language)} ${clock(from, language)}–${end}`;
}
