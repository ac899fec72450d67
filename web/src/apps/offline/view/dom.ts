// Building elements without markup strings, so that no text can become code (Trusted Types, strict content policy).

export type Child = Node | string | null;

export function element(tag: string, attributes: Readonly<Record<string, string>>, ...children: readonly Child[]): HTMLElement {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** A table with a caption for screen readers; cells may be nodes. */
export function table(caption: string, head: readonly string[], rows: readonly (readonly Child[])[]): HTMLElement {
  const header = element("tr", {}, ...head.map((word) => element("th", { scope: "col" }, word)));
  const lines = rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell))));
  const inner = element("table", {}, element("caption", { class: "qv-hidden" }, caption), element("thead", {}, header), element("tbody", {}, ...lines));
  return element("div", { class: "qv-scroll", tabindex: "0", role: "region", "aria-label": caption }, inner);
}

/** A closed section that the reader opens with click or key. */
export function details(summary: string, ...children: readonly Child[]): HTMLElement {
  return element("details", {}, element("summary", {}, summary), ...children);
}
