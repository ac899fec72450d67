// The caller that every view asks the server with. A refused key ends the session, whichever question found out.
import { inject, provide, type InjectionKey } from "vue";
import type { Caller } from "../../api/http.ts";
import { keyRefused } from "./problems.ts";

export interface Desk {
  readonly caller: Caller;
  /** Passes the answer on; a refused key signs out and is thrown on as well. */
  readonly guarded: <T>(asked: Promise<T>) => Promise<T>;
}

const DESK: InjectionKey<Desk> = Symbol("desk");

export function provideDesk(caller: Caller, refused: () => void): void {
  const guarded = async <T>(asked: Promise<T>): Promise<T> => {
    try {
      return await asked;
    } catch (error) {
      if (keyRefused(error)) refused();
      throw error;
    }
  };
  provide(DESK, { caller, guarded });
}

export function useDesk(): Desk {
  const desk = inject(DESK);
  if (desk === undefined) throw new Error("outside a signed-in page");
  return desk;
}
