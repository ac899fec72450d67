// The result view's words in both languages; the checks bring their own (`verify/checks.ts`).

import english from "../../../i18n/en/verification.ts";
import type { Words as Shape } from "../../../i18n/index.ts";
import type { Language } from "../../../i18n/language.ts";
import chinese from "../../../i18n/zh-CN/verification.ts";

export type Words = Shape<typeof chinese>;

export function wordsOf(language: Language): Words {
  return language === "en" ? english : chinese;
}
