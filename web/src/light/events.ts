// What a template says of an event besides its name: `@submit.prevent`, `@keydown.space`.

type Listener = (event: Event, ...values: unknown[]) => unknown;

const MODIFIERS: Readonly<Record<string, (event: Event) => unknown>> = {
  prevent: (event) => event.preventDefault(),
  stop: (event) => event.stopPropagation(),
};
const KEYS: Readonly<Record<string, string>> = { space: " ", enter: "enter" };

function known<T>(table: Readonly<Record<string, T>>, name: string): T {
  const found = table[name];
  if (found === undefined) throw new TypeError(`not known here: ${name}`);
  return found;
}

export function withModifiers(listener: Listener, names: readonly string[]): Listener {
  const works = names.map((name) => known(MODIFIERS, name));
  return (event, ...values) => (works.forEach((work) => work(event)), listener(event, ...values));
}

export function withKeys(listener: Listener, names: readonly string[]): Listener {
  const keys = names.map((name) => known(KEYS, name));
  return (event, ...values) => (keys.includes((event as KeyboardEvent).key.toLowerCase()) ? listener(event, ...values) : undefined);
}
