// Texts for the Vue pages. A page hands over its own texts; those in common/ are on every page. English must have
// exactly the shape of Chinese, which the types check.
import { createI18n } from "vue-i18n";
import enCommon from "./en/common.ts";
import { applyLanguage, startLanguage, type Language } from "./language.ts";
import zhCommon from "./zh-CN/common.ts";

// The same keys, any words.
export type Words<T> = { readonly [K in keyof T]: T[K] extends string ? string : Words<T[K]> };

export function createTexts<T extends object>(chinese: T, english: Words<T>) {
  const language = startLanguage();
  applyLanguage(language);
  return createI18n({
    legacy: false,
    locale: language as Language,
    fallbackLocale: "zh-CN" as const,
    messages: {
      "zh-CN": { ...zhCommon, page: chinese },
      en: { ...enCommon, page: english },
    },
  });
}
