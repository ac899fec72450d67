// Brings what is to be shown onto the page, and changes there only what has changed. Templates give the same places again
// and again, so places are compared one by one; lists with keys are compared by their keys, and nodes that stay stay the
// nodes they were, with focus and what was typed.
import { setProperties } from "./attributes.ts";
import { Instance } from "./components.ts";
import { Comment, createVNode, Fragment, fresh, Text, type Component, type Moment, type Shown } from "./nodes.ts";
import { planAfter, settle } from "./turns.ts";

/** Where something is put: into `within`, before `next`. */
interface Spot {
  readonly within: Node;
  readonly next: Node | null;
  readonly provided: Map<unknown, unknown>;
}

const firstNode = (one: Shown): Node => (one.instance ? firstNode(one.instance.shows as Shown) : (one.node as Node));
const lastNode = (one: Shown): Node => (one.instance ? lastNode(one.instance.shows as Shown) : (one.last ?? (one.node as Node)));
const same = (one: Shown, other: Shown): boolean => one.type === other.type && one.key === other.key;

function call(one: Shown, moment: Moment, before?: Shown): void {
  one.directives.forEach(([directive, value], at) => directive[moment]?.(one.node as never, { value, oldValue: before?.directives[at]?.[1] }, one));
}

function put(one: Shown, spot: Spot): void {
  if (typeof one.type === "object") return begin(one, spot);
  if (typeof one.type === "string") return putElement(one, one.type, spot);
  one.node = one.type === Comment ? document.createComment("") : document.createTextNode(one.type === Text ? (one.children as string) : "");
  spot.within.insertBefore(one.node, spot.next);
  if (one.type !== Fragment) return;
  one.last = document.createTextNode("");
  spot.within.insertBefore(one.last, spot.next);
  putAll(one, { ...spot, next: one.last });
}

function putAll(one: Shown, spot: Spot): void {
  const all = listOf(one);
  all.forEach((_, at) => put(own(all, at), spot));
}

const listOf = (one: Shown): Shown[] => (Array.isArray(one.children) ? one.children : []);
const own = (all: Shown[], at: number): Shown => (all[at] = fresh(all[at] as Shown));

function putElement(one: Shown, name: string, spot: Spot): void {
  const element = document.createElement(name);
  one.node = element;
  if (typeof one.children === "string") element.textContent = one.children;
  else putAll(one, { ...spot, within: element, next: null });
  call(one, "created");
  setProperties(element, {}, one.properties ?? {});
  spot.within.insertBefore(element, spot.next);
  if (one.ref !== null) one.ref.value = element;
  if (one.directives.length > 0) planAfter(() => call(one, "mounted"));
}

function begin(one: Shown, spot: Spot): void {
  if (one.ref !== null || one.directives.length > 0) throw new TypeError("a directive or a ref on a component");
  const instance = new Instance(one, spot.provided, again);
  one.instance = instance;
  instance.shows = fresh(instance.made());
  put(instance.shows, spot);
  instance.begun.forEach(planAfter);
}

/** A component is shown anew, where it stands. */
function again(instance: Instance): void {
  const before = instance.shows as Shown;
  const next = lastNode(before).nextSibling;
  instance.shows = change(before, instance.made(), { within: firstNode(before).parentNode as Node, next, provided: instance.provided });
}

function change(before: Shown, after: Shown, spot: Spot): Shown {
  const now = fresh(after);
  if (!same(before, now)) {
    const next = lastNode(before).nextSibling;
    remove(before);
    put(now, { ...spot, next });
    return now;
  }
  [now.node, now.last, now.instance] = [before.node, before.last, before.instance];
  if (now.instance) now.instance.take(now);
  else if (typeof now.type === "string") changeElement(before, now, spot);
  else if (now.type === Fragment) changeAll(before, now, { ...spot, within: (now.node as Node).parentNode as Node, next: now.last });
  else if (before.children !== now.children) (now.node as CharacterData).data = now.children as string;
  return now;
}

function changeElement(before: Shown, now: Shown, spot: Spot): void {
  const element = now.node as Element;
  call(now, "beforeUpdate", before);
  if (typeof now.children === "string") {
    if (typeof before.children !== "string") clear(before);
    if (before.children !== now.children) element.textContent = now.children;
  } else {
    if (typeof before.children === "string") element.textContent = "";
    changeAll(before, now, { ...spot, within: element, next: null });
  }
  setProperties(element, before.properties ?? {}, now.properties ?? {});
  if (now.directives.length > 0) planAfter(() => call(now, "updated", before));
}

function changeAll(before: Shown, now: Shown, spot: Spot): void {
  if (now.keyed) return changeKeyed(listOf(before), listOf(now), spot);
  const [old, all] = [listOf(before), listOf(now)];
  all.forEach((_, at) => {
    const was = old[at];
    if (was === undefined) put(own(all, at), spot);
    else all[at] = change(was, all[at] as Shown, spot);
  });
  old.slice(all.length).forEach(remove);
}

function changeKeyed(old: Shown[], all: Shown[], spot: Spot): void {
  const left = new Map(old.map((one) => [one.key, one]));
  const pairs = all.map((one) => {
    const was = left.get(one.key);
    if (was === undefined || !same(was, one)) return null;
    left.delete(one.key);
    return was;
  });
  old.filter((one) => !pairs.includes(one)).forEach(remove);
  let next = spot.next;
  for (let at = all.length - 1; at >= 0; at -= 1) {
    const was = pairs[at];
    if (was) {
      all[at] = change(was, all[at] as Shown, { ...spot, next });
      if (lastNode(all[at] as Shown).nextSibling !== next) move(all[at] as Shown, spot.within, next);
    } else put(own(all, at), { ...spot, next });
    next = firstNode(all[at] as Shown);
  }
}

function nodesOf(one: Shown): Node[] {
  const nodes = [firstNode(one)];
  for (const last = lastNode(one); nodes.at(-1) !== last; ) nodes.push(nodes.at(-1)?.nextSibling as Node);
  return nodes;
}

const move = (one: Shown, within: Node, next: Node | null): void => nodesOf(one).forEach((node) => within.insertBefore(node, next));

function remove(one: Shown): void {
  const nodes = nodesOf(one);
  end(one);
  for (const node of nodes) node.parentNode?.removeChild(node);
}

const clear = (one: Shown): void => listOf(one).forEach(end);

/** What goes is told so, with all that stands within it. */
function end(one: Shown): void {
  if (one.instance) {
    one.instance.end();
    return end(one.instance.shows as Shown);
  }
  if (one.ref !== null) one.ref.value = null;
  call(one, "beforeUnmount");
  clear(one);
}

interface App {
  readonly provide: (key: unknown, value: unknown) => App;
  readonly use: (plugin: { readonly install: (app: App) => void }) => App;
  readonly mount: (place: string | Element) => void;
}

export function createApp(component: Component, properties: Readonly<Record<string, unknown>> | null = null): App {
  const provided = new Map<unknown, unknown>();
  const app: App = {
    provide: (key, value) => (provided.set(key, value), app),
    use: (plugin) => (plugin.install(app), app),
    mount: (place) => {
      const within = typeof place === "string" ? document.querySelector(place) : place;
      if (within === null) throw new Error(`nothing here is ${String(place)}`);
      within.textContent = "";
      put(createVNode(component, properties), { within, next: null, provided });
      settle();
    },
  };
  return app;
}
