// The caller that every view asks the server with. A refused key ends the session, whichever question found out.
import { inject, provide, type InjectionKey } from "vue";
import type { Caller } from "../../api/http.ts";
import { guardBy, type Guard } from "../../ui/refusals.ts";
import { keyRefused } from "./problems.ts";

export interface Desk {
  readonly caller: Caller;
  /** A refused key signs out. */
  readonly guarded: Guard;
}

const DESK: InjectionKey<Desk> = Symbol("desk");

export function provideDesk(caller: Caller, refused: () => void): void {
  provide(DESK, { caller, guarded: guardBy(keyRefused, refused) });
}

export function useDesk(): Desk {
  const desk = inject(DESK);
  if (desk === undefined) throw new Error("outside a signed-in page");
  return desk;
}
