// As much of a document as both runtimes ask for, in plain objects: what stands in it can be written out and compared.
// Like a browser's it refuses to insert before what is not there, and counts what is moved.

export class FakeNode {
  parentNode: FakeNode | null = null;
  childNodes: FakeNode[] = [];
  moves = 0;
  constructor(
    readonly nodeType: number,
    public data = "",
  ) {}

  get nextSibling(): FakeNode | null {
    const all = this.parentNode?.childNodes ?? [];
    return all[all.indexOf(this) + 1] ?? null;
  }
  get firstChild(): FakeNode | null {
    return this.childNodes[0] ?? null;
  }
  get nodeValue(): string {
    return this.data;
  }
  set nodeValue(data: string) {
    this.data = data;
  }
  set textContent(text: string) {
    for (const one of this.childNodes) one.parentNode = null;
    this.childNodes = [];
    if (text !== "") this.insertBefore(new FakeNode(3, text), null);
  }
  getRootNode(): object {
    return fakeDocument;
  }
  insertBefore(node: FakeNode, next: FakeNode | null): FakeNode {
    if (node.parentNode !== null) node.moves += 1;
    node.parentNode?.removeChild(node);
    const at = next === null ? this.childNodes.length : this.childNodes.indexOf(next);
    if (at < 0) throw new Error("before what is not here");
    this.childNodes.splice(at, 0, node);
    node.parentNode = this;
    return node;
  }
  removeChild(node: FakeNode): FakeNode {
    const at = this.childNodes.indexOf(node);
    if (at < 0) throw new Error("not a child");
    this.childNodes.splice(at, 1);
    node.parentNode = null;
    return node;
  }
}

export class FakeElement extends FakeNode {
  readonly attributes = new Map<string, string>();
  readonly heard = new Map<string, Set<(event: FakeEvent) => void>>();
  // Some properties of real elements, each with its kind.
  title = "";
  hidden = false;
  required = false;
  disabled = false;
  checked = false;
  muted = false;
  selected = false;
  private text = "";
  constructor(readonly tagName: string) {
    super(1);
  }
  get className(): string {
    return this.attributes.get("class") ?? "";
  }
  set className(value: string) {
    this.attributes.set("class", value);
  }
  get value(): string {
    return this.text;
  }
  set value(value: string) {
    this.text = String(value);
  }
  get options(): FakeElement[] {
    return this.childNodes.flatMap((one) => (one instanceof FakeElement && one.tagName === "OPTION" ? [one] : one instanceof FakeElement ? one.options : []));
  }
  get selectedIndex(): number {
    return this.options.findIndex((one) => one.selected);
  }
  set selectedIndex(at: number) {
    this.options.forEach((one, index) => (one.selected = index === at));
  }
  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }
  hasAttribute(name: string): boolean {
    return this.attributes.has(name);
  }
  setAttribute(name: string, value: string): void {
    this.attributes.set(name, String(value));
  }
  removeAttribute(name: string): void {
    this.attributes.delete(name);
  }
  addEventListener(event: string, listener: (event: FakeEvent) => void): void {
    this.heard.set(event, (this.heard.get(event) ?? new Set()).add(listener));
  }
  removeEventListener(event: string, listener: (event: FakeEvent) => void): void {
    this.heard.get(event)?.delete(listener);
  }
  dispatchEvent(event: FakeEvent): void {
    event.target ??= this;
    for (const one of [...(this.heard.get(event.type) ?? [])]) one(event);
    (this.parentNode as FakeElement | null)?.dispatchEvent?.(event);
  }
}

export class FakeEvent {
  target: FakeElement | null = null;
  defaultPrevented = false;
  key = "";
  constructor(readonly type: string) {}
  preventDefault(): void {
    this.defaultPrevented = true;
  }
}

export const fakeDocument = {
  activeElement: null,
  createElement: (name: string) => new FakeElement(name.toUpperCase()),
  createTextNode: (text: string) => new FakeNode(3, text),
  createComment: (text: string) => new FakeNode(8, text),
};

const PROPERTIES = ["title", "hidden", "required", "disabled", "checked", "muted", "selected", "value"] as const;

/** What stands here, marks and all; empty texts and comments, which nobody sees, are left out. */
export function written(node: FakeNode): string {
  const within = node.childNodes.map(written).join("");
  if (node.nodeType === 3) return node.data;
  if (!(node instanceof FakeElement)) return within;
  const name = node.tagName.toLowerCase();
  const attributes = [...node.attributes].sort().map(([key, value]) => ` ${key}="${value}"`);
  const properties = PROPERTIES.flatMap((key) => (node[key] ? [` .${key}=${String(node[key])}`] : []));
  return `<${name}${attributes.join("")}${properties.join("")}>${within}</${name}>`;
}
