// The caller that every view asks the server with. A refused key ends the session, whichever question found out.
import { inject, provide, ref, type InjectionKey, type Ref } from "vue";
import { listProjects } from "../../api/agency.ts";
import type { Caller } from "../../api/http.ts";
import { sectionKey } from "./logic/form.ts";
import { keyRefused } from "./problems.ts";

export interface Desk {
  readonly caller: Caller;
  /** Titles of the agency's sections by `sectionKey`, as far as they are known yet. */
  readonly titles: Ref<ReadonlyMap<string, string>>;
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
  const titles = ref<ReadonlyMap<string, string>>(new Map());
  // Ids do where titles may not be read.
  void guarded(listProjects(caller)).then(
    (listed) => {
      titles.value = new Map(listed.map((one) => [sectionKey(one.project, one.section), one.title]));
    },
    () => undefined,
  );
  provide(DESK, { caller, titles, guarded });
}

export function useDesk(): Desk {
  const desk = inject(DESK);
  if (desk === undefined) throw new Error("outside a signed-in page");
  return desk;
}
