// The signed-in key: it lives in this tab's sessionStorage and in no address, and ends with the tab.
import { ref, readonly } from "vue";

const PLACE = "qiantong-agency-key";

export type Ended = "refused" | "left" | null;

const key = ref<string | null>(stored());
const ended = ref<Ended>(null);

/** A pasted key without the blanks that pasting brings; null when it cannot be one. */
export function readKey(typed: string): string | null {
  const trimmed = typed.replace(/\s+/g, "");
  return /^qt_[a-z]+_[0-9a-z]+_[0-9a-f]+$/.test(trimmed) && trimmed.length <= 256 ? trimmed : null;
}

export function useSession() {
  return { key: readonly(key), ended: readonly(ended), begin, end };
}

function begin(accepted: string): void {
  ended.value = null;
  key.value = accepted;
  try {
    window.sessionStorage.setItem(PLACE, accepted);
  } catch {
    // Without storage the key lasts until the page is left.
  }
}

function end(why: Ended): void {
  ended.value = why;
  key.value = null;
  try {
    window.sessionStorage.removeItem(PLACE);
  } catch {
    // Nothing was stored.
  }
}

function stored(): string | null {
  try {
    return window.sessionStorage.getItem(PLACE);
  } catch {
    return null;
  }
}
