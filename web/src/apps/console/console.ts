// What every screen of the console shares: who asks, in which role, and where the end of a session is told.
import { inject, provide, ref, type InjectionKey, type Ref } from "vue";
import { Problem, Unreachable, type Caller } from "../../api/http.ts";
import type { Session } from "../../api/sessions.ts";
import { submissionFor, type Submission } from "../agency/logic/submission.ts";

export interface Console {
  readonly caller: Caller;
  readonly session: Session;
  /** Passes the answer on; the end of the session is told to the page and thrown on as well. */
  readonly guarded: <T>(asked: Promise<T>) => Promise<T>;
}

type Say = (key: string, values?: Record<string, unknown>) => string;

const CONSOLE: InjectionKey<Console> = Symbol("console");

export function provideConsole(caller: Caller, session: Session, ended: () => void): Console {
  const guarded = async <T>(asked: Promise<T>): Promise<T> => {
    try {
      return await asked;
    } catch (error) {
      if (error instanceof Problem && error.status === 401) ended();
      throw error;
    }
  };
  const made = { caller, session, guarded };
  provide(CONSOLE, made);
  return made;
}

export function useConsole(): Console {
  const found = inject(CONSOLE);
  if (found === undefined) throw new Error("outside a signed-in console");
  return found;
}

/** What went wrong, in the server's own words where it has any, every fault with it. */
export function sentences(error: unknown, t: Say): string[] {
  if (error instanceof Unreachable) return [t("page.problem.unreachable")];
  if (!(error instanceof Problem)) return [t("page.problem.other", { code: "page" })];
  return [error.title || t("page.problem.other", { code: error.code }), ...error.faults.map((fault) => fault.message)];
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
