// Login names in place of account ids: what is shown of one moment is asked for at once, each id once.
import { reactive } from "vue";

export const MOST_IDS = 20;

export interface Named {
  readonly id: string;
  readonly login: string;
}

type Find = (ids: readonly string[]) => Promise<readonly Named[]>;

/** Reads an id as its login name, as soon as that is known; the id itself until then, and where nobody has it. */
export function loginNames(find: Find): (id: string) => string {
  const known = reactive(new Map<string, string>());
  const asked = new Set<string>();
  let waiting: string[] = [];

  async function ask(): Promise<void> {
    const ids = waiting;
    waiting = [];
    for (let first = 0; first < ids.length; first += MOST_IDS) {
      // An answer that does not come leaves the ids as they are: they still tell two persons apart.
      const found = await find(ids.slice(first, first + MOST_IDS)).catch(() => []);
      for (const one of found) known.set(one.id, one.login);
    }
  }

  return (id) => {
    if (id.startsWith("usr_") && !asked.has(id)) {
      asked.add(id);
      if (waiting.push(id) === 1) queueMicrotask(() => void ask());
    }
    return known.get(id) ?? id;
  };
}
