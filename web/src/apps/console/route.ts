// Where in the console a visitor is, in the part of the address behind `#`: it never reaches a server.
import type { Ref } from "vue";
import { useHash } from "../../ui/hash.ts";

export const SCREENS = ["queue", "appointments", "centres", "terminals", "accounts"] as const;
export type Screen = (typeof SCREENS)[number];
export type Route =
  | { readonly view: Screen }
  | { readonly view: "draw" | "booking"; readonly id: string }
  | { readonly view: "centre"; readonly id: string };

const DRAW = /^drw_[0-9a-z]{1,64}$/;
const SITE = /^[a-z0-9][a-z0-9_.:-]{0,63}$/;

export function readRoute(hash: string): Route {
  const [view, id = "", part] = hash.replace(/^#\/?/, "").split("/");
  if (view === "draws" && DRAW.test(id)) return { view: part === "booking" ? "booking" : "draw", id };
  if (view === "centres" && SITE.test(id)) return { view: "centre", id };
  return { view: SCREENS.find((one) => one === view) ?? "queue" };
}

export function hashOf(route: Route): string {
  switch (route.view) {
    case "draw":
      return `#/draws/${route.id}`;
    case "booking":
      return `#/draws/${route.id}/booking`;
    case "centre":
      return `#/centres/${route.id}`;
    default:
      return route.view === "queue" ? "#/" : `#/${route.view}`;
  }
}

export const useRoute = (): Readonly<Ref<Route>> => useHash(readRoute);
