// Where in the console a visitor is, in the part of the address behind `#`: it never reaches a server.
import { onScopeDispose, readonly, ref, type Ref } from "vue";

export type Route = { readonly view: "queue" } | { readonly view: "draw"; readonly id: string };

export function readRoute(hash: string): Route {
  const [view, id] = hash.replace(/^#\/?/, "").split("/");
  return view === "draws" && id && /^drw_[0-9a-z]{1,64}$/.test(id) ? { view: "draw", id } : { view: "queue" };
}

export const hashOf = (route: Route): string => (route.view === "draw" ? `#/draws/${route.id}` : "#/");

export function useRoute(): Readonly<Ref<Route>> {
  const route = ref<Route>(readRoute(window.location.hash));
  const follow = (): void => {
    route.value = readRoute(window.location.hash);
  };
  window.addEventListener("hashchange", follow);
  onScopeDispose(() => window.removeEventListener("hashchange", follow));
  return readonly(route) as Readonly<Ref<Route>>;
}
