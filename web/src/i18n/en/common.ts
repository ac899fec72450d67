import type { Words } from "../index.ts";
import type chinese from "../zh-CN/common.ts";

export default {
  product: "Qiantong",
  skip: "Skip to content",
  switchLanguage: "中文",
  switchLanguageHint: "切换到中文",
  mainNavigation: "Main navigation",
  footer: "The draw can be verified in public: anyone can compute the result again on their own device.",
} satisfies Words<typeof chinese>;
