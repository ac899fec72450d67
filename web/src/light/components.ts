// A component on the page: what it was handed, what it made of it, what is to be undone when it goes. Only what the
// component declares is handed to it; anything else is a mistake and is said.
import { Cell, Derived, Reader, shallowReactive } from "./cells.ts";
import { createCommentVNode, createVNode, type Component, type Context, type Properties, type Shown, type Slots } from "./nodes.ts";
import { drop, plan, safely, soundly, type Job } from "./turns.ts";

type Provided = Map<unknown, unknown>;
type Made = ReturnType<Component["setup"]>;

const LISTENER = /^on[^a-z]/;
const RESERVED: ReadonlySet<string> = new Set(["key", "ref", "ref_key", "ref_for"]);
let places = 0;
let current: Instance | null = null;

const camel = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
const truth = (type: unknown): boolean => type === Boolean || (Array.isArray(type) && type.includes(Boolean));
const cast = (value: unknown, type: unknown): unknown => (truth(type) && (value === undefined || value === "") ? value === "" : value);

export class Instance {
  readonly place = (places += 1);
  readonly begun: (() => void)[] = [];
  readonly undo: (() => void)[] = [];
  /** What it shows now. */
  shows: Shown | null = null;
  private readonly component: Component;
  private readonly handed: Record<string, unknown> = shallowReactive({});
  private readonly cache: unknown[] = [];
  private readonly context: Context;
  private readonly make: Made;
  private readonly job: Job;
  private readonly reader: Reader;

  constructor(private given: Shown, readonly provided: Provided, again: (one: Instance) => void) {
    this.component = given.type as Component;
    this.job = { place: this.place, run: () => again(this) };
    this.reader = new Reader(() => plan(this.job));
    this.context = this.contextOf();
    this.hand(given.properties ?? {});
    this.make = within(this, () => soundly(() => this.component.setup(this.handed, this.context), () => createCommentVNode));
  }

  /** Made anew, and told when it is to be made anew again. */
  made(): Shown {
    return this.reader.run(() => soundly(() => this.make(this.context, this.cache), createCommentVNode));
  }

  /** Is handed what the outer component hands it now. */
  take(given: Shown): void {
    this.given = given;
    this.hand(given.properties ?? {});
    // What stands between its tags shows what the outer component knows.
    if (given.children !== null || this.component.open) plan(this.job);
  }

  end(): void {
    drop(this.job);
    this.reader.forget();
    this.undo.forEach(safely);
  }

  private hand(properties: Properties): void {
    const declared = this.component.props ?? {};
    const told = Object.fromEntries(Object.entries(properties).map(([name, value]) => [camel(name), value]));
    const known = (name: string): boolean => camel(name) in declared || LISTENER.test(name) || RESERVED.has(name) || this.component.open === true;
    for (const name in properties) if (!known(name)) throw new TypeError(`not declared: ${name}`);
    for (const name in declared) this.handed[name] = cast(told[name], declared[name]?.type ?? declared[name]);
  }

  private contextOf(): Context {
    const emit: Context["emit"] = (event, ...values) => {
      const heard = this.given.properties?.[camel(`on-${event}`)];
      if (typeof heard === "function") heard(...values);
    };
    const slots = (): Slots => (this.given.children ?? {}) as Slots;
    return { emit, $emit: emit, attrs: () => this.given.properties ?? {}, get $slots() { return slots(); } };
  }
}

function within<T>(instance: Instance, work: () => T): T {
  const before = current;
  current = instance;
  try {
    return work();
  } finally {
    current = before;
  }
}

export const onMounted = (work: () => unknown): void => void current?.begun.push(work);
export const onScopeDispose = (work: () => void): void => void current?.undo.push(work);

export function computed<T>(make: () => T): Derived<T> {
  const derived = new Derived(make);
  onScopeDispose(() => derived.rest());
  return derived;
}

export type Source<T> = { readonly value: T } | (() => T);
export type Watcher<T> = (now: T, before: T | undefined) => unknown;

/** Calls back after `source` came to give something else, before the component shows it. */
export function watch<T>(source: Source<T>, call: Watcher<T>, { immediate = false }: { readonly immediate?: boolean } = {}): () => void {
  const look = (): T => reader.run(() => (typeof source === "function" ? source() : source.value));
  // Just before its component; outside of one, first of all.
  const job: Job = { place: (current?.place ?? 1) - 0.5, run: () => tell(look()) };
  const reader = new Reader(() => plan(job));
  let seen: T | undefined;
  const tell = (now: T): void => {
    if (Object.is(now, seen)) return;
    const before = seen;
    seen = now;
    call(now, before);
  };
  const begin = look();
  seen = begin;
  if (immediate) call(begin, undefined);
  const stop = (): void => (drop(job), reader.forget());
  onScopeDispose(stop);
  return stop;
}

export function inject<T>(key: unknown, otherwise: T): T {
  return current?.provided.has(key) ? (current.provided.get(key) as T) : otherwise;
}

/** A component that is fetched when it is first shown; when that fails, the next showing tries anew. */
export function defineAsyncComponent(fetched: () => Promise<{ readonly default: unknown }>): Component {
  const found = new Cell<Component | null>(null);
  let asked: Promise<void> | null = null;
  const failed = (error: unknown): void => {
    asked = null;
    reportError(error);
  };
  const show = (handed: Properties): Shown => (found.value === null ? createCommentVNode() : createVNode(found.value, handed));
  const setup: Component["setup"] = (_, { attrs }) => {
    asked ??= fetched().then((one) => void (found.value = one.default as Component)).catch(failed);
    return () => show(attrs());
  };
  return { open: true, setup };
}
