// Where in the page a visitor is, in the part of the address behind `#`: it never reaches a server.
import type { Ref } from "vue";
import { useHash } from "../../ui/hash.ts";

export type Route =
  | { readonly view: "draws" }
  | { readonly view: "new" }
  | { readonly view: "draw"; readonly id: string };

export function readRoute(hash: string): Route {
  const [view, id] = hash.replace(/^#\/?/, "").split("/");
  if (view === "new") return { view };
  if (view === "draws" && id && /^drw_[0-9a-z]{1,64}$/.test(id)) return { view: "draw", id };
  return { view: "draws" };
}

export function hashOf(route: Route): string {
  if (route.view === "draw") return `#/draws/${route.id}`;
  return route.view === "new" ? "#/new" : "#/draws";
}

export const useRoute = (): Readonly<Ref<Route>> => useHash(readRoute);

export function go(route: Route): void {
  window.location.hash = hashOf(route);
}
