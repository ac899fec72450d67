// The part of vue-i18n that the room's page uses, for pages that must be light: texts by path, values in braces, a
// language that can be switched. The seat's build puts it in that module's place; names and behaviour are the same.
import { inject, ref, shallowReactive, type App, type Ref } from "vue";
import type { Language } from "./language.ts";

type Tree = { readonly [key: string]: string | Tree };

interface Texts {
  readonly locale: Ref<string>;
  readonly t: (path: string, values?: Readonly<Record<string, unknown>>) => string;
  readonly te: (path: string) => boolean;
}

interface Settings {
  readonly locale: Language;
  readonly fallbackLocale: Language;
  readonly messages: Readonly<Record<Language, object>>;
}

const KEY = Symbol("texts");

/** Values in their braces; one that is missing stays as it was written. */
export const filled = (words: string, values: Readonly<Record<string, unknown>>): string =>
  words.replace(/\{(\w+)\}/g, (all, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : all));

function found(tree: object | undefined, path: string): string | null {
  const end = path.split(".").reduce<unknown>((node, name) => (typeof node === "object" && node !== null && Object.hasOwn(node, name) ? (node as Tree)[name] : undefined), tree);
  return typeof end === "string" ? end : null;
}

export function createI18n(settings: Settings) {
  const locale = ref<string>(settings.locale);
  const messages = shallowReactive<Record<string, object>>({ ...settings.messages });
  const of = (path: string, language: string): string | null => found(messages[language], path);
  const texts: Texts = {
    locale,
    t: (path, values = {}) => filled(of(path, locale.value) ?? of(path, settings.fallbackLocale) ?? path, values),
    te: (path) => of(path, locale.value) !== null,
  };
  return {
    global: { locale, setLocaleMessage: (language: Language, words: object): void => void (messages[language] = words) },
    install: (app: App): void => {
      app.provide(KEY, texts);
    },
  };
}

export function useI18n(): Texts {
  const texts = inject<Texts | null>(KEY, null);
  if (texts === null) throw new Error("a page without texts");
  return texts;
}
