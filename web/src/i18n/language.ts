// Which language a page speaks. Chinese unless the visitor chose otherwise; the choice travels in `?lang=` so that
// a shared address shows the same words, and is remembered where the browser allows it. No DOM in the pure part.
export const LANGUAGES = ["zh-CN", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

const KEY = "qiantong-language";

export const isLanguage = (value: unknown): value is Language => LANGUAGES.some((known) => known === value);

export function pickLanguage(search: string, remembered: string | null): Language {
  const asked = new URLSearchParams(search).get("lang");
  if (isLanguage(asked)) return asked;
  return isLanguage(remembered) ? remembered : "zh-CN";
}

export const otherLanguage = (language: Language): Language => (language === "en" ? "zh-CN" : "en");

export function startLanguage(): Language {
  return pickLanguage(window.location.search, readRemembered());
}

// Carries the choice into the document, the address and the browser's memory; reloads nothing.
export function applyLanguage(language: Language): void {
  document.documentElement.lang = language;
  const address = new URL(window.location.href);
  if (language === "zh-CN") address.searchParams.delete("lang");
  else address.searchParams.set("lang", language);
  try {
    window.history.replaceState(window.history.state, "", address);
    window.localStorage.setItem(KEY, language);
  } catch {
    // A page opened from disk may have neither history nor storage: the choice then lasts as long as the page.
  }
}

function readRemembered(): string | null {
  try {
    return window.localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
