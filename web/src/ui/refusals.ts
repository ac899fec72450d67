// What the signed-in pages make of an answer that is a refusal: its sentences, and the end of the session.
import { Problem, Unreachable } from "../api/http.ts";

export type Say = (key: string, values?: Record<string, unknown>) => string;
/** Passes the answer on; the end of the session is told to the page and thrown on as well. */
export type Guard = <T>(asked: Promise<T>) => Promise<T>;

export function guardBy(isEnd: (error: unknown) => boolean, ended: () => void): Guard {
  return async (asked) => {
    try {
      return await asked;
    } catch (error) {
      if (isEnd(error)) ended();
      throw error;
    }
  };
}

export const sessionEnded = (error: unknown): boolean => error instanceof Problem && error.status === 401;

/** What went wrong, in the server's own words where it has any, every fault with it. */
export function sentences(error: unknown, t: Say): string[] {
  if (error instanceof Unreachable) return [t("page.problem.unreachable")];
  if (!(error instanceof Problem)) return [t("page.problem.other", { code: "page" })];
  return [error.title || t("page.problem.other", { code: error.code }), ...error.faults.map((fault) => fault.message)];
}
