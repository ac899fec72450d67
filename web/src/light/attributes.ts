// What an element is given: its class, its listeners, its properties and attributes, told apart as Vue tells them apart.
import type { Properties } from "./nodes.ts";

const RESERVED: ReadonlySet<string> = new Set(["key", "ref", "ref_key", "ref_for"]);
// Attributes that stand for yes and no (HTML) and are set as such, beside a property or because none has this name.
const SWITCHES: ReadonlySet<string> = new Set(["checked", "selected", "novalidate", "readonly", "formnovalidate", "allowfullscreen"]);
// Properties of some elements that cannot be set, or mean something else than the attribute.
const ATTRIBUTES: ReadonlySet<string> = new Set(["form", "list", "width", "height", "spellcheck", "draggable", "translate"]);
// What a person may change: the attribute is what it was to begin with.
const STATES: ReadonlySet<string> = new Set(["checked", "selected"]);
const LISTENER = /^on[^a-z]/;
// What `v-model` is told by is no event of the element.
const MODEL = "onUpdate:";

interface Listener {
  (event: Event): void;
  call_: (event: Event) => unknown;
}
type Heard = Element & { listeners_?: Record<string, Listener> };
/** What was handed over as a value, which an element keeps as words only. */
export type Valued = Element & { _value?: unknown; value?: unknown };

export function setProperties(element: Element, before: Properties, now: Properties): void {
  for (const name in before) if (!(name in now)) setProperty(element, name, undefined, before[name]);
  for (const name in now) if (name !== "value") setProperty(element, name, now[name], before[name]);
  // Last: what a value may be depends on the rest.
  if ("value" in now) setValue(element, now.value);
}

function setProperty(element: Element, name: string, now: unknown, before: unknown): void {
  if (RESERVED.has(name) || name.startsWith(MODEL) || (name !== "value" && Object.is(now, before))) return;
  if (LISTENER.test(name)) listen(element, name, now as Listener["call_"] | undefined);
  else if (name === "value") setValue(element, now);
  else if (name === "class") setClass(element, now);
  else if (name in element && !ATTRIBUTES.has(name)) {
    setOwn(element as unknown as Record<string, unknown>, name, now);
    if (STATES.has(name)) setAttribute(element, name, now);
  } else setAttribute(element, name, now);
}

function setClass(element: Element, now: unknown): void {
  if (now === null || now === undefined) element.removeAttribute("class");
  else element.className = String(now);
}

function setValue(element: Valued, now: unknown): void {
  if (element.tagName === "PROGRESS") return setOwn(element as unknown as Record<string, unknown>, "value", now);
  const words = now === null || now === undefined ? "" : String(now);
  const shown = element.tagName === "OPTION" ? (element.getAttribute("value") ?? "") : element.value;
  if (shown !== words || !("_value" in element)) element.value = words;
  setAttribute(element, "value", now);
  element._value = now;
}

function setOwn(element: Record<string, unknown>, name: string, now: unknown): void {
  const kind = typeof element[name];
  if (now === "" && kind === "boolean") element[name] = true;
  else if (now !== null && now !== undefined) element[name] = now;
  else {
    element[name] = kind === "boolean" ? false : kind === "number" ? 0 : "";
    if (kind !== "boolean") (element as unknown as Element).removeAttribute(name);
  }
}

function setAttribute(element: Element, name: string, now: unknown): void {
  const off = SWITCHES.has(name) && !now && now !== "";
  if (now === null || now === undefined || off) element.removeAttribute(name);
  else element.setAttribute(name, SWITCHES.has(name) ? "" : String(now));
}

function listen(element: Heard, name: string, now: Listener["call_"] | undefined): void {
  const all = (element.listeners_ ??= {});
  const event = name.slice(2).toLowerCase();
  const before = all[name];
  if (now && before) before.call_ = now;
  else if (now) element.addEventListener(event, (all[name] = listenerOf(now)));
  else if (before) {
    element.removeEventListener(event, before);
    delete all[name];
  }
}

/** Hears nothing of an event that was heard by others before it was there: the event itself may have brought it. */
function listenerOf(call: Listener["call_"]): Listener {
  const since = ++order;
  const listener: Listener = (event: Event & { heard_?: number }) => {
    event.heard_ ??= ++order;
    if (event.heard_ > since) listener.call_(event);
  };
  listener.call_ = call;
  return listener;
}
let order = 0;
