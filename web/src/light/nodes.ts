// What a compiled template calls to say what is to be shown. Templates are compiled for Vue, whose names these are; hints
// that only speed Vue up are not looked at.
import type { Instance } from "./components.ts";
import type { Cell } from "./cells.ts";

export type Properties = Readonly<Record<string, unknown>>;
export type Slots = Readonly<Record<string, (() => Shown[]) | undefined>>;

export interface Component {
  readonly props?: Readonly<Record<string, { readonly type?: unknown }>>;
  /** Takes whatever it is handed, as `attrs`. */
  readonly open?: boolean;
  readonly setup: (props: Properties, context: Context) => (context: Context, cache: unknown[]) => Shown;
}

export interface Context {
  readonly emit: (event: string, ...values: unknown[]) => void;
  readonly $emit: Context["emit"];
  readonly $slots: Slots;
  readonly attrs: () => Properties;
}

/** Called with the element, what it is given now and what it was given before. */
export type Hook = (element: never, told: { readonly value: unknown; readonly oldValue?: unknown }, shown: Shown) => void;
export type Moment = "created" | "mounted" | "beforeUpdate" | "updated" | "beforeUnmount";
export type Directive = { readonly [moment in Moment]?: Hook };

export interface Shown {
  readonly type: string | symbol | Component;
  readonly properties: Properties | null;
  readonly key: unknown;
  readonly ref: Cell<unknown> | null;
  readonly keyed: boolean;
  children: string | Shown[] | Slots | null;
  directives: readonly (readonly [Directive, unknown])[];
  /** The first node on the page; null until it is there. */
  node: Node | null;
  /** The last one, of a fragment. */
  last: Node | null;
  instance: Instance | null;
}

export const Fragment = Symbol();
export const Text = Symbol();
export const Comment = Symbol();

// The compiler's mark for a list whose entries have keys.
const KEYED = 128;

export function createVNode(type: Shown["type"], properties: Properties | null = null, children: Shown["children"] = null, flag = 0): Shown {
  const { key = null, ref = null } = (properties ?? {}) as { readonly key?: unknown; readonly ref?: Cell<unknown> | null };
  return { type, properties, key, ref, keyed: (flag & KEYED) > 0, children, directives: [], node: null, last: null, instance: null };
}
export { createVNode as createBlock, createVNode as createElementBlock, createVNode as createElementVNode };

export const createTextVNode = (text = " "): Shown => createVNode(Text, null, text);
export const createCommentVNode = (): Shown => createVNode(Comment, null, "");
export const openBlock = (): void => undefined;
export const withCtx = <T>(work: T): T => work;
export const defineComponent = <T>(component: T): T => component;

/** What stands on the page already is not put there twice: the compiler hands over the same again and again. */
export function fresh(one: Shown): Shown {
  if (one.node === null && one.instance === null) return one;
  const children = Array.isArray(one.children) ? [...one.children] : one.children;
  return { ...one, children, node: null, last: null, instance: null };
}

export function withDirectives(shown: Shown, all: readonly (readonly [Directive, unknown, ...unknown[]])[]): Shown {
  if (all.some((one) => one.length > 2)) throw new TypeError("a directive with an argument");
  return { ...shown, directives: all as unknown as Shown["directives"] };
}

export const renderSlot = (slots: Slots, name: string): Shown => createVNode(Fragment, { key: `_${name}` }, slots[name]?.() ?? []);

export function renderList<T>(source: number | Iterable<T> | null | undefined, show: (one: T, at: number) => Shown): Shown[] {
  if (typeof source === "number") return Array.from({ length: source }, (_, at) => show((at + 1) as T, at));
  return Array.from(source ?? [], show);
}

export const toDisplayString = (value: unknown): string =>
  value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);

export function normalizeClass(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(normalizeClass).filter(Boolean).join(" ");
  return Object.entries(value ?? {}).flatMap(([name, on]) => (on ? [name] : [])).join(" ");
}
