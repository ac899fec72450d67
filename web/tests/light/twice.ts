// The same components on Vue itself and on what stands in its place for the seat: compiled once by Vue's own compiler,
// each with its own document, changed in the same way.
import { compileScript, parse } from "vue/compiler-sfc";
import { expect, vi } from "vitest";
import { FakeElement, FakeEvent, FakeNode, fakeDocument, written } from "./document.ts";

export interface Runtime {
  readonly [name: string]: unknown;
  readonly ref: (value: unknown) => { value: unknown };
  readonly nextTick: () => Promise<void>;
  readonly createApp: (root: unknown, properties?: object) => { mount: (place: unknown) => void };
}
export type Modules = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

// Vue tells by the clock whether a listener is older than an event.
let clock = Date.parse("2026-03-02T09:00:00Z");
export const later = (): void => void vi.setSystemTime((clock += 10));

/** Both runtimes, found once there is a document for them. */
export async function runtimes(): Promise<{ readonly vue: Runtime; readonly light: Runtime }> {
  vi.useFakeTimers({ toFake: ["Date"], now: clock });
  const none = class {};
  const createEvent = (): FakeEvent & { initEvent: (type: string) => void } => Object.assign(new FakeEvent(""), { initEvent(this: { type: string }, type: string) { this.type = type; } });
  vi.stubGlobal("document", { ...fakeDocument, createEvent });
  vi.stubGlobal("window", {});
  for (const name of ["SVGElement", "MathMLElement", "Element", "Document", "ShadowRoot"]) vi.stubGlobal(name, none);
  vi.stubGlobal("Event", FakeEvent);
  const [vue, light] = await Promise.all([import("vue"), import("../../src/light/index.ts")]);
  return { vue: vue as unknown as Runtime, light: light as unknown as Runtime };
}

/** A component as a build for the server makes it, on one runtime. */
export function component(source: string, runtime: Runtime, modules: Modules = {}): unknown {
  const { descriptor, errors } = parse(source);
  if (errors.length > 0) throw errors[0];
  const { content } = compileScript(descriptor, { id: "one", inlineTemplate: true, isProd: true });
  const body = content
    .replace(/import \{([^}]*)\} from ['"]([^'"]+)['"]/g, (_, names: string, from: string) => `const {${names.replace(/ as /g, ": ")}} = modules[${JSON.stringify(from)}]`)
    .replace("export default", "return");
  return new Function("modules", body)({ vue: runtime, ...modules });
}

export interface Stage {
  readonly place: FakeElement;
  readonly html: () => string;
  readonly find: (id: string) => FakeElement;
  readonly settle: () => Promise<void>;
}

export function stage(runtime: Runtime, root: unknown, properties: object = {}): Stage {
  const place = new FakeElement("main".toUpperCase());
  runtime.createApp(root, properties).mount(place);
  const all = (node: FakeNode): FakeNode[] => [node, ...node.childNodes.flatMap(all)];
  const find = (id: string): FakeElement => {
    const found = all(place).find((one) => one instanceof FakeElement && (one as FakeElement & { id?: string }).getAttribute("id") === id);
    if (found === undefined) throw new Error(`no ${id} in ${written(place)}`);
    return found as FakeElement;
  };
  return { place, html: () => place.childNodes.map(written).join(""), find, settle: () => runtime.nextTick() };
}

export function fire(element: FakeElement, type: string, more: object = {}): FakeEvent {
  const event = Object.assign(new FakeEvent(type), more);
  element.dispatchEvent(event);
  return event;
}

export interface Side {
  readonly name: string;
  readonly runtime: Runtime;
  readonly stage: Stage;
  readonly state: Record<string, { value: unknown }>;
  readonly calls: string[];
}

export type Parts = Readonly<Record<string, string>>;
export type State = () => Record<string, unknown>;

interface Told {
  readonly value: unknown;
  readonly oldValue?: unknown;
}

/** Says when it comes, goes and is told something new; how often it is told the same is a runtime's own affair. */
function directive(log: (what: string) => void): Record<string, (element: unknown, told: Told) => void> {
  const plain = ["created", "mounted", "beforeUnmount"].map((moment) => [moment, (_: unknown, { value }: Told) => log(`${moment} ${String(value)}`)]);
  const changing = ["beforeUpdate", "updated"].map((moment) => [moment, (_: unknown, { value, oldValue }: Told) => value !== oldValue && log(`${moment} ${String(oldValue)} ${String(value)}`)]);
  return Object.fromEntries([...plain, ...changing]) as ReturnType<typeof directive>;
}

/** Two stages with the same components and a state of their own. The last part is the whole. */
export async function sides(parts: Parts, initial: State): Promise<Side[]> {
  return Object.entries(await runtimes()).map(([name, runtime]) => {
    const calls: string[] = [];
    const state = Object.fromEntries(Object.entries(initial()).map(([key, value]) => [key, (runtime.shallowRef as Runtime["ref"])(value)]));
    const log = (what: string): void => void calls.push(what);
    const modules: Record<string, Modules[string]> = { world: { ...state, vLog: directive(log), log } };
    let last: unknown;
    for (const [part, source] of Object.entries(parts)) {
      last = component(source, runtime, modules);
      modules[part] = { [part]: last };
    }
    return { name, runtime, stage: stage(runtime, last), state, calls };
  });
}

export async function alike(all: readonly Side[]): Promise<string> {
  for (const one of all) await one.stage.settle();
  const [page = "", ...others] = all.map((one) => one.stage.html());
  for (const other of others) expect(other).toBe(page);
  return page;
}

export async function set(all: readonly Side[], key: string, make: () => unknown): Promise<string> {
  later();
  for (const one of all) (one.state[key] as { value: unknown }).value = make();
  return alike(all);
}
