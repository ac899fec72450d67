// What every screen of the console shares: who asks, in which role, and where the end of a session is told.
import { inject, provide, ref, type InjectionKey, type Ref } from "vue";
import { findAccounts } from "../../api/accounts.ts";
import { Unreachable, type Caller } from "../../api/http.ts";
import type { Session } from "../../api/sessions.ts";
import { guardBy, sentences, sessionEnded, type Guard, type Say } from "../../ui/refusals.ts";
import { loginNames } from "./logic/persons.ts";
import { submissionFor, type Submission } from "../agency/logic/submission.ts";

export { sentences };

export interface Console {
  readonly caller: Caller;
  readonly session: Session;
  readonly guarded: Guard;
  /** The login name of an account's id. */
  readonly called: (id: string) => string;
}

const CONSOLE: InjectionKey<Console> = Symbol("console");

export function provideConsole(caller: Caller, session: Session, ended: () => void): Console {
  const made = { caller, session, guarded: guardBy(sessionEnded, ended), called: loginNames((ids) => findAccounts(caller, ids)) };
  provide(CONSOLE, made);
  return made;
}

export function useConsole(): Console {
  const found = inject(CONSOLE);
  if (found === undefined) throw new Error("outside a signed-in console");
  return found;
}

export interface Act {
  readonly busy: Ref<boolean>;
  readonly problems: Ref<readonly string[]>;
  /** Runs one act at a time; whether it was done. The same content asked again carries the same key. */
  readonly run: (content: unknown, work: (key: string) => Promise<void>) => Promise<boolean>;
}

export function useAct(t: Say): Act {
  const busy = ref(false);
  const problems = ref<readonly string[]>([]);
  let submission: Submission | null = null;
  async function run(content: unknown, work: (key: string) => Promise<void>): Promise<boolean> {
    if (busy.value) return false;
    busy.value = true;
    problems.value = [];
    submission = submissionFor(JSON.stringify(content), submission);
    try {
      await work(submission.key);
      submission = null;
      return true;
    } catch (error) {
      // A refusal ends the attempt; without an answer the same key asks for the same act again.
      if (!(error instanceof Unreachable)) submission = null;
      problems.value = sentences(error, t);
      return false;
    } finally {
      busy.value = false;
    }
  }
  return { busy, problems, run };
}
