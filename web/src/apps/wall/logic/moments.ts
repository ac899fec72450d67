// Moments and spans as the wall shows them: Beijing time with seconds, whatever this machine's clock and zone say.
const ZONE = "Asia/Shanghai";

export function clock(at: string | number, language: string, seconds = true): string {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return String(at);
  const form = { timeZone: ZONE, hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  return new Intl.DateTimeFormat(language, seconds ? { ...form, second: "2-digit" } : form).format(moment);
}

export function dayAndClock(at: string, language: string): string {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return at;
  const day = new Intl.DateTimeFormat(language, { timeZone: ZONE, month: "2-digit", day: "2-digit" }).format(moment);
  return `${day} ${clock(at, language, false)}`;
}

/** "1:02:03" or "2:03"; never less than nothing. */
export function span(milliseconds: number): string {
  const whole = Math.max(0, Math.floor(milliseconds / 1_000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3_600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
