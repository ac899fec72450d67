// What a page says of the act before, done or refused, in whatever language the page has by now.
import { computed, shallowRef, type ComputedRef } from "vue";

export type Words = () => string;

export interface Said {
  /** Empty while there is nothing to say. */
  readonly words: ComputedRef<string>;
  say(words: Words): void;
  hush(): void;
}

const NOTHING: Words = () => "";

export function useSaid(): Said {
  const told = shallowRef<Words>(NOTHING);
  return {
    words: computed(() => told.value()),
    say: (words) => void (told.value = words),
    hush: () => void (told.value = NOTHING),
  };
}
