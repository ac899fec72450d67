// Texts of a page that must be light: Chinese comes with it, English when somebody asks for it. Until it is here, and
// where it cannot be had, the words stay Chinese.
import { watch } from "vue";
import enCommon from "./en/common.ts";
import { createTexts, type Words } from "./index.ts";

export async function createLazyTexts<T extends object>(chinese: T, english: () => Promise<Words<T>>) {
  const texts = createTexts(chinese, chinese as Words<T>);
  let asked: Promise<void> | null = null;
  const follow = async (language: string): Promise<void> => {
    if (language !== "en") return;
    asked ??= english().then((page) => texts.global.setLocaleMessage("en", { ...enCommon, page } as never));
    // Asked anew at the next switch.
    await asked.catch(() => (asked = null));
  };
  await follow(texts.global.locale.value);
  watch(texts.global.locale, follow);
  return texts;
}
