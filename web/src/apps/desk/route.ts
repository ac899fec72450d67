// Which screen of the desk is open, in the part of the address behind `#`: it never reaches a server. An arrival is
// named by its id there, never a person.
import type { Ref } from "vue";
import { useHash } from "../../ui/hash.ts";

export const SCREENS = ["check-in", "expected", "bookings", "seats", "relay", "tasks", "passes"] as const;
export type Screen = (typeof SCREENS)[number];
export interface Route {
  readonly screen: Screen;
  readonly arrival: string | null;
}

export function readRoute(hash: string): Route {
  const [screen, id] = hash.replace(/^#\/?/, "").split("/");
  const known = SCREENS.find((one) => one === screen) ?? "check-in";
  const arrival = known === "check-in" && id && /^arr_[0-9a-z]{1,64}$/.test(id) ? id : null;
  return { screen: known, arrival };
}

export const hashOf = (screen: Screen, arrival: string | null = null): string =>
  arrival === null ? `#/${screen}` : `#/${screen}/${arrival}`;

export const useRoute = (): Readonly<Ref<Route>> => useHash(readRoute);
